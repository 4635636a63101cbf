"""`import_*` and `export_*`: the JSON, the exit codes, the rights."""

import io
import json
from datetime import date

import pytest
from django.core.management import call_command
from openpyxl import Workbook

from core.roles import AUDITOR, BULK_LOADER, EMPLOYEE, HR_MANAGER
from hr.models import Employee, ImportJob, ImportRow, OrgUnit, Position, StoredFile
from hr.services import imports
from hr.services.employees import change_employees
from tests.factories import make_employee, make_position, make_user
from tests.hr.loading.conftest import HEADER, as_csv, as_xlsx, person

COUNTS = ["rows", "created", "updated", "unchanged", "skipped", "failed"]
KEYS = ["job", *COUNTS, "notes", "errors"]


@pytest.fixture
def run(tmp_path):
    """Run a command on a file with these rows; returns (exit code, the JSON it printed)."""

    def run(command, rows, *arguments, name="people.csv"):
        path = tmp_path / name
        if rows is not None:
            encode = as_xlsx if name.endswith("x") else as_csv
            path.write_bytes(rows if isinstance(rows, bytes) else encode(rows))
        output, code = io.StringIO(), 0
        try:
            file = [str(path)] if name else []
            call_command(command, *file, "--json", "--language", "en", *arguments, stdout=output, stderr=io.StringIO())
        except SystemExit as end:
            code = end.code
        lines = output.getvalue().splitlines()
        assert len(lines) == 1, "one line of stdout"
        return code, json.loads(lines[0])

    return run


def counted(report):
    counts = {key: report[key] for key in COUNTS}
    assert list(report) == KEYS
    assert counts["rows"] == sum(counts[key] for key in COUNTS[1:]), "the five counts add up"
    return {key: count for key, count in counts.items() if count}


def test_all_in_is_exit_0(run, sales):
    make_employee("Ana", "Pérez 1", code="E1", org_unit=sales)

    code, report = run("import_employees", [HEADER, person(1), person(2)], name="people.xlsx")

    assert (code, counted(report), report["errors"]) == (0, {"rows": 2, "created": 1, "updated": 1}, [])
    assert run("import_employees", None, name="people.xlsx")[1]["unchanged"] == 2
    assert ImportJob.objects.first().file_name == "people.xlsx"


def test_faulty_rows_are_exit_2_and_nothing_is_written(run, sales):
    code, report = run("import_employees", [HEADER, person(1), person(2, Nombres=""), person(3)])

    assert (code, counted(report)) == (2, {"rows": 3, "skipped": 2, "failed": 1})
    assert report["errors"] == [
        {"row": 3, "column": "Nombres", "value": "", "message": "Missing. A new row needs it: fill in this cell."}
    ]
    assert not Employee.objects.exists()


def test_accept_valid_writes_the_rest_and_is_still_exit_2(run, sales):
    code, report = run("import_employees", [HEADER, person(1), person(2, Nombres="")], "--accept-valid")

    assert (code, counted(report)) == (2, {"rows": 2, "created": 1, "failed": 1})
    assert Employee.objects.get().code == "E1"


def test_failed_counts_rows_not_cells(run, sales):
    _code, report = run("import_employees", [HEADER, person(1, Nombres="", Apellidos="")])

    assert (counted(report), len(report["errors"])) == ({"rows": 1, "failed": 1}, 2)


def test_a_dry_run_counts_what_would_happen_and_writes_nothing(run, sales):
    rows = [HEADER, person(1), person(2, Nombres="")]

    refused = run("import_employees", rows, "--dry-run")
    accepted = run("import_employees", rows, "--dry-run", "--accept-valid")

    assert (refused[0], counted(refused[1])) == (2, {"rows": 2, "skipped": 1, "failed": 1})
    assert (accepted[0], counted(accepted[1])) == (2, {"rows": 2, "created": 1, "failed": 1})
    assert (Employee.objects.count(), ImportJob.objects.count()) == (0, 0)


