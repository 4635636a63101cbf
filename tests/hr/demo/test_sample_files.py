"""The files of fixtures/ do what docs and the import page promise: on the demo's company, through the commands."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from hr.demo.company import found_company
from hr.demo.workbook import write_sample_workbook
from hr.models import Employee, OrgUnit, Position

FIXTURES = settings.BASE_DIR / "fixtures"
COUNTS = ("rows", "created", "updated", "unchanged", "skipped", "failed")


def load(command: str, path: object, *, exit_code: int = 0, **options: object) -> dict:
    out = StringIO()
    try:
        call_command(command, str(path), json=True, stdout=out, **options)
        code = 0
    except SystemExit as stop:
        code = stop.code
    assert code == exit_code
    return json.loads(out.getvalue())


def counts(report: dict) -> tuple[int, ...]:
    return tuple(report[name] for name in COUNTS)


@pytest.fixture
def company(db):
    found_company(60, actor=None)


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(("name", "rows"), [("employees_good.csv", 12), ("employees_cp1252_semicolon.csv", 6)])
def test_a_good_file_goes_in_whole_and_a_second_time_changes_nothing(name, rows):
    first = load("import_employees", FIXTURES / name)
    second = load("import_employees", FIXTURES / name)

    assert counts(first) == (rows, rows, 0, 0, 0, 0)
    assert counts(second) == (rows, 0, 0, rows, 0, 0)
    assert first["errors"] == second["errors"] == []


@pytest.mark.usefixtures("company")
def test_the_letters_of_the_windows_file_arrive():
    load("import_employees", FIXTURES / "employees_cp1252_semicolon.csv")

    names = dict(Employee.objects.filter(code__startswith="C-").values_list("code", "last_name"))

    assert names["C-001"] == "Núñez Peña"
    assert names["C-002"] == "Muñoz; hijo"
    assert names["C-005"] == "Cañón – Ávila"


@pytest.mark.usefixtures("company")
def test_the_bosses_of_the_good_file_are_found_by_code_and_by_id():
    load("import_employees", FIXTURES / "employees_good.csv")

    bosses = dict(Employee.objects.filter(code__startswith="B-").values_list("code", "reports_to__code"))

    assert (bosses["B-004"], bosses["B-007"], bosses["B-001"]) == ("B-002", "B-008", None)


@pytest.mark.usefixtures("company")
def test_the_faulty_file_shows_each_kind_of_fault_in_its_place():
    report = load("import_employees", FIXTURES / "employees_faulty.csv", exit_code=2, dry_run=True)

    assert counts(report) == (24, 0, 0, 0, 2, 22)
    assert [(error["row"], error["column"], error["value"]) for error in report["errors"]] == [
        (3, "Apellidos", ""),
        (4, "Cédula", "V-321"),
        (5, "Correo electrónico", "f004.evaltrack.example"),
        (6, "Teléfono", "0412-555"),
        (7, "Fecha de ingreso", "31/02/2020"),
        (8, "Fecha de ingreso", ""),
        (9, "Unidad", "Departamento Fantasma"),
        (10, "Unidad", ""),
        (11, "Cargo", "Astronauta"),
        (12, "Jefe", "NADIE-999"),
        (13, "Jefe", "F-012"),
        (14, "Jefe", "F-014"),
        (15, "Jefe", "F-013"),
        (16, "Código", "F-015"),
        (17, "Código", "f-015"),
        (18, "Cédula", "V-32.100.017"),
        (19, "Cédula", "32100017"),
        (20, "Correo electrónico", "f019@evaltrack.example"),
        (21, "Correo electrónico", "F019@evaltrack.example"),
        (22, "País", "Narnia"),
        (23, "Fecha de nacimiento", "01/02/2021"),
        (
            24,
            "Nombres",
            "Nombre tan largo que no cabe en ninguna parte porque pasa de los ochenta caracteres",
        ),
    ]
    assert all(error["message"] for error in report["errors"])


@pytest.mark.usefixtures("company")
def test_of_the_faulty_file_only_the_valid_rows_can_be_taken():
    refused = load("import_employees", FIXTURES / "employees_faulty.csv", exit_code=2)
    assert not Employee.objects.filter(code__startswith="F-").exists()

    accepted = load("import_employees", FIXTURES / "employees_faulty.csv", exit_code=2, accept_valid=True)

    assert counts(refused) == (24, 0, 0, 0, 2, 22)
    assert counts(accepted) == (24, 2, 0, 0, 0, 22)
    assert set(Employee.objects.filter(code__startswith="F-").values_list("code", flat=True)) == {"F-001", "F-024"}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(
    ("command", "name", "rows"), [("import_units", "org_units.csv", 34), ("import_positions", "positions.csv", 14)]
)
def test_units_and_positions_are_those_the_demo_was_made_from(command, name, rows):
    assert counts(load(command, FIXTURES / name)) == (rows, 0, 0, rows, 0, 0)


def test_the_files_fill_an_empty_installation_one_after_the_other(db):
    assert counts(load("import_units", FIXTURES / "org_units.csv")) == (34, 34, 0, 0, 0, 0)
    assert counts(load("import_positions", FIXTURES / "positions.csv")) == (14, 14, 0, 0, 0, 0)
    assert counts(load("import_employees", FIXTURES / "employees_good.csv")) == (12, 12, 0, 0, 0, 0)


@pytest.mark.usefixtures("company")
def test_the_sample_workbook_brings_its_units_positions_and_bosses(tmp_path):
    write_sample_workbook(tmp_path / "muestra.xlsx", rows=400)
    before = OrgUnit.objects.count(), Position.objects.count()

    first = load("import_employees", tmp_path / "muestra.xlsx", create_missing=True)
    second = load("import_employees", tmp_path / "muestra.xlsx")

    assert counts(first) == (400, 400, 0, 0, 0, 0)
    assert counts(second) == (400, 0, 0, 400, 0, 0)
    assert (OrgUnit.objects.count(), Position.objects.count()) == (before[0] + 5, before[1] + 9)
    newcomers = Employee.objects.filter(code__startswith="NV-")
    assert newcomers.filter(reports_to=None).values_list("code", flat=True).get() == "NV-00001"
