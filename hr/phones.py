"""Telephone numbers: stored as E.164 (`+584121234567`), shown with spaces."""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumberFormat

from core.errors import DomainError
from hr.countries import DEFAULT_COUNTRY


class InvalidPhone(DomainError):
    """The value is no telephone number of its country."""


def normalize_phone(value: object, country: str = DEFAULT_COUNTRY) -> str:
    """E.164 of a number as people write it or a spreadsheet stores it; '' for a blank value.

    A number without `+` or `00` is one of `country`. An extension is kept behind it: `+582125551234;ext=12`.
    Raises InvalidPhone.
    """
    text = _as_text(value)
    if not text:
        return ""
    if plain := _plain(text, country):
        return plain
    if stored := _normalized.get((text, country)):
        return stored
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        raise _invalid(text, country) from None
    if not phonenumbers.is_valid_number(number):
        raise _invalid(text, country)
    stored = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if number.extension:
        stored = f"{stored};ext={number.extension}"
    _remember(text, country, stored)
    return stored


def _plain(text: str, country: str) -> str:
    """E.164 of a number written the usual way, '' for every other one: the library takes thirty times as long.

    The usual way are digits with single blanks or dashes between, behind the country's number or behind its 0, in
    countries that share their number with no other and write a 0 before it at home.
    """
    plan = _plan_of(country)
    if plan is None or not (match := _USUAL.fullmatch(text)):
        return ""
    digits = match[0].replace(" ", "").replace("-", "")
    if digits.startswith(plan.abroad):
        number = digits[len(plan.abroad) :]
    elif digits[0] == "0":
        number = digits[1:]
    else:
        return ""
    return f"{plan.abroad}{number}" if plan.valid.fullmatch(number) else ""


class _Plan(NamedTuple):
    """How the numbers of a country begin abroad, and what is one of its numbers behind that."""

    abroad: str
    valid: re.Pattern[str]


@cache
def _plan_of(country: str) -> _Plan | None:
    """None for a country whose numbers are written in ways of its own."""
    found = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    if (
        found is None
        or found.country_code is None
        or found.national_prefix_for_parsing != "0"
        or found.national_prefix_transform_rule
    ):
        return None
    if len(phonenumbers.region_codes_for_country_code(found.country_code)) > 1:
        return None
    kinds = (found.fixed_line, found.mobile, found.toll_free, found.premium_rate, found.shared_cost, found.voip,
             found.personal_number, found.pager, found.uan, found.voicemail)  # fmt: skip
    known = [kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern]
    general = found.general_desc.national_number_pattern
    # None begins with a 0, which some countries keep abroad.
    valid = re.compile(rf"(?!0)(?=(?:{general})\Z)(?:{'|'.join(known)})")
    return _Plan(f"+{found.country_code}", valid)


_USUAL = re.compile(r"\+?[0-9]+(?:[ -][0-9]+)*")

# A form reads a number to check it, and the service once more in its stored form; a file repeats those of its units.
_normalized: dict[tuple[str, str], str] = {}
_REMEMBERED = 5_000


def _remember(text: str, country: str, stored: str) -> None:
    if len(_normalized) >= _REMEMBERED:
        _normalized.clear()
    _normalized[text, country] = _normalized[stored, country] = stored


def display_phone(stored: str) -> str:
    """A stored number for reading, `+58 412-1234567`; whatever is no number is returned as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(stored), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return stored


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _invalid(text: str, country: str) -> InvalidPhone:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if country == DEFAULT_COUNTRY or example is None:
        national, international = "0412-1234567", "+58 412 1234567"
    else:
        national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
        international = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
    return InvalidPhone(
        _("%(value)s is not a telephone number. Write it like %(national)s or %(international)s.")
        % {"value": f"«{text}»", "national": national, "international": international}
    )