def test_create_missing_makes_units_and_positions(run, db):
    rows = [[*HEADER, "Cargo"], [*person(1, Unidad="Norte"), "Piloto"]]

    assert run("import_employees", rows)[0] == 2
    assert run("import_employees", rows, "--create-missing")[0] == 0
    assert (OrgUnit.objects.get().name, Position.objects.get().title) == ("Norte", "Piloto")


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"Shoe size\n42\n", None])
def test_an_unusable_file_is_exit_1_with_the_reason(run, db, content):
    code, report = run("import_employees", content)

    assert (code, counted(report)) == (1, {})
    assert [error["row"] for error in report["errors"]] == [None]
    assert report["errors"][0]["message"]


def test_with_a_user_his_rights_count(run, sales):
    make_user("aldo", role=AUDITOR)
    make_user("lola", role=BULK_LOADER, email="lola@example.com")
    rows = [HEADER, person(1)]

    assert run("import_employees", rows, "--user", "aldo")[0] == 1
    assert run("import_employees", rows, "--user", "nobody")[0] == 1
    assert not Employee.objects.exists()
    assert run("import_employees", rows, "--user", "lola@example.com")[0] == 0
    entry = Employee.objects.get().history.get()
    assert (entry.history_user_name, entry.history_source) == ("Lola", "cli")
    assert run("import_units", [["Nombre"], ["Norte"]], "--user", "lola")[0] == 1


def test_a_user_who_was_dismissed_loads_nothing(run, sales):
    gone = make_employee(status="terminated", ended_on="2024-01-01")
    make_user("gone", role=HR_MANAGER, employee=gone)

    assert run("import_employees", [HEADER, person(1)], "--user", "gone")[0] == 1


@pytest.mark.parametrize(
    ("command", "rows", "model"),
    [
        ("import_units", [["Código", "Nombre"], ["N", "Norte"]], OrgUnit),
        ("import_positions", [["Código", "Título"], ["P", "Piloto"]], Position),
    ],
)
def test_units_and_positions_have_the_same_command(run, db, command, rows, model):
    assert run(command, rows)[0] == 0
    assert model.objects.count() == 1


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv"])
def test_what_a_command_exports_another_imports_without_a_change(run, sales, name):
    make_employee("Ñandú", "=1+1", code="007", org_unit=sales, work_phone="+584121234567")
    make_employee(code="E2", org_unit=sales)

    exported, written = run("export_employees", None, name=name)
    assert (exported, counted(written), written["errors"]) == (0, {"rows": 2, "unchanged": 2}, [])
    code, report = run("import_employees", None, name=name)

    assert (code, counted(report)) == (0, {"rows": 2, "unchanged": 2})


def test_an_export_needs_the_right_and_a_known_ending(run, sales, tmp_path):
    make_user("emma", role=EMPLOYEE)

    refused = run("export_employees", None, "--user", "emma", name="a.csv")
    misnamed = run("export_units", None, name="a.pdf")

    for code, report in (refused, misnamed):
        assert (code, counted(report), len(report["errors"])) == (1, {}, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["export_employees", "export_units", "export_positions"])
def test_an_export_takes_the_options_of_an_import(run, command, tmp_path, db):
    make_employee(position=make_position())

    code, report = run(command, None, "--dry-run", "--accept-valid", name="a.csv")

    assert (code, counted(report), report["errors"]) == (0, {"rows": 1, "unchanged": 1}, [])
    assert list(tmp_path.iterdir()) == []


def test_without_json_it_speaks_to_people(sales, tmp_path, capsys):
    path = tmp_path / "people.csv"
    path.write_bytes(as_csv([[*HEADER, "Shoe size"], [*person(1, Nombres=""), "42"]]))

    with pytest.raises(SystemExit):
        call_command("import_employees", str(path), "--language", "en")

    printed = capsys.readouterr()
    assert "row 2, Nombres: Missing." in printed.err
    assert "Unknown columns, not loaded: Shoe size." in printed.err
    assert "1 faulty" in printed.out


