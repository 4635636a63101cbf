"""Made-up people, each computed from a number alone."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from core.text import fold
from hr.demo.names import FIRST_NAMES, LAST_NAMES

# Two populations that never share a code, national id or address: the demo's staff, and the people of the sample file.
STAFF = "EMP"
NEWCOMERS = "NV"

_FIRST_CEDULA = {STAFF: 5_000_000, NEWCOMERS: 18_000_000}
_CEDULAS = 13_000_000
_STEP = 7_919  # shares no factor with _CEDULAS, so that numbers are spread and none comes twice
_FIRST_DAY, _DAYS = date(2008, 1, 7), 6_400


@dataclass(frozen=True)
class Person:
    """A person in stored form: what normalizing the spellings of a spreadsheet would give."""

    code: str
    first_name: str
    last_name: str
    country: str
    national_id: str
    work_email: str | None
    work_phone: str
    private_phone: str
    birth_date: date
    hired_on: date


def person(number: int, population: str = STAFF) -> Person:
    """The `number`-th person, from 1 on. A few have no e-mail, some are foreigners, some of the staff Colombian."""
    chance = Random(f"{population}{number}")
    first_name = chance.choice(FIRST_NAMES)
    last_name = f"{chance.choice(LAST_NAMES)} {chance.choice(LAST_NAMES)}"
    hired_on = _FIRST_DAY + timedelta(days=chance.randrange(_DAYS))
    colombian = population == STAFF and number % 60 == 7
    return Person(
        code=f"{population}-{number:05}",
        first_name=first_name,
        last_name=last_name,
        country="CO" if colombian else "VE",
        national_id=_colombian_id(number) if colombian else _cedula(number, population),
        work_email=None if number % 17 == 0 else _email(first_name, last_name, number, population),
        work_phone=f"+58212{chance.randrange(2_000_000, 9_999_999)}" if number % 3 == 0 else "",
        private_phone=f"+58{chance.choice((412, 414, 416, 424, 426))}{chance.randrange(1_000_000, 9_999_999)}",
        birth_date=hired_on - timedelta(days=chance.randrange(19 * 365, 40 * 365)),
        hired_on=hired_on,
    )


def _cedula(number: int, population: str) -> str:
    if number % 40 == 9:
        return f"E-{80_000_000 + 2 * number + (population == NEWCOMERS)}"
    return f"V-{_FIRST_CEDULA[population] + number * _STEP % _CEDULAS}"


def _colombian_id(number: int) -> str:
    return str(1_000_000_000 + number)


def _email(first_name: str, last_name: str, number: int, population: str) -> str:
    name = fold(f"{first_name.split()[0]}.{last_name.split()[0]}")
    return f"{name}.{population.lower()}{number}@evaltrack.example"
