"""A large file with faults, as its loader lives through it: watched, taken in part, corrected, and taken back; and one
whose worker is killed again and again.
"""

import json
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from openpyxl import load_workbook

from hr.loading.xlsx import SheetToWrite, workbook
from tests.browser.conftest import ROOT
from tests.browser.test_main_job import complaints, counts  # noqa: F401  (a fixture)
from tests.hr.nursery import nursery

pytestmark = pytest.mark.browser

WAIT_MS = 1_200_000
FAULTY_EVERY = 100
HEADER = ["Código", "Nombres", "Apellidos", "Cédula", "Correo electrónico", "Unidad", "Fecha de ingreso"]
# Where the 1 % goes wrong, and what is right there.
UNIT, DAY = ("Unidad", "Auditoría Interna"), ("Fecha de ingreso", "15/01/2024")
CONFIRM = "button[name=action][value=confirm]"
BAR = "#load-figures progress"
KILLS, KILLED_ROWS = 20, 30_000
# As the clock wakes what stands still, but at once; in chunks so small that something is left after twenty kills.
LOAD = """
from datetime import timedelta
from django.core.management import call_command
from hr.loading import apply, jobs
apply.CHUNK, jobs.STALLED_AFTER = 200, timedelta(0)
"""
WORK = """
jobs.wake_stalled()
call_command("worker")
"""
REPORT = """
import json
from hr.models import Employee, ImportJob, ImportRow
job = ImportJob.objects.order_by("pk").last()
people = Employee.objects.filter(code__startswith="KIL-")
entries = Employee.history.filter(code__startswith="KIL-")
written = ImportRow.objects.filter(job=job).exclude(written_version=None)
print(json.dumps([
    people.count(), people.values("national_id").distinct().count(), entries.count(),
    entries.values("id").distinct().count(), written.count(), written.values("object_id").distinct().count(),
]))
"""


def people(rows, prefix="MAS", first_id=20_000_000):
    """New people of a unit the demo has; of a hundred one is faulty, half by the unit, half by the day."""
    for number in range(1, rows + 1):
        unit, day = UNIT[1], DAY[1]
        if number % FAULTY_EVERY == 0:
            unit, day = ("Auditoría Intrena", day) if number % (2 * FAULTY_EVERY) else (unit, "pronto")
        yield [
            f"{prefix}-{number:06}", "Ana", f"Pérez {number}", f"V-{first_id + number}",
            f"{prefix}{number}@example.com", unit, day,
        ]  # fmt: skip


def write_file(path, rows, *of):
    sheet = SheetToWrite("Empleados", HEADER, [18] * len(HEADER), people(rows, *of))
    path.write_bytes(b"".join(workbook([sheet])))


def correct(path):
    """Put what is right into the coloured cells of the error workbook; returns how many there were."""
    book = load_workbook(path)
    sheet = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[1]}
    mended = 0
    for row in sheet.iter_rows(min_row=2):
        for header, right in (UNIT, DAY):
            cell = row[places[header] - 1]
            if cell.fill.fgColor.rgb == "FFFFC7CE":
                cell.value = right
                mended += 1
    book.save(path)
    return mended


def listed(program, page, code):
    """How many people the list finds by the code."""
    page.goto(program.url(f"/hr/employee/?q={code}"))
    return page.locator("#result_list tr.data-row", has_text=code).count()


