"""A table understood: columns, dates, names, matrix; and what of it the loader may overrule."""

from datetime import UTC, date, datetime

import pytest

from core.roles import BULK_LOADER
from hr.loading import engine
from hr.loading.dates import order_of
from hr.loading.errors import UnusableFile
from hr.loading.full_names import split_name
from hr.loading.kinds import KINDS
from hr.loading.options import AMBIGUOUS, DMY, MDY, YMD, Options
from hr.models import ColumnMapping, SessionMark
from hr.services import imports
from hr.services.column_mappings import recall_for, remember, remembered
from tests.factories import make_employee, make_event, make_session, make_user
from tests.hr.loading.conftest import HEADER, as_csv, as_xlsx, person

EMPLOYEES, ATTENDANCE = KINDS["employees"], KINDS["attendance"]


def read(rows, *, kind=EMPLOYEES, event_id=None, recall=None, write=as_csv, **options):
    """The sheet, with the questions left open."""
    return engine.read_file(write(rows), kind, event_id=event_id, options=Options(**options), recall=recall, ask=True)


def lines_of(sheet):
    return [line for block in sheet.blocks(1000) for line in block]


def values(sheet, *names):
    return [[line.values.get(name) for name in names] for line in lines_of(sheet)]


def codes(found):
    return [each.code for each in found]


# --- Columns --------------------------------------------------------------------------------------------------------
def test_the_loader_says_what_a_column_is():
    sheet = read([["Clave", "Nombre", "Código"], ["E1", "Ana", "x"]], columns={0: "code", 2: None})

    assert sheet.reading.columns == [("Clave", "code"), ("Nombre", "first_name"), ("Código", None)]
    assert values(sheet, "code", "first_name") == [["E1", "Ana"]]


def test_a_field_that_does_not_exist_is_none():
    assert read([["Clave", "Nombre"], ["E1", "Ana"]], columns={0: "is_superuser"}).mapping.positions == {
        "first_name": 1
    }


def test_two_columns_for_one_field_are_a_question_until_the_loader_chooses():
    rows = [["Code", "Código"], ["E1", "E2"]]

    asked = read(rows).reading.questions
    chosen = read(rows, columns={1: "code"})

    assert [(each.code, each.column) for each in asked] == [("duplicate", "Código")]
    assert chosen.reading.questions == []
    assert values(chosen, "code") == [["E2"]]


def test_without_anybody_to_ask_an_open_question_makes_the_file_unusable():
    with pytest.raises(UnusableFile, match="«Code» and «Código»"):
        engine.read_file(as_csv([["Code", "Código"], ["E1", "E2"]]), EMPLOYEES)
    with pytest.raises(UnusableFile, match="nothing tells whether the day"):
        engine.read_file(as_csv([["Code", "Hired on"], ["E1", "01/02/2024"]]), EMPLOYEES)


def test_a_column_whose_header_is_a_slip_of_the_pen_is_suggested():
    reading = read([["Código", "Fecha de ingrso", "Talla"], ["E1", "2024-01-15", "M"]]).reading

    assert reading.suggestions == {1: "hired_on"}
    assert [(note.code, note.column) for note in reading.notes] == [("close", "Fecha de ingrso")]


def test_what_was_chosen_for_a_header_is_remembered_per_user(db):
    ana, beto = make_user(), make_user()
    rows = [["Clave", "Fecha Ingreso"], ["E1", "01/02/2024"]]
    chosen = Options(columns={0: "code"}, date_order="mdy", sheet="Hoja1")
    sha = read(rows).reading.header_sha256

    remember("employees", sha, chosen, actor=ana)
    remember("employees", sha, chosen, actor=ana)
    again = read([["CLAVE:", "fecha  ingreso"], *rows[1:]], recall=recall_for("employees", ana))

    assert ColumnMapping.objects.count() == 1
    assert remembered("employees", sha, ana) == Options(columns={0: "code"}, date_order="mdy")
    assert remembered("employees", sha, beto) is None
    assert remembered("units", sha, ana) is None
    assert again.reading.questions == []
    assert values(again, "code", "hired_on") == [["E1", date(2024, 1, 2)]]


