"""Which rows a load writes, cells that empty a field, and files that name everybody."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission

from core import access
from core.roles import BULK_LOADER
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.loading.rows import import_rows, store_rows
from hr.models import ImportJob
from tests.factories import make_attendance, make_employee, make_event, make_position, make_unit, make_user
from tests.hr.loading.conftest import HEADER, HIRED, as_csv, check, faults, messages, person


def verdicts(plan):
    return [line.verdict for line in plan.lines]


# --- Create, update ----------------------------------------------------------------------------------------------
@pytest.fixture
def known(sales):
    return make_employee("Eva", "Pérez 1", code="E1", org_unit=sales, hired_on=HIRED)


def test_rows_of_the_other_sort_are_skipped_and_the_counts_hold(known):
    rows = [HEADER, person(1), person(2), person(3, Nombres="")]

    create, update = check(rows, mode="create"), check(rows, mode="update")

    assert verdicts(create) == ["skipped", "new", "faulty"]
    assert verdicts(update) == ["changed", "skipped", "skipped"]
    for plan in (create, update):
        outcome = plan.outcome(accept_valid=True)
        assert outcome.created + outcome.updated + outcome.unchanged + outcome.skipped + outcome.failed == outcome.rows


def test_a_row_whose_key_is_wrong_is_faulty_in_every_mode(known):
    rows = [HEADER, person(1, Código="E" * 40), person(2, Código="E5"), person(3, Código="E5")]

    for mode in ("create", "update"):
        assert verdicts(check(rows, mode=mode)) == ["faulty"] * 3


def test_what_a_skipped_row_says_is_not_judged(known):
    plan = check([HEADER, person(1, Unidad="Nowhere", **{"Fecha de ingreso": "soon"})], mode="create")

    assert verdicts(plan) == ["skipped"]
    assert plan.missing == {}


def test_who_would_report_to_a_skipped_newcomer_is_faulty(known):
    rows = [[*HEADER, "Jefe"], [*person(1), "E2"], [*person(2), ""]]

    plan = check(rows, mode="update")

    assert faults(plan) == [(2, "Jefe", "E2")]
    assert messages(plan) == ["The boss stands in row 3, which this load leaves out. Load that row first."]


def test_an_enrolment_that_is_left_out_takes_no_seat(db, ana, beto):
    event = make_event(code="V1", state="published", capacity=1)
    make_attendance(event, ana)

    plan = check([["Evento", "Código"], ["V1", "E2"]], kind="attendance", mode="update")

    assert verdicts(plan) == ["skipped"]


# --- Clearing ----------------------------------------------------------------------------------------------------
FIELDS = {
    "Cédula": ("national_id", None), "Correo electrónico": ("work_email", None), "Teléfono": ("work_phone", ""),
    "Celular": ("private_phone", ""), "Fecha de nacimiento": ("birth_date", None), "Cargo": ("position", None),
    "Jefe": ("reports_to", None),
}  # fmt: skip


@pytest.mark.parametrize("word", ["<borrar>", "<CLEAR>", "<Borrar>"])
def test_a_word_empties_what_may_be_empty(sales, word):
    make_employee(
        code="E1", national_id="V-12345678", work_email="a@example.com", work_phone="+582125551234",
        private_phone="+584121234567", birth_date=date(1990, 1, 1), position=make_position("Cajero"),
        reports_to=make_employee(code="B"),
    )  # fmt: skip

    plan = check([["Código", *FIELDS], ["E1", *[word] * len(FIELDS)]])

    assert messages(plan) == []
    assert plan.lines[0].after == dict(FIELDS.values())
    assert plan.lines[0].before["birth_date"] == "1990-01-01"


def test_what_is_empty_already_is_no_change(db):
    make_employee(code="E1")

    assert verdicts(check([["Código", *FIELDS], ["E1", *["<borrar>"] * len(FIELDS)]])) == ["unchanged"]


@pytest.mark.parametrize(
    "column", ["Nombres", "Apellidos", "Unidad", "Fecha de ingreso", "Estado", "Fecha de egreso", "País"]
)
def test_what_is_never_empty_cannot_be_cleared(db, column):
    make_employee(code="E1")

    plan = check([["Código", column], ["E1", "<borrar>"]])

    assert faults(plan) == [(2, column, "<borrar>")]
    assert messages(plan) == ["This is never empty, so that it cannot be cleared. Write a value, or leave it blank."]


def test_a_cleared_id_is_no_key(sales):
    assert faults(check([HEADER, person(1, Código="", Cédula="<borrar>")])) == [(2, "Código", "")]


def test_a_new_row_has_nothing_to_clear(sales):
    plan = check([HEADER, person(1, **{"Correo electrónico": "<clear>"})])

    assert verdicts(plan) == ["new"]
    assert "work_email" not in plan.lines[0].after


def test_without_the_right_to_personal_data_it_is_not_cleared_either(db):
    user = make_user()
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_employee", "change_employee"]))
    make_employee(code="E1", national_id="V-12345678")

    assert faults(check([["Código", "Cédula"], ["E1", "<borrar>"]], user=user)) == [(2, "Cédula", "<borrar>")]


def test_a_unit_loses_its_parent_and_head(db):
    make_unit("Ventas", code="V", parent=make_unit("Empresa"), head=make_employee())

    plan = check([["Código", "Unidad superior", "Responsable"], ["V", "<borrar>", "<borrar>"]], kind="units")

    assert plan.lines[0].after == {"parent": None, "head": None}


# --- Full roster -------------------------------------------------------------------------------------------------
def absent(plan):
    return [label for _key, _version, label in plan.absentees]


def test_active_people_who_are_not_in_the_file_are_missing(sales):
    make_employee("Ana", "Uno", code="E1", org_unit=sales)
    gone = make_employee("Eva", "Dos", code="E2", org_unit=sales, version=4)
    make_employee("Luz", "Tres", code="E3", org_unit=sales, status="suspended")
    plan = check([["Código", "Nombres"], ["E1", "Anita"], ["E9", "Nadie"]], full_roster=True)
    job = ImportJob.objects.create(resource="employees", file_name="a.csv")

    store_rows(import_rows(plan), job)

    assert absent(plan) == ["Eva Dos (E2)"]
    missing = job.lines.filter(verdict="missing")
    assert list(missing.values_list("number", "step", "object_id", "read_version")) == [(None, None, gone.pk, 4)]
    assert plan.outcome(accept_valid=True).rows == 2


def test_nobody_outside_what_the_loader_may_change_is_missing(sales):
    ana = make_employee("Ana", "Uno", code="E1", org_unit=sales)
    make_employee("Eva", "Dos", code="E2")
    user = make_user()
    for right in ("view_employee_in", "change_employee_in"):
        access.grant(right, user, sales)

    assert absent(check([["Código"], ["E9"]], user=user, full_roster=True)) == [str(ana)]
    assert len(absent(check([["Código"], ["E9"]], user=make_user(role=BULK_LOADER), full_roster=True))) == 2


def test_a_full_roster_is_checked_by_the_whole_way(sales):
    make_employee("Eva", "Dos", code="E2", org_unit=sales)
    sheet = engine.read_file(as_csv([HEADER, person(1)]), KINDS["employees"])

    assert absent(engine.check(sheet, KINDS["employees"], user=None, full_roster=True)) == ["Eva Dos (E2)"]
