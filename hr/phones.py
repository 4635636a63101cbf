"""Telephone numbers: stored as E.164 (`+584121234567`), shown with spaces."""

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


# A load reads each number for the preview, again before it writes, and the service once more in its stored form.
_normalized: dict[tuple[str, str], str] = {}
_REMEMBERED = 100_000


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