def test_a_remembered_order_of_dates_gives_way_to_what_the_file_shows(db):
    ana = make_user()
    rows = [["Código", "Fecha Ingreso"], ["E1", "01/02/2024"], ["E2", "25/02/2024"]]
    remember("employees", read(rows).reading.header_sha256, Options(date_order="mdy"), actor=ana)

    sheet = read(rows, recall=recall_for("employees", ana))

    assert values(sheet, "hired_on") == [[date(2024, 2, 1)], [date(2024, 2, 25)]]


def test_what_nothing_is_said_of_stays_remembered(db):
    ana = make_user()
    remember("employees", "0" * 64, Options(split_names=True, columns={1: "full_name"}), actor=ana)

    remember("employees", "0" * 64, Options(split_names=False), actor=ana)

    assert remembered("employees", "0" * 64, ana) == Options(split_names=False, columns={1: "full_name"})


def test_nothing_is_remembered_where_all_was_as_detected(db):
    remember("employees", "0" * 64, Options(sheet="Hoja1"), actor=make_user())

    assert not ColumnMapping.objects.exists()


# --- Where the table is ---------------------------------------------------------------------------------------------
def test_the_loader_chooses_the_header_row_separator_and_encoding():
    content = "x;Código\nCódigo;Nombre\nE1;Peña\n".encode("cp1252")

    sheet = engine.read_file(
        content, EMPLOYEES, options=Options(header_row=2, delimiter=";", encoding="latin-1"), ask=True
    )

    assert values(sheet, "code", "first_name") == [["E1", "Peña"]]
    assert (sheet.reading.header_row, sheet.reading.delimiter, sheet.reading.encoding) == (2, ";", "latin-1")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (Options(header_row=9), "Row 9 is blank"),
        (Options(encoding="utf-8"), "cannot be read as utf-8"),
    ],
)
def test_a_choice_that_does_not_fit_the_file_is_refused(options, reason):
    with pytest.raises(UnusableFile, match=reason):
        engine.read_file("Código\nPeña\n".encode("cp1252"), EMPLOYEES, options=options, ask=True)


def test_a_sheet_that_does_not_exist_is_refused_and_the_others_named():
    with pytest.raises(UnusableFile, match="no sheet «Enero»; it has: «Sheet»"):
        read([["Code"], ["E1"]], write=as_xlsx, sheet="Enero")


# --- Dates ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["13/01/2024", "01/02/2024"], DMY),
        (["01/13/2024", "01/02/2024"], MDY),
        (["01/02/2024"], AMBIGUOUS),
        (["01.02.2024", "13-01-2024"], DMY),
        (["13/01/2024", "01/13/2024"], AMBIGUOUS),
        (["13/13/2024"], ""),
        (["01/01/2024"], ""),
        (["2024-01-02"], YMD),
        (["01/02/24", "soon", ""], ""),
        ([], ""),
    ],
)
def test_a_number_above_twelve_decides_the_order(texts, order):
    assert order_of(texts) == order


def test_the_order_the_loader_chose_reaches_the_cells():
    rows = [["Code", "Hired on", "Birth date"], ["E1", "01/02/2024", "03/04/1990"]]

    american = read(rows, date_order="mdy")

    assert values(american, "hired_on", "birth_date") == [[date(2024, 1, 2), date(1990, 3, 4)]]
    assert american.reading.questions == []


def test_one_column_decides_for_the_others():
    rows = [["Code", "Hired on", "Birth date"], ["E1", "01/02/2024", "25/04/1990"]]

    assert values(read(rows), "hired_on") == [[date(2024, 2, 1)]]