class Loads:
    """The pages of loads of people in one browser."""

    def __init__(self, program, page):
        self.program, self.page = program, page
        # What the bar showed, in turn.
        self.seen = []

    def upload(self, path):
        self.page.goto(self.program.url("/hr/employee/import/"))
        self.page.set_input_files("input[type=file]", str(path))
        self.page.locator("form[enctype] button[type=submit]").click()
        self.page.wait_for_url(re.compile(r"/hr/employee/import/\d+/$"), timeout=WAIT_MS)
        return self.page.url

    def watch(self):
        """Wait while the page shows a bar; what it showed is kept."""
        self.page.wait_for_selector(f"{BAR}, .load-count", timeout=WAIT_MS)
        for _second in range(WAIT_MS // 500):
            if self.page.locator(".load-count").count():
                return
            for bar in self.page.locator(BAR).all():
                value = bar.get_attribute("value", timeout=WAIT_MS)
                if value is not None and (not self.seen or self.seen[-1] != int(value)):
                    self.seen.append(int(value))
            self.page.wait_for_timeout(500)
        pytest.fail("the load did not end")

    def begin(self):
        """Press the button of the preview."""
        if self.page.locator("input[name=accept_valid]").count():
            self.page.check("input[name=accept_valid]")
        self.seen.clear()
        self.page.click(CONFIRM)

    def done(self):
        """How many rows the page says are done, None once nothing is under way."""
        bar = re.search(r"<progress[^>]*>", self.page.request.get(self.page.url, timeout=WAIT_MS).text())
        value = re.search(r'value="(\d+)"', bar[0]) if bar else None
        return int(value[1]) if value else (0 if bar else None)

    def progress(self):
        """Wait until more rows are done than now."""
        before = self.done()
        until = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < until:
            if (done := self.done()) is None or done > before:
                return
            time.sleep(0.1)
        pytest.fail("the load stands still")

    def confirm(self):
        self.begin()
        self.watch()
        self.page.wait_for_selector("a[href$='/undo/']", timeout=WAIT_MS)


@pytest.mark.parametrize("rows", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_file_with_faults_is_taken_in_part_corrected_and_taken_back(program, page, complaints, tmp_path, rows):  # noqa: F811
    faulty, path, errors = rows // FAULTY_EVERY, tmp_path / f"masiva-{rows}.xlsx", tmp_path / f"errores-{rows}.xlsx"
    write_file(path, rows)
    program.log_in(page, "admin")
    loads = Loads(program, page)

    first = loads.upload(path)
    loads.watch()
    found = counts(page)
    assert (found["filas"], found["nuevas"], found["con errores"]) == (rows, rows - faulty, faulty)
    assert page.locator(".load-group").count() == 2, "each cause once"
    loads.confirm()
    assert loads.seen == sorted(loads.seen)
    assert loads.seen, "the bar was seen"

    with page.expect_download(timeout=WAIT_MS) as download:
        page.click("a[href$='/errors/']")
    download.value.save_as(errors)
    assert correct(errors) == faulty

    loads.upload(errors)
    loads.watch()
    found = counts(page)
    assert (found["filas"], found["nuevas"], found["con errores"]) == (faulty, faulty, 0)
    loads.confirm()

    page.goto(first)
    page.click("a[href$='/undo/']")
    page.wait_for_selector(".load-count-number", timeout=WAIT_MS)
    removed, restored, kept = (
        int(re.sub(r"\D", "", text)) for text in page.locator(".load-count-number").all_inner_texts()
    )
    assert (removed, restored, kept) == (rows - faulty, 0, 0)
    page.locator("#load form button[type=submit]").click()
    page.wait_for_url(first, timeout=WAIT_MS)
    loads.watch()
    assert page.locator("a[href$='/undo/']").count() == 0

    assert listed(program, page, f"MAS-{FAULTY_EVERY:06}") == 1, "what was corrected stays"
    assert listed(program, page, "MAS-000001") == 0
    assert complaints == []


@pytest.mark.slow
def test_a_worker_killed_twenty_times_writes_every_row_once(program, page, complaints, tmp_path):  # noqa: F811
    path, valid = tmp_path / "matada.xlsx", KILLED_ROWS - KILLED_ROWS // FAULTY_EVERY
    write_file(path, KILLED_ROWS, "KIL", 40_000_000)
    program.log_in(page, "admin")
    loads = Loads(program, page)

    with program.without_worker(), nursery(LOAD, WORK, cwd=ROOT, env=program.environment) as workers:
        loads.upload(path)
        kills = 0
        while kills < KILLS // 4:
            assert workers.run(kill_after=random.uniform(0.5, 2)) == -signal.SIGKILL
            if loads.done() is None:
                # A machine so quick that the check is over.
                break
            kills += 1
        workers.run(meanwhile=loads.watch)
        found = counts(page)
        assert (found["filas"], found["nuevas"], found["con errores"]) == (KILLED_ROWS, valid, KILLED_ROWS - valid)

        loads.begin()
        while kills < KILLS:
            assert workers.run(kill_after=random.uniform(0, 0.1), meanwhile=loads.progress) == -signal.SIGKILL
            assert 0 < loads.done() < valid, "it was at work"
            kills += 1
        workers.run(meanwhile=loads.watch)

    found = counts(page)
    assert (found["filas"], found["nuevas"], found["con errores"]) == (KILLED_ROWS, valid, KILLED_ROWS - valid)
    page.wait_for_selector("a[href$='/undo/']", timeout=WAIT_MS)
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", REPORT]
    told = subprocess.run(command, cwd=ROOT, env=program.environment, check=True, capture_output=True, text=True)
    assert json.loads(told.stdout) == [valid] * 6
    assert listed(program, page, "KIL-000001") == 1
    assert complaints == []
