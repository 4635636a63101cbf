"""How one cell is read and written. `clean` raises ValueError; its text says what is wrong and what to do, and `cause`
names that in a word, by which equal faults of a file are told together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from import_export.widgets import Widget

from core.errors import DomainError
from core.text import fold
from hr.countries import DEFAULT_COUNTRY, parse_country
from hr.identifiers import normalize_national_id
from hr.phones import normalize_phone

_WHOLE = re.compile(r"[0-9]{1,9}")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 00:00(?::00)?)?")


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

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> str:
        address = super().clean(value).lower().removeprefix("mailto:")
        try:
            validate_email(address)
        except ValidationError:
            raise ValueError(
                _("%(value)s is not an e-mail address. Write it like ana.perez@example.com.") % {"value": f"«{value}»"}
            ) from None
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
    """A day: a date cell, 31/12/2024, or 2024-12-31."""

    cause = "date"

    def clean(self, value: object, row: Any = None, **kwargs: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        text = str(value)
        if match := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, match.groups())
        elif match := _YEAR_FIRST.fullmatch(text):
            year, month, day = map(int, match.groups())
        else:
            raise self._unreadable(text)
        try:
            found = date(year, month, day)
        except ValueError:
            raise self._unreadable(text) from None
        if not 1900 <= found.year <= 2200:
            raise ValueError(_("%(value)s lies outside the years 1900 to 2200. Correct it.") % {"value": f"«{text}»"})
        return found

    def render(self, value: date | None, obj: Any = None, **kwargs: Any) -> str:
        return value.isoformat() if value else ""

    @staticmethod
    def _unreadable(text: str) -> ValueError:
        return ValueError(
            _("%(value)s is not a date. Write day, month and year like 31/12/2024 or 2024-12-31.")
            % {"value": f"«{text}»"}
        )


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
                % {"value": f"«{value}»", "words": ", ".join(spellings[0] for spellings in self.words.values())}
            ) from None


class ReferenceWidget(TextWidget):
    """The code or name of another row; which row it is, the check finds out for all rows at once."""

    def __init__(self) -> None:
        super().__init__(longest=160)