# --- Names ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "last_first", "last", "first", "sure"),
    [
        ("Pérez, Ana", False, "Pérez", "Ana", True),
        ("Pérez Muñoz, Ana María", True, "Pérez Muñoz", "Ana María", True),
        ("Ana Pérez", False, "Pérez", "Ana", True),
        ("Pérez Ana", True, "Pérez", "Ana", True),
        ("Pérez Muñoz Ana", True, "Pérez Muñoz", "Ana", False),
        ("Ana Pérez Muñoz", False, "Pérez Muñoz", "Ana", False),
        ("Ana María Pérez Muñoz", False, "Pérez Muñoz", "Ana María", False),
        ("María de los Ángeles Pérez", False, "de los Ángeles Pérez", "María", False),
        ("De la Cruz Ana", True, "De la Cruz", "Ana", True),
        ("Ana", False, "", "", False),
        ("", False, "", "", False),
    ],
)
def test_a_whole_name_is_split(text, last_first, last, first, sure):
    assert split_name(text, last_name_first=last_first) == (last, first, sure)


WHOLE = [["Código", "Nombre", "Cédula"], ["E1", "Pérez, Ana", "V-12000001"], ["E2", "Gil, Luis", "V-12000002"]]


def test_a_column_of_whole_names_is_asked_about_and_split_on_request():
    asked = read(WHOLE)
    split = read(WHOLE, split_names=True)
    whole = read(WHOLE, split_names=False)

    assert codes(asked.reading.questions) == ["split_names"]
    assert split.reading.questions == []
    assert values(split, "code", "last_name", "first_name", "national_id") == [
        ["E1", "Pérez", "Ana", "V-12000001"],
        ["E2", "Gil", "Luis", "V-12000002"],
    ]
    assert values(whole, "first_name", "last_name") == [["Pérez, Ana", None], ["Gil, Luis", None]]


def test_the_loader_says_which_column_holds_whole_names_and_their_order():
    rows = [["Código", "Persona"], ["E1", "Pérez Muñoz Ana"]]

    sheet = read(rows, columns={1: "full_name"}, split_names=True, last_name_first=True)

    assert values(sheet, "last_name", "first_name") == [["Pérez Muñoz", "Ana"]]
    assert codes(sheet.reading.notes) == ["names_guessed"]


def test_names_beside_last_names_are_not_taken_for_whole_ones():
    sheet = read([["Código", "Nombre", "Apellido"], ["E1", "Ana, María", "Pérez"]])

    assert sheet.reading.questions == []


# --- A matrix of sessions -------------------------------------------------------------------------------------------
MATRIX = [
    ["Código", "Nombre", "Sesión 1", "S2", "Día 3"],
    ["E1", "Ana", "X", "no", ""],
    ["E2", "Luis", "", "", "tarde"],
]


def test_a_matrix_is_read_as_one_row_for_each_filled_cell():
    sheet = read(MATRIX, kind=ATTENDANCE, event_id=1)

    assert sheet.reading.matrix
    assert [line.number for line in lines_of(sheet)] == [2, 2, 3]
    assert values(sheet, "code", "session", "outcome") == [
        ["E1", 1, "present"],
        ["E1", 2, "absent"],
        ["E2", 3, "late"],
    ]


def test_the_loader_may_deny_a_matrix():
    sheet = read(MATRIX, kind=ATTENDANCE, event_id=1, matrix=False)

    assert not sheet.reading.matrix
    assert len(lines_of(sheet)) == 2


@pytest.mark.parametrize("cells", [["7.5", "8"], ["X", "falta dos", "8", "9"], ["x", "1h"] * 2 + ["2h"]])
def test_a_matrix_whose_cells_are_no_outcomes_is_refused_and_enrols_nobody(cells):
    rows = [["Código", "Sesión 1", "S2", "Día 3", "4", "5"], ["E1"], ["E2", *cells]]
    wrong = next(at for at, cell in enumerate(cells) if cell.lower() != "x")

    with pytest.raises(UnusableFile) as refused:
        read(rows, kind=ATTENDANCE, event_id=1)

    assert str(refused.value).startswith(f"Row 3, «{rows[0][wrong + 1]}»: «{cells[wrong]}» is none of the words known")
    assert "Sesión 1" in str(refused.value)
    assert not read(rows, kind=ATTENDANCE, event_id=1, matrix=False).reading.matrix


