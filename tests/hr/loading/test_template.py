"""The spreadsheet to fill in: known to the reader, explained, with lists of what its loader sees."""

import io

import pytest
from django.utils import translation
from openpyxl import load_workbook

from core.roles import BULK_LOADER
from hr.loading import drop_downs, engine
from hr.loading.kinds import KINDS
from hr.loading.template import template
from tests.factories import make_event, make_position, make_unit, make_user

LANGUAGES = ["es", "en"]


def opened(name, **options):
    return load_workbook(io.BytesIO(b"".join(template(KINDS[name], **options))))


def offered(book, header):
    """What the cells below the header drop down."""
    sheet = book.worksheets[0]
    letter = next(cell.column_letter for cell in sheet[1] if cell.value == header)
    names = [offer.formula1 for offer in sheet.data_validations.dataValidation if f"{letter}7" in offer.sqref]
    if not names:
        return None
    ((title, cells),) = book.defined_names[names[0]].destinations
    return [row[0].value for row in book[title][cells.replace("$", "")]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_template_is_known_to_the_reader(db, kind, language):
    content = b"".join(template(kind, language=language))
    sheet = engine.read_file(content, kind)

    assert sheet.mapping.unknown == []
    assert sheet.mapping.positions.keys() == kind.resource.columns.keys()
    assert list(sheet.rows) == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_column_is_explained_and_has_an_example(db, kind):
    with translation.override("es"):
        headers = [column.header for column in kind.resource.columns.values()]
    book = opened(kind.name, language="es")

    data, instructions, examples, lists = book.worksheets
    assert [cell.value for cell in data[1]] == headers
    assert [row[0].value for row in instructions.iter_rows()][-len(headers) :] == headers
    assert [cell.value for cell in examples[1]][:-1] == headers
    assert examples.max_row >= 3
    assert (data.sheet_state, lists.sheet_state) == ("visible", "hidden")


@pytest.mark.parametrize(
    ("language", "words"), [("es", ["activo", "suspendido", "egresado"]), ("en", ["active", "suspended", "terminated"])]
)
def test_choices_are_offered_in_its_language(db, language, words):
    book = opened("employees", language=language)

    assert offered(book, {"es": "Estado", "en": "Status"}[language]) == words
    assert "Venezuela" in offered(book, {"es": "País", "en": "Country"}[language])
    assert offered(book, {"es": "Nombres", "en": "First name"}[language]) is None


def test_every_example_is_accepted_by_the_reader(db):
    for kind in KINDS.values():
        for language in LANGUAGES:
            sheet = opened(kind.name, language=language).worksheets[2]
            for row in sheet.iter_rows(min_row=2, values_only=True):
                for header, value in zip([cell.value for cell in sheet[1]][:-1], row, strict=False):
                    if value and not value.startswith("<"):
                        column = kind.resource.columns[kind.resource.field_of(header)]
                        column.widget.clean(value, country="VE")


def test_units_positions_and_events_are_offered_by_the_name_that_finds_them(db):
    make_unit("Ventas", code="VEN")
    make_unit("Ventas", code="VEN2")
    make_unit("Almacén", code="ALM")
    make_position("Cajero", code="CAJ")
    make_event("Inducción", state="published")
    make_event("Cerrado", state="closed")

    people = opened("employees", language="en")
    assert offered(people, "Unit") == ["Almacén", "VEN", "VEN2"]
    assert offered(people, "Position") == ["Cajero"]
    assert offered(opened("attendance", language="en"), "Event") == ["Inducción"]
    assert offered(opened("units", language="en"), "Part of") == ["Almacén", "VEN", "VEN2"]


def test_only_what_the_loader_sees_is_offered(db, ana, sales, finance):
    make_unit("Oculta", code="OCU")
    manager = make_user(employee=ana)

    assert offered(opened("employees", user=manager, language="en"), "Unit") == ["Ventas"]
    assert "Oculta" in offered(opened("employees", user=make_user(role=BULK_LOADER), language="en"), "Unit")


def test_a_list_is_bounded(db, monkeypatch):
    monkeypatch.setattr(drop_downs, "MOST", 2)
    for number in range(4):
        make_unit(f"U{number}", code=f"U{number}")

    assert offered(opened("employees", language="en"), "Unit") == ["U0", "U1"]


def test_what_is_typed_stays_text_and_days_are_days(db):
    sheet = opened("employees", language="en").worksheets[0]
    formats = {cell.value: sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]}

    assert (formats["Code"], formats["National id"]) == ("@", "@")
    assert formats["Hired on"] == "dd/mm/yyyy"
