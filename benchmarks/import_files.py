"""The files that are loaded: people and attendance from a number alone, and faults at places that are known."""

from __future__ import annotations

import csv
import io
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from hr.demo.people import NEWCOMERS, Person, person
from hr.loading.xlsx import SheetToWrite, workbook

HEADER = (
    "Código", "Nombres", "Apellidos", "País", "Cédula", "Correo electrónico", "Teléfono", "Celular",
    "Fecha de nacimiento", "Fecha de ingreso", "Unidad", "Cargo", "Jefe",
)  # fmt: skip
ATTENDANCE_HEADER = ("Evento", "Código", "Estado", "Resultado")
UNITS, POSITIONS, BOSSES, EVENTS = 200, 40, 100, 10
FIRST_ROW = 2
FORMS = ("XLSX", "CSV")

Row = list[str]


def unit_of(number: int) -> str:
    return f"Unidad {number % UNITS:03}"


def position_of(number: int) -> str:
    return f"Cargo {number % POSITIONS:03}"


def boss_of(number: int) -> str:
    return f"BOSS-{number % BOSSES:03}"


def event_of(number: int) -> str:
    return f"EVENT-{number % EVENTS}"


def _person(number: int) -> Person:
    return person(number, NEWCOMERS)


def people(count: int, *, changed: bool = False) -> Iterator[Row]:
    """So many people; with `changed` every tenth has another name and mobile."""
    for number in range(1, count + 1):
        who = _person(number)
        row = [
            who.code, who.first_name, who.last_name, who.country, who.national_id, who.work_email or "",
            who.work_phone, who.private_phone, who.birth_date.isoformat(), who.hired_on.isoformat(),
            unit_of(number), position_of(number), boss_of(number),
        ]  # fmt: skip
        if changed and number % 10 == 0:
            row[2], row[7] = f"{who.last_name} Rey", f"+58412{1_000_000 + number}"
        yield row


def faulty_people(count: int) -> Iterator[Row]:
    """Every hundredth has a day that is none."""
    for number, row in enumerate(people(count), 1):
        if number % 100 == 0:
            row[9] = "31/02/2024"
        yield row


def attendance(count: int, *, changed: bool = False) -> Iterator[Row]:
    """Each of the people in one event; with `changed` every tenth was late."""
    for number in range(1, count + 1):
        outcome = "late" if changed and number % 10 == 0 else "present"
        yield [event_of(number), _person(number).code, "confirmed", outcome]


def faulty_attendance(count: int) -> Iterator[Row]:
    for number, row in enumerate(attendance(count), 1):
        if number % 100 == 0:
            row[3] = "perhaps"
        yield row


@dataclass(frozen=True)
class Content:
    """A file and what stands in it. Its rows are made anew each time: they are not held while something is measured."""

    kind: str
    rows: Callable[[], Iterable[Row]]
    xlsx: bool = False

    @property
    def header(self) -> Sequence[str]:
        return HEADER if self.kind == "employees" else ATTENDANCE_HEADER

    def encoded(self) -> bytes:
        return (as_xlsx if self.xlsx else as_csv)(self.header, self.rows())


def contents(count: int) -> dict[str, Content]:
    """The files of all cells, by name."""
    files = {}
    for kind, new, faulty in (("employees", people, faulty_people), ("attendance", attendance, faulty_attendance)):
        name = "people" if kind == "employees" else kind
        for form in FORMS:
            xlsx = form == "XLSX"
            files |= {
                f"{name}, {form}, new": Content(kind, partial(new, count), xlsx),
                f"{name}, {form}, 10 % changed": Content(kind, partial(new, count, changed=True), xlsx),
                f"{name}, {form}, new, 1 % faulty": Content(kind, partial(faulty, count), xlsx),
            }
    return files


def write_all(folder: Path, count: int) -> None:
    """In a process of its own, so that the making counts nowhere."""
    writer = multiprocessing.get_context("fork").Process(target=_write_all, args=(folder, count))
    writer.start()
    writer.join()
    assert writer.exitcode == 0


def _write_all(folder: Path, count: int) -> None:
    for name, content in contents(count).items():
        (folder / name.replace("%", "percent")).write_bytes(content.encoded())


def read(folder: Path, name: str) -> bytes:
    return (folder / name.replace("%", "percent")).read_bytes()


def seeded() -> tuple[list[Row], set[tuple[int, str]]]:
    """Sixty people, and the (row, column) of ten faulty cells among them."""
    rows = list(people(60))
    late = (_person(9).hired_on + timedelta(days=400)).isoformat()
    faults = {
        (3, "Apellidos"): "",
        (8, "Cédula"): "V-12",
        (10, "Fecha de nacimiento"): late,
        (15, "Correo electrónico"): "ana at example.com",
        (20, "Celular"): "12",
        (25, "Unidad"): "Unidad 999",
        (30, "Fecha de ingreso"): "31/02/2024",
        (35, "Jefe"): "NOBODY",
        # The same person's code, and another one's mail, once more.
        (40, "Código"): rows[0][0],
        (45, "Correo electrónico"): rows[1][5],
    }
    for (number, column), value in faults.items():
        rows[number - FIRST_ROW][HEADER.index(column)] = value
    return rows, set(faults)


def as_csv(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def as_xlsx(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    return b"".join(workbook([SheetToWrite("Datos", header, [16] * len(header), rows)]))
