"""How one cell is read and written. `clean` raises ValueError; its text says what is wrong and what to do, and `cause`
names that in a word, by which equal faults of a file are told together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from import_export.widgets import Widget

from core.errors import DomainError
from core.text import fold
from hr.countries import DEFAULT_COUNTRY, parse_country
from hr.identifiers import normalize_national_id
from hr.phones import normalize_phone

_WHOLE = re.compile(r"[0-9]{1,9}")
_YEAR_FIRST = re.compile(r"(\d{4})([/.-]|(?=\d{4}\b))(\d{1,2})\2(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 00:00(?::00)?)?")
_IN_WORDS = re.compile(r"(\d{1,2})[ /.-](?:de )?([a-z]{3,10})\.?[ /.-](?:del? )?(\d{4})")
_MONTHS = {
    "ene": 1, "jan": 1, "feb": 2, "mar": 3, "abr": 4, "apr": 4, "may": 5, "jun": 6, "jul": 7, "ago": 8, "aug": 8,
    "sep": 9, "set": 9, "oct": 10, "nov": 11, "dic": 12, "dec": 12,
}  # fmt: skip
_WITH_TIME = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[T ]+\d{1,2}:\d{2}.*")
_SHORT_YEAR = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}")


_PLAIN_NAME = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
MOST_DOMAINS = 1000


class TextWidget(Widget):
    """One line of text, at most `longest` characters."""

    cause = "long"

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.longest = longest

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> Any:
        text = " ".join(str(value).split())
        if len(text) > self.longest:
            raise ValueError(
                _("Too long: %(length)d characters, at most %(limit)d fit. Shorten it.")
                % {"length": len(text), "limit": self.longest}
            )
        return text


class CodeWidget(TextWidget):
    """Codes are kept in upper case."""

    def __init__(self) -> None:
        super().__init__(longest=32)

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> str:
        return super().clean(value).upper()


class EmailWidget(TextWidget):
    cause = "email"

    def __init__(self) -> None:
        super().__init__(longest=254)
        self._domains: set[str] = set()

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> str:
        address = super().clean(value).lower().removeprefix("mailto:")
        # Whose domain was valid before, and whose name is plain: the validator takes ten times as long.
        name, at, domain = address.rpartition("@")
        if at and domain in self._domains and _PLAIN_NAME.fullmatch(name):
            return address
        try:
            validate_email(address)
        except ValidationError:
            raise ValueError(
                _("%(value)s is not an e-mail address. Write it like ana.perez@example.com.") % {"value": f"«{value}»"}
            ) from None
        if len(self._domains) < MOST_DOMAINS:
            self._domains.add(domain)
        return address


class NumberWidget(Widget):
    """A whole number from `least` to `most`."""

    cause = "number"

    def __init__(self, least: int, most: int) -> None:
        super().__init__()
        self.least, self.most = least, most

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> int:
        text = str(value)
        if not _WHOLE.fullmatch(text) or not self.least <= int(text) <= self.most:
            raise ValueError(
                _("%(value)s is not a number from %(least)d to %(most)d. Correct it.")
                % {"value": f"«{text}»", "least": self.least, "most": self.most}
            )
        return int(text)

    def render(self, value: int | None, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(value)


class DateWidget(Widget):
    """A day: a date cell, 31/12/2024, 2024-12-31, 31-dic-2024, or with `date_order` "mdy" 12/31/2024."""

    cause = "date"

    def clean(self, value: object, row: Any = None, *, date_order: str = "dmy", **kwargs: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return self._in_range(value, value.isoformat())
        text = str(value)
        if len(text) == 10 and text[4] == text[7] == "-":
            with suppress(ValueError):
                return self._in_range(date.fromisoformat(text), text)
        year, month, day = self._parts(text, month_first=date_order == "mdy")
        try:
            found = date(year, month, day)
        except ValueError:
            raise ValueError(
                _("%(value)s is no day of the calendar. Correct it; write day, month and year like 31/12/2024.")
                % {"value": f"«{text}»"}
            ) from None
        return self._in_range(found, text)

    def render(self, value: date | None, obj: Any = None, **kwargs: Any) -> str:
        return value.isoformat() if value else ""

    @staticmethod
    def _parts(text: str, *, month_first: bool) -> tuple[int, int, int]:
        """Year, month and day."""
        if match := _YEAR_LAST.fullmatch(text):
            first, second, year = map(int, match.groups())
            return (year, first, second) if month_first else (year, second, first)
        if match := _YEAR_FIRST.fullmatch(text):
            return int(match[1]), int(match[3]), int(match[4])
        if (match := _IN_WORDS.fullmatch(fold(text))) and (month := _MONTHS.get(match[2][:3])):
            return int(match[3]), month, int(match[1])
        if _WITH_TIME.fullmatch(text):
            message = _("%(value)s has a time of day. Write the day alone, like 31/12/2024.")
        elif _SHORT_YEAR.fullmatch(text):
            message = _("%(value)s has a year of two digits. Write four, like 31/12/2024.")
        else:
            message = _("%(value)s is not a date. Write day, month and year like 31/12/2024 or 2024-12-31.")
        raise ValueError(message % {"value": f"«{text}»"})

    @staticmethod
    def _in_range(day: date, text: str) -> date:
        if not 1900 <= day.year <= 2200:
            raise ValueError(_("%(value)s lies outside the years 1900 to 2200. Correct it.") % {"value": f"«{text}»"})
        return day


class CountryWidget(Widget):
    cause = "country"

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> str:
        try:
            return parse_country(str(value))
        except DomainError as error:
            raise ValueError(str(error)) from None


class OfCountryWidget(Widget):
    """A value that each country writes in its own way."""

    def clean(self, value: object, row: Any = None, *, country: str = DEFAULT_COUNTRY, **kwargs: Any) -> str:
        try:
            return self.normalize(value, country)
        except DomainError as error:
            raise ValueError(str(error)) from None

    def normalize(self, value: object, country: str) -> str:
        raise NotImplementedError


class NationalIdWidget(OfCountryWidget):
    cause = "national_id"

    def normalize(self, value: object, country: str) -> str:
        return normalize_national_id(country, value)


class PhoneWidget(OfCountryWidget):
    cause = "phone"

    def normalize(self, value: object, country: str) -> str:
        return normalize_phone(value, country)


class ChoiceWidget(Widget):
    """One of a few words, in both languages whichever is active: `words` maps each value to what people write."""

    cause = "choice"

    def __init__(self, words: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.words = words
        self.values = {fold(word): value for value, spellings in words.items() for word in (value, *spellings)}

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> str:
        try:
            return self.values[fold(str(value))]
        except KeyError:
            raise ValueError(
                _("%(value)s is none of the words known here: %(words)s.")
                % {"value": f"«{value}»", "words": ", ".join(self.spoken().values())}
            ) from None

    def spoken(self) -> dict[str, str]:
        """One word for each value, in the active language."""
        spanish = (get_language() or "").startswith("es")
        return {value: spellings[0] if spanish else value for value, spellings in self.words.items()}


class ReferenceWidget(TextWidget):
    """The code or name of another row; which row it is, the check finds out for all rows at once."""

    def __init__(self) -> None:
        super().__init__(longest=160)
