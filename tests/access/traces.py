"""The texts by which rows of the world are known, found again in whatever an answer, file, mail or log says."""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import python_calamine
from django.utils.formats import date_format

from hr import paths
from tests.access.rows import MADE_UP_TEXT, Rows, digits_of
from tests.hr.personas import EMPLOYEES, PERSONAL, UNITS, World, sentinels, unit_sentinels

# Names, codes and mail addresses all begin with a z; keys with 44, which no other number of the world does.
WORD = re.compile(r"\b[zZ][A-Za-z]+")
KEY = re.compile(r"(?<!\d)44\d{5}(?!\d)")
UID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.I)
PATH = re.compile(r"(?<![0-9A-Za-z])(?:00[0-9A-Z]{4})+(?![0-9A-Za-z])")
NUMBER = re.compile(r"\d[\d .()\-]{5,22}\d")
DAY = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?/\d\d?/\d{2,4}|\w{3,10}\.? \d\d?, \d{4}|\d\d? de \w+ de \d{4}")
# What a made row says: its key in letters.
MADE_UP = re.compile(rf"{MADE_UP_TEXT}([a-j]{{7}})", re.I)
# So many lines are known at most.
MOST_KNOWN = 300_000


@dataclass(frozen=True, order=True)
class Trace:
    """Something is known of the row `key`; `what` is person, personal, unit, position, user, or the model of a row."""

    what: str
    key: str


class Traces:
    def __init__(self, world: World, rows: Rows) -> None:
        self.words: dict[str, Trace] = {}
        self.numbers: dict[str, Trace] = {}
        self.days: dict[str, Trace] = {}
        self._known: dict[str, frozenset[Trace]] = {}
        for key in EMPLOYEES:
            self._add_employee(world, key)
        for key in UNITS:
            unit = Trace("unit", key)
            self.words |= {text.lower(): unit for text in unit_sentinels(key).values()}
            self.words[paths.join("", world.units[key].pk)] = unit
            self.numbers[str(world.units[key].pk)] = unit
        for key, user in world.users.items():
            if user:
                self.numbers[str(user.pk)] = Trace("user", key)
                self.words[f"za{key.replace('_', '')}q"] = Trace("user", key)
        for row in rows:
            if str(row.pk).isdecimal() and len(str(row.pk)) == 7:
                self.numbers.setdefault(str(row.pk), Trace(row.label, str(row.pk)))

    def _add_employee(self, world: World, key: str) -> None:
        person, personal, position = Trace("person", key), Trace("personal", key), Trace("position", key)
        values = sentinels(key)
        for name in ("code", "first_name", "last_name", "work_email"):
            self.words[values[name].lower().partition("@")[0]] = person
        self.words[world.employees[key].uid.hex] = person
        self.numbers[str(world.employees[key].pk)] = person
        self.numbers[digits(values["work_phone"])] = person
        self.words |= {f"zp{key}": position, f"zp{key}q": position}
        self.numbers[str(world.positions[key].pk)] = position
        for name in PERSONAL:
            if name == "birth_date":
                self.days |= dict.fromkeys(_spellings(date.fromisoformat(values[name])), personal)
            else:
                self.numbers[digits(values[name])] = personal

    def of(self, text: str) -> set[Trace]:
        """No trace goes over the end of a line, and most lines of a page stand on others, too: each is read once."""
        found: set[Trace] = set()
        for line in set(text.split("\n")):
            traces = self._known.get(line)
            if traces is None:
                if len(self._known) > MOST_KNOWN:
                    self._known.clear()
                traces = self._known[line] = frozenset(self._read(line))
            found |= traces
        return found

    def _read(self, text: str) -> set[Trace]:
        found = {self.words.get(word.lower()) for word in WORD.findall(text)}
        found |= {self.words.get(uid.replace("-", "").lower()) for uid in UID.findall(text)}
        for path in PATH.findall(text):
            found |= {self.words.get(path[at : at + paths.WIDTH]) for at in range(0, len(path), paths.WIDTH)}
        found |= {self.numbers.get(key) for key in KEY.findall(text)}
        for number in NUMBER.findall(text):
            plain = digits(number)
            # With or without the country, or a zero in its place.
            found |= {self.numbers.get(form) for form in (plain, f"58{plain}", f"58{plain[1:]}")}
        found |= {self.days.get(day) for day in DAY.findall(text)}
        found |= {self.numbers.get(digits_of(letters.lower())) for letters in MADE_UP.findall(text)}
        return found - {None}

    @staticmethod
    def without_keys(text: str) -> str:
        return PATH.sub("", UID.sub("", KEY.sub("", text)))


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _spellings(day: date) -> Iterable[str]:
    yield from (
        day.isoformat(),
        f"{day:%d/%m/%Y}",
        f"{day:%m/%d/%Y}",
        f"{day:%m/%d/%y}",
        f"{day.day}/{day.month}/{day:%Y}",
    )
    yield from (date_format(day, "N j, Y"), date_format(day, "j \\d\\e F \\d\\e Y"), f"{day:%B} {day.day}, {day.year}")


def text_of_file(content: bytes) -> str:
    """Everything a workbook says: its parts as they are, and its cells as they are read."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    sheets = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    cells = [
        str(cell) for name in sheets.sheet_names for row in sheets.get_sheet_by_name(name).to_python() for cell in row
    ]
    return "\n".join([*parts, *cells])
