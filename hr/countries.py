"""Countries by ISO 3166 code, named in Spanish and English.

The names are data (countries.csv), not translations: an import must recognise both languages whichever is active.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.text import fold

DEFAULT_COUNTRY = "VE"

_ALIASES = {
    "Costa de Marfil": "CI",
    "EE. UU.": "US",
    "EEUU": "US",
    "Estados Unidos de América": "US",
    "Great Britain": "GB",
    "Holanda": "NL",
    "Ivory Coast": "CI",
    "Rep. Dominicana": "DO",
    "República Bolivariana de Venezuela": "VE",
    "Turkey": "TR",
    "UK": "GB",
    "United States of America": "US",
}


class Country(NamedTuple):
    """One row of countries.csv."""

    code: str
    alpha3: str
    spanish: str
    english: str


class UnknownCountry(DomainError):
    """The text names no country."""


def _read_countries() -> dict[str, Country]:
    with (Path(__file__).parent / "countries.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: Country(**row) for row in csv.DictReader(file)}


COUNTRIES: dict[str, Country] = _read_countries()


def country_name(code: str) -> str:
    """The country's name in the active language; an unknown code is returned as it is."""
    country = COUNTRIES.get(code)
    if country is None:
        return code
    return country.spanish if (get_language() or "").startswith("es") else country.english


def country_choices() -> list[tuple[str, str]]:
    """Every country for a select, the default one first, the others by name in the active language."""
    named = [(code, country_name(code)) for code in COUNTRIES]
    return sorted(named, key=lambda choice: (choice[0] != DEFAULT_COUNTRY, fold(choice[1])))


def parse_country(text: str) -> str:
    """The ISO code of a country given by code (two or three letters) or by name in Spanish or English.

    Raises UnknownCountry.
    """
    try:
        return _codes_by_name()[_name_key(text)]
    except KeyError:
        raise UnknownCountry(
            _("%(value)s is not a country. Write its name or its code, for example Venezuela or VE.")
            % {"value": f"«{text}»"}
        ) from None


@cache
def _codes_by_name() -> dict[str, str]:
    codes = {_name_key(name): code for name, code in _ALIASES.items()}
    for country in COUNTRIES.values():
        codes |= dict.fromkeys(map(_name_key, country), country.code)
    return codes


def _name_key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text).replace("&", "and"))
