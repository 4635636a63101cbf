"""The promise of size: 10,000 rows of a file, previewed and written within a minute."""

import io
import time
from datetime import date
from pathlib import Path

import pytest

from core.roles import BULK_LOADER, HR_MANAGER
from hr.demo.workbook import write_sample_workbook
from hr.loading import engine, jobs
from hr.loading.export import Export
from hr.loading.kinds import KINDS
from hr.models import Attendance, Employee, OrgUnit
from hr.services import imports
from hr.services.writing import insert
from tests.factories import make_event, make_unit, make_user
from tests.hr.loading.conftest import as_csv

SECONDS = 60
MEGABYTES = 100


@pytest.mark.slow
def test_a_hundred_thousand_people_are_checked_in_little_memory(db):
    """What the check itself takes, beside the process, the file and the database."""
    make_unit("Ventas")
    columns = ["Código", "Nombres", "Apellidos", "Cédula", "Correo", "Celular", "Unidad", "Fecha de ingreso", "Jefe"]
    rows = (
        [f"E{n}", "Ana", f"Pérez {n}", f"V-{5_000_000 + n}", f"ana{n}@example.com", f"0412-{1_000_000 + n}", "Ventas",
         "2024-01-15", f"E{n // 10}" if n > 9 else ""]
        for n in range(1, 100_001)
    )  # fmt: skip
    sheet = engine.read_file(as_csv([columns, *rows]), KINDS["employees"])
    _forget_peak()
    before = _memory("VmRSS")

    plan = engine.check(sheet, KINDS["employees"], user=None)

    assert plan.count == {"new": 100_000}
    assert _memory("VmHWM") - before < MEGABYTES


def _forget_peak():
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _memory(what):
    [line] = [line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if what in line]
    return int(line.split()[1]) / 1024


@pytest.mark.slow
def test_ten_thousand_people_are_loaded_within_a_minute(db):
    make_unit("Empresa")
    hr = make_user(role=HR_MANAGER)
    file = io.BytesIO()
    write_sample_workbook(file)

    started = time.monotonic()
    job = imports.upload(KINDS["employees"], "sample.xlsx", file.getvalue(), actor=hr, create_missing=True)
    jobs.run(job.pk)
    imports.confirm(job.pk, actor=hr)
    jobs.run(job.pk)
    seconds = time.monotonic() - started

    job.refresh_from_db()
    assert (job.state, job.created, job.failed) == ("applied", 10_000, 0)
    assert Employee.objects.count() == Employee.history.count() == 10_000
    assert Employee.objects.filter(reports_to=None).count() == 1
    assert OrgUnit.objects.count() == 102
    assert seconds < SECONDS


@pytest.mark.slow
def test_ten_thousand_rows_of_attendance_are_loaded_within_a_minute(db):
    """All are enrolled, confirmed and marked; then the same file again, and what was exported."""
    unit, loader = make_unit("Empresa"), make_user(role=BULK_LOADER)
    event = make_event(code="V1", state="in_progress")
    people = [
        Employee(code=f"P{number}", first_name="Ana", last_name="Gil", hired_on=date(2020, 1, 1), org_unit=unit)
        for number in range(10_000)
    ]
    insert(people)
    file = as_csv(
        [["Evento", "Código", "Estado", "Asistió"], *(["V1", row.code, "confirmada", "sí"] for row in people)]
    )

    started = time.monotonic()
    job = run(file, loader)
    seconds = time.monotonic() - started
    again = run(file, loader)
    exported = run(b"".join(Export(KINDS["attendance"], Attendance.objects.all(), user=loader).file("csv")), loader)

    assert (job.state, job.created, job.failed) == ("applied", 10_000, 0)
    assert Attendance.objects.filter(status="confirmed", outcome="present").count() == 10_000
    event.refresh_from_db()
    assert event.seats_taken == 10_000
    assert [each.unchanged for each in (again, exported)] == [10_000, 10_000]
    assert seconds < SECONDS


def run(file, actor):
    job = imports.upload(KINDS["attendance"], "attendance.csv", file, actor=actor, again=True)
    jobs.run(job.pk)
    job.refresh_from_db()
    if job.created or job.updated:
        imports.confirm(job.pk, actor=actor)
        jobs.run(job.pk)
        job.refresh_from_db()
    return job