def test_a_cell_that_is_no_outcome_among_others_that_are_is_a_fault(db):
    rows = [["Código", "1", "2"], ["E1", "x", "no"], ["E2", "tarde", "quizás"]]
    sheet = read(rows, kind=ATTENDANCE, event_id=make_event(code="C1").pk)

    assert sheet.reading.matrix
    assert [(line.number, error.value) for line in lines_of(sheet) for error in line.errors] == [(3, "quizás")]


def test_a_fault_in_a_matrix_names_the_column_of_its_cell(db, ana):
    event = make_event(code="C1", state="in_progress")
    make_session(event, 1)
    rows = [["Código", "Sesión 1", "S7"], ["E1", "xx", "x"], ["E2", "x", "x"], ["E3", "xx", "xx"]]
    sheet = read(rows, kind=ATTENDANCE, event_id=event.pk)

    plan = engine.check(sheet, ATTENDANCE, user=None)

    assert [(line.number, error.column) for line in plan.lines for error in line.errors if error.field != "code"] == [
        (2, "Sesión 1"), (2, "S7"), (3, "S7"), (4, "Sesión 1"), (4, "S7"), (4, "S7"),
    ]  # fmt: skip
    columns = {(group["field"], group["value"]): group["column"] for group in plan.groups.as_json()}
    assert columns["outcome", "xx"] == "", "it stands in several"


def test_a_matrix_without_a_mark_enrols_nobody():
    sheet = read([["Código", "Sesión 1", "Sesión 2"], ["E1", "", ""], ["E2"]], kind=ATTENDANCE, event_id=1)

    assert (sheet.reading.matrix, sheet.reading.rows) == (True, 0)
    assert codes(sheet.reading.notes) == ["matrix", "unmarked"]


def test_a_list_with_a_session_and_an_outcome_is_no_matrix():
    rows = [["Código", "Sesión", "Asistió", "1", "2"], ["E1", "1", "x", "x", "x"]]

    assert not read(rows, kind=ATTENDANCE, event_id=1).reading.matrix


def test_employees_have_no_matrix():
    assert not read([["Código", "1", "2"], ["E1", "x", "x"]]).reading.matrix


def test_columns_that_are_days_are_the_sessions_of_these_days(db):
    event = make_event(starts_at=datetime(2026, 5, 12, 14, tzinfo=UTC), hours=72)
    for number, day in ((1, 12), (2, 14)):
        make_session(event, number, starts_at=datetime(2026, 5, day, 14, tzinfo=UTC))
    rows = [["Código", "14/05/2026", "12/05/2026", "13/05/2026"], ["E1", "x", "no", "x"]]

    sheet = read(rows, kind=ATTENDANCE, event_id=event.pk)

    assert values(sheet, "session", "outcome") == [[2, "present"], [1, "absent"], [None, "present"]]
    assert [error.value for error in lines_of(sheet)[2].errors] == ["13/05/2026"]


# --- What is left out -----------------------------------------------------------------------------------------------
def test_a_question_left_open_loads_nothing_twice():
    """Notes and questions are about the file as it stands; rows keep their numbers."""
    sheet = read([HEADER, person(1), HEADER, person(2), ["Total", "2"]])

    assert [line.number for line in lines_of(sheet)] == [2, 4]
    assert codes(sheet.reading.notes) == ["totals", "headers"]
    assert sheet.reading.rows == 2


def test_a_matrix_is_loaded_as_any_file(db):
    loader, event = make_user(role=BULK_LOADER), make_event(code="C1", state="in_progress")
    people = [make_employee(code=code) for code in ("E1", "E2")]
    sessions = [make_session(event, number) for number in (1, 2, 3)]

    job = imports.upload(ATTENDANCE, "roll.csv", as_csv(MATRIX), actor=loader, event_id=event.pk)
    job = imports.confirm(job.pk, actor=loader)

    assert (job.state, job.rows, job.failed) == ("applied", 3, 0)
    marks = SessionMark.objects.values_list("attendance__employee", "session", "outcome")
    assert sorted(marks) == [
        (people[0].pk, sessions[0].pk, "present"),
        (people[0].pk, sessions[1].pk, "absent"),
        (people[1].pk, sessions[2].pk, "late"),
    ]
    assert list(job.lines.order_by("id").values_list("number", flat=True)) == [2, 2, 3]
