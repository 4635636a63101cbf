"""National identity numbers: one spelling per person, by the rules of each country.

RULES is the whole policy: its examples are what an error message shows. A country without a rule takes any text.
"""

import re
import unicodedata
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.countries import country_name

MAX_LENGTH = 32

# A cédula is a running number: of six digits for the eldest at work, of eight since the seventies. Nine would be a RIF.
# Separators stand between thousands only, so that the fraction of 1234567.5 is not taken for a digit.
_CEDULA = re.compile(r"(?P<kind>[VE]?)[-. ]*(?P<number>[0-9]{1,3}(?:[-., ]?[0-9]{3})+)")
_CEDULA_DIGITS = range(6, 9)
_STORED_CEDULA = re.compile(r"[VE]-[1-9][0-9]{5,7}")


class InvalidNationalId(DomainError):
    """The value is no national id of its country."""


class Rule(NamedTuple):
    """How one country writes its number: the stored form of an example, and text -> stored form or ValueError."""

    example: str
    normalize: Callable[[str], str]


def normalize_national_id(country: str, value: object) -> str:
    """The stored form of a national id as people write it or a spreadsheet stores it; '' for a blank value.

    `country` is an ISO code of two letters. Raises InvalidNationalId, which names the value and a right example.
    """
    # As it is stored already, which most are.
    if country == "VE" and isinstance(value, str) and _STORED_CEDULA.fullmatch(value):
        return value
    text = _as_text(value)
    if not text:
        return ""
    if len(text) > MAX_LENGTH:
        raise InvalidNationalId(
            _("%(value)s is too long for a national id: at most %(limit)s characters.")
            % {"value": f"«{text[:MAX_LENGTH]}…»", "limit": MAX_LENGTH}
        )
    rule = RULES.get(country)
    if rule is None:
        return text
    try:
        return rule.normalize(text)
    except ValueError:
        raise InvalidNationalId(
            _("%(value)s is not a national id of %(country)s. Write it like %(example)s.")
            % {"value": f"«{text}»", "country": country_name(country), "example": rule.example}
        ) from None


def _as_text(value: object) -> str:
    """Upper case, single spaces, plain ASCII digits; 12345678, 12345678.0 and "12345678.0" are one text."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = re.sub(r"\s*[‐-―-]\s*", "-", unicodedata.normalize("NFKC", str(value)))
    text = " ".join(text.upper().split())
    return re.sub(r"^([0-9]+)\.0$", r"\1", text)


def _without_separators(text: str) -> str:
    return re.sub(r"[ .,/-]", "", text)


def _cedula(text: str) -> str:
    """`V-12345678`; without a letter it is a Venezuelan's, and leading zeros count for nothing."""
    match = _CEDULA.fullmatch(text)
    number = _without_separators(match["number"]).lstrip("0") if match else ""
    if match is None or len(number) not in _CEDULA_DIGITS:
        raise ValueError(text)
    return f"{match['kind'] or 'V'}-{number}"


def _stdnum(*modules: str, width: int = 0) -> Callable[[str], str]:
    """By python-stdnum: the first of `modules` that accepts the number.

    `width` restores the leading zeros that a spreadsheet drops.
    """

    def normalize(text: str) -> str:
        text = text.replace(".", "")
        if text[:1].isdigit():
            text = text.zfill(width)
        for name in modules:
            module = import_module(f"stdnum.{name}")
            if module.is_valid(text):
                return str(module.validate(text))
        raise ValueError(text)

    return normalize


def _digits(shortest: int, longest: int) -> Callable[[str], str]:
    """Digits without a public check digit; of a fixed length, leading zeros are restored."""

    def normalize(text: str) -> str:
        number = _without_separators(text)
        if shortest == longest:
            number = number.zfill(longest)
        if not (number.isascii() and number.isdigit() and shortest <= len(number) <= longest):
            raise ValueError(text)
        return number

    return normalize


def _peruvian(text: str) -> str:
    """The eight digits of a DNI; its optional check digit is verified, not stored."""
    return _stdnum("pe.cui", width=8)(text)[:8]


def _chilean(text: str) -> str:
    return _stdnum("cl.rut")(text.lstrip("0"))


RULES: dict[str, Rule] = {
    # Latin America
    "VE": Rule("V-12345678", _cedula),
    "AR": Rule("20123456", _stdnum("ar.dni")),
    "BR": Rule("39053344705", _stdnum("br.cpf", width=11)),
    "CL": Rule("125319092", _chilean),
    "CO": Rule("1020304050", _digits(5, 10)),
    "CR": Rule("0304550175", _stdnum("cr.cpf")),
    "CU": Rule("91021027775", _stdnum("cu.ni", width=11)),
    "DO": Rule("00113918205", _stdnum("do.cedula", width=11)),
    "EC": Rule("1714307103", _stdnum("ec.ci", width=10)),
    "GT": Rule("2345678910101", _digits(13, 13)),
    "HN": Rule("0801199012345", _digits(13, 13)),
    "MX": Rule("BOXW310820HNERXN09", _stdnum("mx.curp")),
    "PE": Rule("10117410", _peruvian),
    "PY": Rule("3456789", _digits(5, 8)),
    "SV": Rule("012345678", _digits(9, 9)),
    "UY": Rule("12345672", _digits(7, 8)),
    # North America
    "CA": Rule("123456782", _stdnum("ca.sin", width=9)),
    "US": Rule("536904399", _stdnum("us.ssn", width=9)),
    # Europe
    "BE": Rule("85073003328", _stdnum("be.nn", width=11)),
    "BG": Rule("8032056031", _stdnum("bg.egn", width=10)),
    "CZ": Rule("7103192745", _stdnum("cz.rc")),
    "DK": Rule("2110625629", _stdnum("dk.cpr", width=10)),
    "EE": Rule("36805280109", _stdnum("ee.ik")),
    "ES": Rule("54362315K", _stdnum("es.dni", "es.nie", width=9)),
    "FI": Rule("131052-308T", _stdnum("fi.hetu")),
    "FR": Rule("295109912611193", _stdnum("fr.nir")),
    "IT": Rule("RCCMNL83S18D969H", _stdnum("it.codicefiscale")),
    "LT": Rule("33309240064", _stdnum("lt.asmens")),
    "NO": Rule("15108695088", _stdnum("no.fodselsnummer", width=11)),
    "PL": Rule("44051401359", _stdnum("pl.pesel", width=11)),
    "PT": Rule("000000000ZZ4", _stdnum("pt.cc", "pt.nif")),
    "RO": Rule("1630615123457", _stdnum("ro.cnp")),
    "SI": Rule("0101006500006", _stdnum("si.emso", width=13)),
    "SK": Rule("7103192745", _stdnum("sk.rc")),
    # Elsewhere
    "CN": Rule("360426199101010071", _stdnum("cn.ric")),
    "KR": Rule("9710139019902", _stdnum("kr.rrn")),
    "TR": Rule("17291716060", _stdnum("tr.tckimlik")),
    "ZA": Rule("7503305044089", _stdnum("za.idnr", width=13)),
}