def test_what_was_noticed_in_the_file_is_said(run, sales, tmp_path, capsys):
    rows = [HEADER, person(1), HEADER, person(2), ["", "Total", "", "", "", "", ""]]
    totals, headers = "The last row is a total. It is not loaded.", "1 row repeats the header. It is not loaded."

    code, report = run("import_employees", rows, "--dry-run")
    call_command("import_employees", str(tmp_path / "people.csv"), "--dry-run", "--language", "en")

    assert (code, counted(report)) == (0, {"rows": 2, "created": 2})
    assert report["notes"] == [
        {"code": "totals", "message": totals, "column": "", "count": 1, "rows": [5]},
        {"code": "headers", "message": headers, "column": "", "count": 1, "rows": [3]},
    ]
    assert capsys.readouterr().err.splitlines() == [f"{totals} Row 5.", f"{headers} Row 3."]


def test_the_number_that_undoes_the_load_is_said(sales, tmp_path, capsys):
    path = tmp_path / "people.csv"
    path.write_bytes(as_csv([HEADER, person(1)]))

    call_command("import_employees", str(path), "--dry-run", "--language", "en")
    assert "--undo" not in capsys.readouterr().out
    call_command("import_employees", str(path), "--language", "en")

    number = ImportJob.objects.get().pk
    assert f"Load {number}; --undo {number} takes it back." in capsys.readouterr().out


# --- One job like those of the pages ----------------------------------------------------------------------------------
def test_a_refused_file_and_a_dry_run_leave_no_trace(run, sales):
    rows = [HEADER, person(1), person(2, Nombres="")]

    reports = [
        run("import_employees", rows)[1],
        run("import_employees", rows, "--dry-run", "--accept-valid")[1],
        run("import_employees", b"\x00\x01")[1],
    ]

    assert [report["job"] for report in reports] == [None, None, None]
    assert [model.objects.count() for model in (ImportJob, ImportRow, StoredFile, Employee)] == [0, 0, 0, 0]


def test_a_load_by_command_is_one_like_any_other(run, sales):
    lola = make_user("lola", role=BULK_LOADER)

    _code, report = run("import_employees", [HEADER, person(1)], "--user", "lola")

    job = ImportJob.objects.get()
    assert report["job"] == job.pk
    assert (job.state, job.created_by_id, job.rows, job.file is not None) == ("applied", lola.pk, 1, True)
    assert job.lines.get().object_id == Employee.objects.get().pk


def test_undo_takes_a_load_back(run, sales):
    run("import_employees", [HEADER, person(1), person(2)])
    job = ImportJob.objects.get()
    change_employees({Employee.objects.get(code="E2").pk: {"first_name": "Eva"}}, actor=None)
    kept = {"row": 3, "label": "Ana Pérez 2 (E2)", "message": "It was changed since."}
    expected = {"job": job.pk, "removed": 1, "restored": 0, "kept": 1, "errors": [kept]}

    assert run("import_employees", None, "--undo", str(job.pk), "--dry-run", name="") == (2, expected)
    assert Employee.objects.count() == 2
    assert run("import_employees", None, "--undo", str(job.pk), name="") == (2, expected)

    job.refresh_from_db()
    assert (job.state, Employee.objects.get().code) == ("partly_undone", "E2")
    entry = Employee.history.get(code="E1", history_type="-")
    assert (entry.history_source, entry.history_job_id) == ("cli", job.pk)


def test_undo_knows_only_loads_of_its_kind_and_of_the_user(run, sales):
    make_user("lola", role=BULK_LOADER)
    run("import_employees", [HEADER, person(1)])
    number = str(ImportJob.objects.get().pk)

    assert run("import_units", None, "--undo", number, name="")[0] == 1
    assert run("import_employees", None, "--undo", number, "--user", "lola", name="")[0] == 1
    assert run("import_employees", None, "--undo", "0", name="")[0] == 1
    assert Employee.objects.count() == 1


def test_the_mode_says_which_rows_are_written(run, sales):
    make_employee("Ana", code="E1", org_unit=sales)
    rows = [HEADER, person(1), person(2)]

    assert counted(run("import_employees", rows, "--mode", "create")[1]) == {"rows": 2, "created": 1, "skipped": 1}
    assert counted(run("import_employees", rows, "--mode", "update")[1]) == {"rows": 2, "updated": 1, "unchanged": 1}


