"""What is kept of each row of a load, and how a page of rows is read again."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.roles import HR_MANAGER, MANAGER
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.loading.rows import ShownValue, import_rows, shown_values, store_rows
from hr.models import ImportJob, ImportRow
from tests.factories import make_attendance, make_employee, make_event, make_session, make_unit, make_user
from tests.hr.loading.conftest import HEADER, HIRED, as_csv, person


def kept(rows, *, kind="employees", user=None, **options):
    """The rows of a load that was checked, in the order of the file."""
    sheet = engine.read_file(as_csv(rows), KINDS[kind])
    plan = engine.check(sheet, KINDS[kind], user=user, **options)
    job = ImportJob.objects.create(resource=kind, file_name="a.csv", causes=plan.groups.as_json())
    store_rows(import_rows(plan), job)
    return list(ImportRow.objects.filter(job=job).order_by("number"))


# --- Stored values -----------------------------------------------------------------------------------------------
def test_a_new_row_keeps_what_the_file_says_and_names_rows_and_units_that_are_to_come(sales):
    rows = [[*HEADER, "Cargo", "Jefe"], [*person(1, Código=""), "Piloto", "E2"], [*person(2), "", ""]]

    first, second = kept(rows, create_missing=True)

    assert (first.verdict, first.object_id, first.read_version, first.before) == ("new", None, None, {})
    assert first.after == {
        "first_name": "Ana", "last_name": "Pérez 1", "national_id": "V-12000001", "work_email": "ana1@example.com",
        "org_unit": sales.pk, "hired_on": "2024-01-15", "position": {"create": "Piloto"}, "reports_to": {"row": 3},
    }  # fmt: skip
    assert second.after["code"] == "E2"


def test_a_changed_row_keeps_both_sides_and_the_version_it_was_read_at(sales):
    boss = make_employee(code="B")
    ana = make_employee("Ana", "Pérez 1", code="E1", org_unit=sales, hired_on=HIRED, version=7)
    rows = [
        ["Código", "Nombres", "Celular", "Fecha de ingreso", "Jefe"],
        ["E1", "Eva", "04121234567", "2024-02-01", "B"],
    ]

    [row] = kept(rows)

    assert (row.verdict, row.object_id, row.read_version, row.written_version) == ("changed", ana.pk, 7, None)
    assert row.before == {"first_name": "Ana", "private_phone": "", "hired_on": "2024-01-15", "reports_to": None}
    assert row.after == {
        "first_name": "Eva", "private_phone": "+584121234567", "hired_on": "2024-02-01", "reports_to": boss.pk,
    }  # fmt: skip


def test_rows_of_attendance_keep_what_is_to_be_done(db, ana, beto):
    event = make_event("Inducción", code="V1", state="published")
    session = make_session(event, 1)
    make_attendance(event, ana)
    header = ["Evento", "Código", "Sesión", "Estado", "Resultado"]

    new, old = kept(
        [header, ["V1", "E2", "1", "confirmed", "present"], ["V1", "E1", "", "cancelled", ""]], kind="attendance"
    )

    assert new.after == {
        "enrol": True, "confirm": True, "outcome": "present", "session": session.pk, "status": "confirmed",
    }  # fmt: skip
    assert (new.before, new.event_id, new.employee_id) == ({}, event.pk, beto.pk)
    assert (old.before, old.after) == ({"status": "registered"}, {"cancel": True, "status": "cancelled"})
    assert (old.step, new.step) == (1, 2), "a seat is freed before others take it"


# --- Turns -------------------------------------------------------------------------------------------------------
def test_bosses_come_before_those_below_them_also_where_a_line_is_turned_around(sales):
    top = make_employee(code="A")
    make_employee(code="B", reports_to=top)
    make_employee(code="C")
    rows = [[*HEADER, "Jefe"], [*person(1), "E2"], [*person(2), "A"], ["A", *[""] * 6, "B"], ["B", *[""] * 6, "C"],
            [*person(3, Nombres=""), ""]]  # fmt: skip

    found = {row.number: row.step for row in kept(rows)}

    assert found == {5: 1, 4: 2, 3: 3, 2: 4, 6: None}


def test_units_come_after_the_unit_above(db):
    rows = [["Código", "Nombre", "Unidad superior"], ["C", "Caja", "T"], ["T", "Tienda", "DG"], ["DG", "Dirección", ""]]

    assert [(row.step, row.after.get("parent")) for row in kept(rows, kind="units")] == [
        (3, {"row": 3}), (2, {"row": 4}), (1, None),
    ]  # fmt: skip


# --- Faulty rows -------------------------------------------------------------------------------------------------
def test_a_faulty_row_keeps_its_cells_and_the_groups_of_its_errors(sales):
    bad = person(1, Unidad="Norte", **{"Fecha de ingreso": "soon"})

    first, second = kept([HEADER, bad, person(2, Unidad="NORTE")])

    assert (first.verdict, first.step, first.cells) == ("faulty", None, bad)
    assert (first.before, first.after) == ({}, {})
    assert first.errors[1] == {
        "column": "Unidad", "field": "org_unit", "value": "Norte", "cause": "unknown",
        "message": "No such code or name. Correct it, or let the load create what is missing.",
    }  # fmt: skip
    causes = first.job.causes
    assert [(cause["cause"], cause["field"], cause["rows"]) for cause in causes] == [
        ("unknown", "org_unit", 2), ("date", "hired_on", 1),
    ]  # fmt: skip
    assert (first.causes, second.causes) == (",0,1,", ",0,")


# --- As people read them -----------------------------------------------------------------------------------------
def test_values_are_shown_by_name_to_who_sees_the_rows(sales):
    boss = make_employee("Luisa", "Gil", code="B")
    own = make_employee("Ana", code="E1", org_unit=make_unit("Norte"))
    header = ["Código", "Nombres", "Unidad", "Jefe", "Estado"]
    rows = kept([header, ["E1", "Eva", "Ventas", "B", "suspendido"]])
    manager = make_user(role=MANAGER, employee=own)

    [everything] = shown_values(rows, KINDS["employees"], make_user(role=HR_MANAGER))
    [little] = shown_values(rows, KINDS["employees"], manager)

    assert everything == [
        ShownValue("first_name", "Ana", "Eva"),
        ShownValue("org_unit", "Norte", "Ventas"),
        ShownValue("reports_to", "", str(boss)),
        ShownValue("status", "active", "suspended"),
    ]
    assert [(value.old, value.new) for value in little[1:3]] == [("Norte", ""), ("", "")]


def test_a_new_boss_is_shown_by_the_label_of_his_row(sales):
    rows = kept([[*HEADER, "Jefe"], [*person(1), "E2"], [*person(2), ""]])

    shown = shown_values(rows[:1], KINDS["employees"], None)

    assert shown[0][-1] == ShownValue("reports_to", "", "Ana Pérez 2 (E2)")


@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_page_of_rows_takes_the_same_queries_for_any_number(sales, count):
    rows = kept([[*HEADER, "Jefe"], *([*person(number), "E1" if number > 1 else ""] for number in range(1, 51))])

    with CaptureQueriesContext(connections["business"]) as queries:
        shown_values(rows[1 : count + 1], KINDS["employees"], None)

    assert len(queries) == 2
