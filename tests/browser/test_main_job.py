"""The main job as its user does it: a file of 10,000 people goes in, every one is found, and it comes out again."""

import re

import pytest

from hr.demo.workbook import write_sample_workbook

pytestmark = pytest.mark.browser

ROWS = 10_000
WAIT_MS = 120_000
CONFIRM = "button[name=action][value=confirm]"


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "personal.xlsx"
    write_sample_workbook(path, rows=ROWS)
    return path


@pytest.fixture
def complaints(page):
    """What the browser's console calls an error: a script that fails, a rule of the content policy broken."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def upload(program, page, path):
    page.goto(program.url("/hr/employee/import/"))
    page.set_input_files("input[type=file]", str(path))
    page.locator("form[enctype] button[type=submit]").click()
    page.wait_for_url(re.compile(r"/hr/employee/import/\d+/"), timeout=WAIT_MS)


def counts(page):
    """The cards of the load's page: {title: number}."""
    page.wait_for_selector(".load-count", timeout=WAIT_MS)
    cards = page.locator(".load-count").all()
    numbers = {}
    for card in cards:
        number, title = card.locator("span").all_inner_texts()
        numbers[title.strip()] = int(re.sub(r"\D", "", number))
    return numbers


def test_a_file_of_ten_thousand_goes_in_is_found_and_comes_out(program, page, workbook, complaints, tmp_path):
    program.log_in(page, "admin")

    upload(program, page, workbook)
    found = counts(page)
    assert found["filas"] == found["nuevas"] + found["con errores"] == ROWS
    page.check("input[type=checkbox][name=create_missing]")
    page.wait_for_selector(CONFIRM, timeout=WAIT_MS)
    found = counts(page)
    assert (found["nuevas"], found["con errores"]) == (ROWS, 0)

    page.click(CONFIRM)
    page.wait_for_selector("button[name=action][value=invite]", timeout=WAIT_MS)

    page.goto(program.url("/hr/employee/?q=perez"))
    first = page.locator("#result_list tbody tr").first.inner_text()
    assert "Pérez" in first

    # So many rows are made into a file by the worker.
    page.goto(program.url("/hr/employee/export/xlsx/"))
    page.locator("form.export-form button[type=submit]").click()
    page.wait_for_selector("a[href$='/file/']", timeout=WAIT_MS)
    with page.expect_download(timeout=WAIT_MS) as download:
        page.click("a[href$='/file/']")
    exported = tmp_path / "exported.xlsx"
    download.value.save_as(exported)

    upload(program, page, exported)
    found = counts(page)
    assert found["filas"] == found["sin cambios"] >= ROWS
    assert found["nuevas"] == found["modificadas"] == found["con errores"] == 0
    assert page.locator(CONFIRM).count() == 0
    assert complaints == []
