"""What a load leaves in the database."""

from datetime import date

import pytest

from core.roles import HR_MANAGER
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.models import Employee, ImportJob, ImportRow, OrgUnit, Position
from tests.factories import make_employee, make_unit, make_user
from tests.hr.loading.conftest import HEADER, HIRED, as_csv, as_xlsx, load, person


def test_new_people_are_hired_with_history_and_what_the_file_says(sales):
    hr = make_user(role=HR_MANAGER)
    rows = [[*HEADER, "Teléfono", "Celular", "Jefe"], [*person(1), "0212-5551234", "+58 412 1234567", "E2"],
            [*person(2), "", "", ""]]  # fmt: skip

    assert load(rows, user=hr, source="cli") == {"rows": 2, "created": 2}

    first = Employee.objects.get(code="E1")
    assert (first.full_name, first.national_id, first.work_email) == ("Ana Pérez 1", "V-12000001", "ana1@example.com")
    assert (first.work_phone, first.private_phone) == ("+582125551234", "+584121234567")
    assert (first.org_unit, first.hired_on, first.status) == (sales, HIRED, "active")
    assert first.reports_to == Employee.objects.get(code="E2")
    assert "perez" in first.search_text
    entry = first.history.get()
    job = ImportJob.objects.get()
    assert (entry.history_type, entry.history_user_name, entry.history_source) == ("+", str(hr), "cli")
    assert (entry.history_job_id, job.state, job.created) == (job.pk, "applied", 2)


def test_a_change_writes_only_what_differs_once_with_history(sales):
    ana = make_employee("Ana", "Pérez 1", code="E1", org_unit=sales, hired_on=HIRED, national_id="V-12000001")
    boss = make_employee(code="B")
    north = make_unit("Norte")
    rows = [[*HEADER, "Jefe"], [*person(1, Unidad="Norte"), "B"]]

    assert load(rows) == {"rows": 1, "updated": 1}

    ana.refresh_from_db()
    assert (ana.org_unit, ana.reports_to, ana.work_email, ana.version) == (north, boss, "ana1@example.com", 2)
    assert [entry.history_type for entry in ana.history.all()] == ["~", "+"]


def test_the_same_file_twice_changes_nothing(sales):
    rows = [[*HEADER, "Cargo", "Jefe"], [*person(1), "Piloto", "E2"], [*person(2), "Piloto", ""],
            [*person(3, Código="", Unidad="Norte"), "", "12.000.001"]]  # fmt: skip

    assert load(rows, create_missing=True) == {"rows": 3, "created": 3}
    assert load(rows, create_missing=True) == {"rows": 3, "unchanged": 3}


def test_all_or_nothing_unless_valid_rows_are_accepted(sales):
    rows = [HEADER, person(1), person(2, Nombres="")]

    assert load(rows) == {"rows": 2, "skipped": 1, "failed": 1}
    assert (Employee.objects.count(), ImportJob.objects.count()) == (0, 0)
    assert load(rows, accept_valid=True) == {"rows": 2, "created": 1, "failed": 1}
    assert list(Employee.objects.values_list("code", flat=True)) == ["E1"]
    assert ImportJob.objects.get().state == "partly_applied"


def test_unknown_units_and_positions_are_created_below_the_organisation(db):
    root = make_unit("Empresa", code="EMP")
    rows = [[*HEADER, "Cargo"], [*person(1, Unidad="Ventas Norte"), "Piloto"], [*person(2, Unidad="VENTAS NORTE"), ""]]

    load(rows, create_missing=True)

    unit = OrgUnit.objects.get(code="VENTAS-NORTE")
    assert (unit.name, unit.parent, unit.employees.count()) == ("Ventas Norte", root, 2)
    assert Position.objects.get().title == "Piloto"
    assert unit.history.get().history_type == "+"


def test_units_that_only_faulty_rows_name_are_not_created(sales):
    load([HEADER, person(1), person(2, Unidad="Norte", Nombres="")], create_missing=True, accept_valid=True)

    assert not OrgUnit.objects.filter(name="Norte").exists()


def test_missing_codes_are_made_from_the_pattern(sales, settings):
    settings.EMPLOYEE_CODE_PATTERN = "T-####"
    make_employee(code="T-0041")

    load([HEADER, person(1, Código=""), person(2, Código="T-0042"), person(3, Código="")])

    made = Employee.objects.filter(org_unit=sales).order_by("national_id").values_list("code", flat=True)
    assert list(made) == ["T-0043", "T-0042", "T-0044"]


def test_someone_known_may_report_to_somebody_new(sales):
    make_employee("Eva", code="OLD")

    load([[*HEADER, "Jefe"], [*person(1), ""], ["OLD", *[""] * 6, "E1"]])

    assert Employee.objects.get(code="OLD").reports_to.code == "E1"


def test_status_follows_the_verbs(db):
    head = make_employee(code="E1", hired_on=date(2020, 1, 1))
    unit = make_unit("Ventas", head=head)
    make_employee(code="E2", status="terminated", ended_on=date(2024, 1, 1))
    rows = [["Código", "Estado", "Fecha de egreso"], ["E1", "egresado", "2024-05-31"], ["E2", "activo", ""]]

    assert load(rows) == {"rows": 2, "updated": 2}

    assert [(e.status, e.ended_on) for e in Employee.objects.order_by("code")] == [
        ("terminated", date(2024, 5, 31)),
        ("active", None),
    ]
    unit.refresh_from_db()
    assert unit.head is None


def test_people_who_left_long_ago_can_be_loaded(sales):
    rows = [[*HEADER, "Fecha de egreso"], [*person(1), "31/05/2024"]]

    load(rows)

    assert Employee.objects.get().status == "terminated"


def test_text_that_looks_like_a_formula_is_kept_as_text(sales):
    load([HEADER, person(1, Nombres="=1+1")])

    assert Employee.objects.get().first_name == "=1+1"


def test_the_rows_of_a_load_are_kept_with_it(sales):
    make_employee("Eva", "Pérez 1", code="E1", org_unit=sales, hired_on=HIRED)
    make_employee(code="E0")

    load([HEADER, person(1), person(2), ["E0", *[""] * 6], person(3, Nombres="")], accept_valid=True)

    kept = [(row.number, row.verdict, row.written_version) for row in ImportRow.objects.all()]
    assert kept == [(2, "changed", 2), (3, "new", 1), (5, "faulty", None)]


@pytest.mark.parametrize("encode", [as_csv, as_xlsx])
def test_a_cedula_typed_as_number_and_a_date_typed_as_date_go_in(sales, encode):
    day = HIRED if encode is as_xlsx else "2024-01-15"
    content = encode([HEADER, ["007", "Ana", "Pérez", 12345678, None, "VEN", day]])
    sheet = engine.read_file(content, KINDS["employees"])

    engine.load(sheet, KINDS["employees"], actor=None, file_name="x")

    ana = Employee.objects.get()
    assert (ana.code, ana.national_id, ana.hired_on) == ("007", "V-12345678", HIRED)


def test_writing_takes_no_query_per_row(sales, django_assert_max_num_queries):
    rows = [[*HEADER, "Jefe"], *([*person(number), "E1" if number > 1 else ""] for number in range(1, 61))]

    with django_assert_max_num_queries(40, using="business"):
        load(rows)