def test_a_full_roster_is_only_told(run, sales):
    make_employee(code="E9", org_unit=sales)

    code, report = run("import_employees", [HEADER, person(1)], "--full-roster")

    assert (code, report["created"], report["missing"]) == (0, 1, 1)
    assert Employee.objects.get(code="E9").status == "active"


def test_a_load_above_the_limits_waits_for_a_second_person_if_it_is_somebodys(run, sales, settings):
    settings.LOAD_APPROVAL_ROWS = 0
    make_user("lola", role=BULK_LOADER)

    code, report = run("import_employees", [HEADER, person(1)], "--user", "lola")

    job = ImportJob.objects.get()
    assert (code, report["job"], report["skipped"], job.state) == (1, job.pk, 1, "awaiting_approval")
    assert f"number {job.pk}" in report["errors"][0]["message"]
    imports.approve(job.pk, actor=make_user(role=HR_MANAGER))
    assert Employee.objects.count() == 1
    assert run("import_employees", [HEADER, person(2)])[0] == 0


def test_a_file_that_has_to_be_asked_about_is_unusable_for_a_command(run, sales):
    make_employee(code="E1", org_unit=sales)

    code, report = run("import_employees", [["Código", "Fecha de ingreso"], ["E1", "03/04/2024"]])

    assert (code, counted(report), len(report["errors"])) == (1, {}, 1)
    assert "03/04/2024" in report["errors"][0]["message"]
    assert report["errors"][0]["message"].endswith("Say it with --date-order dmy|mdy|ymd.")
    assert ImportJob.objects.count() == 0


@pytest.mark.parametrize(("order", "day"), [("dmy", date(2024, 4, 3)), ("mdy", date(2024, 3, 4))])
def test_a_command_answers_in_which_order_days_are_written(run, sales, order, day):
    make_employee(code="E1", org_unit=sales)

    code, report = run(
        "import_employees", [["Código", "Fecha de ingreso"], ["E1", "03/04/2024"]], "--date-order", order
    )

    assert (code, counted(report)) == (0, {"rows": 1, "updated": 1})
    assert Employee.objects.get().hired_on == day


def test_a_command_names_the_option_for_the_event(run, db):
    code, report = run("import_attendance", [["Código", "Asistió"], ["E1", "sí"]])

    assert (code, counted(report)) == (1, {})
    assert report["errors"][0]["message"].endswith("Say it with --event CODE.")


def test_a_command_says_which_sheet(run, db):
    workbook, content = Workbook(), io.BytesIO()
    for name in ("Norte", "Sur"):
        sheet = workbook.create_sheet(name)
        sheet.append(["Nombre"])
        sheet.append([f"Ventas {name}"])
    workbook.save(content)

    assert run("import_units", content.getvalue(), "--sheet", "Sur", name="units.xlsx")[0] == 0
    code, report = run("import_units", content.getvalue(), "--sheet", "Este", name="units.xlsx")

    assert OrgUnit.objects.get().name == "Ventas Sur"
    assert (code, "«Norte», «Sur»" in report["errors"][0]["message"]) == (1, True)


def test_a_command_says_encoding_and_separator(run, db):
    content = "Código|Nombre\nN|Núñez; Ñandú\n".encode("cp1252")

    assert run("import_units", content, "--encoding", "cp1252", "--separator", "|")[0] == 0
    code, report = run("import_units", content, "--encoding", "utf-8")

    assert OrgUnit.objects.get().name == "Núñez; Ñandú"
    assert (code, "utf-8" in report["errors"][0]["message"]) == (1, True)


@pytest.mark.parametrize(
    ("answer", "counts"), [("--split-names", {"rows": 1, "created": 1}), ("--no-split-names", {"rows": 1, "failed": 1})]
)
def test_whole_names_are_split_only_if_a_command_says_so(run, sales, answer, counts):
    rows = [["Código", "Nombre y apellido", "Unidad", "Fecha de ingreso"], ["E1", "Pérez, Ana", "Ventas", "2024-01-31"]]

    code, report = run("import_employees", rows)

    assert (code, counted(report)) == (1, {})
    assert report["errors"][0]["message"].endswith("Say it with --split-names|--no-split-names.")
    assert ImportJob.objects.count() == 0
    assert counted(run("import_employees", rows, answer)[1]) == counts
