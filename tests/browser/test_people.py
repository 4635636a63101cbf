"""A person's page: dialogs whose choices are searched by typing, the history, the chart that opens level by level."""

import re

import pytest

from tests.access.turns import on_embedded_alone

pytestmark = [pytest.mark.browser, *on_embedded_alone()]


@pytest.fixture
def complaints(page):
    """What the browser's console calls an error: a script that fails, a rule of the content policy broken."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def open_first(program, page, term):
    page.goto(program.url(f"/hr/employee/?q={term}"))
    page.click("#result_list tbody a >> nth=0")
    page.wait_for_url(re.compile(r"/hr/employee/\d+/change/"))


def choose_in_dialog(page, term):
    """Type into the dialog's search and take the first choice."""
    page.click("#dialog .select2-selection")
    page.keyboard.type(term)
    page.wait_for_selector(f".select2-results__option--highlighted:has-text('{term[:4]}')")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_person_is_moved_by_typing_without_accents(program, page, complaints, width):
    page.set_viewport_size({"width": width, "height": 844})
    program.log_in(page, "hr")
    target = "tesoreria" if width == 1280 else "infraestructura"
    open_first(program, page, "EMP-00101")

    if width < 1024:
        page.click("a:has-text('more_horiz'):visible")
    page.click("a:visible:has-text('Trasladar')")
    page.click("#dialog button[type=submit]")  # nothing chosen: the dialog stays and its search still works
    page.wait_for_selector("#dialog .errors, #dialog [class*=error]")
    choose_in_dialog(page, target)
    page.click("#dialog button[type=submit]")
    page.wait_for_selector("text=Se trasladó")

    page.click("#tabs-items a:has-text('Historial')")
    page.wait_for_selector(f"dd:has-text('{target[:4]}')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_the_chart_opens_level_by_level(program, page, complaints):
    program.log_in(page, "hr")
    page.goto(program.url("/hr/orgunit/chart/"))
    assert page.locator("text=Nómina y Beneficios").count() == 0

    page.locator("details:has(> summary:has-text('Talento Humano')) > summary").last.click(position={"x": 4, "y": 12})

    page.wait_for_selector("text=Nómina y Beneficios")
    assert complaints == []
