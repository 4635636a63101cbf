"""Files as people make them, and the one engine to load them with."""

import csv
import io
from datetime import date

import pytest
from django.utils import translation
from openpyxl import Workbook

from hr.loading import engine
from hr.loading.kinds import KINDS
from tests.factories import make_position, make_unit


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def as_csv(rows, *, delimiter=",", encoding="utf-8"):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode(encoding)


def as_xlsx(rows):
    workbook, buffer = Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(buffer)
    return buffer.getvalue()


def check(rows, *, user=None, kind="employees", **options):
    """The plan of a CSV file with these rows, the first being the header."""
    sheet = engine.read_file(as_csv(rows), KINDS[kind])
    return engine.check(sheet, KINDS[kind], user=user, **options)


def load(rows, *, user=None, kind="employees", **options):
    """What a CSV file with these rows did, as counts that are not 0."""
    sheet = engine.read_file(as_csv(rows), KINDS[kind])
    _plan, outcome = engine.load(sheet, KINDS[kind], actor=user, file_name="people.csv", **options)
    return {name: count for name, count in vars(outcome).items() if count}


def faults(plan):
    """(row, column, value) of every faulty cell."""
    return [(line.number, error.column, error.value) for line in plan.lines for error in line.errors]


def messages(plan):
    return [error.message for line in plan.lines for error in line.errors]


HEADER = ["Código", "Nombres", "Apellidos", "Cédula", "Correo electrónico", "Unidad", "Fecha de ingreso"]


def person(number, **values):
    """A row for HEADER."""
    row = {
        "Código": f"E{number}",
        "Nombres": "Ana",
        "Apellidos": f"Pérez {number}",
        "Cédula": f"V-{12_000_000 + number}",
        "Correo electrónico": f"ana{number}@example.com",
        "Unidad": "Ventas",
        "Fecha de ingreso": "15/01/2024",
    } | values
    return [row[name] for name in HEADER]


@pytest.fixture
def sales(db):
    return make_unit("Ventas", code="VEN")


@pytest.fixture
def clerk(db):
    return make_position("Cajero", code="CAJ")


HIRED = date(2024, 1, 15)
