"""Every hostile file has its exact answer, in both languages, and writes nothing."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.utils import translation

from core.errors import DomainError
from hr.loading import engine
from hr.loading.formulas import neutralise
from hr.loading.reading import read_table
from hr.loading.xlsx import SheetToWrite, workbook
from hr.models import Attendance, Employee, ImportJob, Position
from tests.access.turns import on_embedded_alone
from tests.factories import make_employee, make_event, make_session, make_unit
from tests.hostile.answering import answer_of, kind_of, shape
from tests.hostile.make import FILES, PAYLOADS, csv_text

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))


@pytest.fixture
def organisation(db):
    """What the files are about: a unit, and for the roll three people and an event with two sessions."""
    unit = make_unit("Ventas", code="VEN")
    make_unit("Compras", code="COM")
    return unit


@pytest.fixture
def event(organisation):
    from datetime import UTC, datetime

    for code in ("E1", "E2", "E3"):
        make_employee(code=code, org_unit=organisation)
    event = make_event(
        "Curso", code="C1", state="in_progress", starts_at=datetime(2026, 5, 12, 14, tzinfo=UTC), hours=24 * 3
    )
    for number, day in ((1, 12), (2, 13)):
        make_session(
            event,
            number,
            starts_at=datetime(2026, 5, day, 14, tzinfo=UTC),
            ends_at=datetime(2026, 5, day, 16, tzinfo=UTC),
        )
    return event


def counts():
    return [model.objects.count() for model in (Employee, Position, Attendance, ImportJob)]


def test_there_are_at_least_eighty_and_each_has_an_answer():
    assert len(FILES) >= 80
    assert set(FILES) == set(ANSWERS)


# A file that is refused has asked no database for anything.
READ = [pytest.param(name, marks=on_embedded_alone() if "error" in ANSWERS[name] else []) for name in FILES]


@pytest.mark.parametrize("name", READ)
def test_a_hostile_file_has_its_exact_answer_and_writes_nothing(name, request, organisation):
    content = FILES[name]()
    event = request.getfixturevalue("event") if kind_of(name).of_events else None
    before = counts()

    with translation.override("en"):
        english = answer_of(name, content, event=event)
    with translation.override("es"):
        spanish = answer_of(name, content, event=event)

    assert english == ANSWERS[name]
    assert shape(spanish) == shape(english)
    assert counts() == before


@pytest.mark.parametrize("name", [name for name, answer in ANSWERS.items() if answer.get("faults")])
def test_every_fault_names_row_column_value_and_remedy(name):
    for row, column, _value, message in ANSWERS[name]["faults"]:
        assert row > 1
        assert column or "more cells than the header" in message
        assert message.count(".") >= 1


@pytest.mark.parametrize("name", ["errors.csv", "february_29_2025.csv", "both_orders.csv", "short_rows.csv"])
def test_a_file_with_one_faulty_row_is_not_written_in_part(name, organisation):
    before = counts()

    kind = kind_of(name)
    try:
        sheet = engine.read_file(FILES[name](), kind)
        engine.load(sheet, kind, actor=None, file_name=name)
    except DomainError:
        pass

    assert counts() == before


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_formula_goes_out_as_text_and_comes_back_as_it_was(text):
    """In CSV behind an apostrophe, in Excel as a quoted text; no cell of either is a formula."""
    written = neutralise(text)
    as_csv = csv_text([["Código", "Título"], ["P1", written]]).encode()
    as_xlsx = b"".join(workbook([SheetToWrite("Cargos", ["Código", "Título"], [10, 10], [["P1", text]])]))

    assert written.startswith("'")
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(as_xlsx)).read("xl/worksheets/sheet1.xml")
    # No name holds a carriage return, nor blanks around it.
    assert cell_of(as_csv) == text.replace("\r", "")
    assert cell_of(as_xlsx) == text.strip()


def cell_of(content):
    return read_table(content, lambda headers: sum(header == "Código" for header in headers)).rows[0][1][1]


def test_there_are_forty_payloads():
    assert len(set(PAYLOADS)) >= 40
