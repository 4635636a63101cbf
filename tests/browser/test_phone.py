"""At the width of a phone no page reaches beyond the screen, and what belongs to a field stays within it."""

import pytest

from tests.access.turns import on_embedded_alone

pytestmark = [pytest.mark.browser, *on_embedded_alone()]

LONG = "Departamento de Investigación, Desarrollo e Innovación de la Región Centro Occidental"


@pytest.fixture
def phone(program, page):
    page.set_viewport_size({"width": 390, "height": 844})
    program.log_in(page, "admin")
    return page


def beyond_the_screen(page):
    """How many pixels the page can be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_an_employee_in_a_unit_with_a_long_name_fits(program, phone):
    phone.goto(program.url("/hr/employee/add/"))
    field = phone.locator(".related-widget-wrapper:has(#id_org_unit)")
    field.locator(".select2-container").wait_for()

    phone.evaluate("name => { document.querySelector('#select2-id_org_unit-container').textContent = name }", LONG)

    assert beyond_the_screen(phone) == 0
    menu = field.locator("> div").bounding_box()
    assert menu["x"] + menu["width"] <= 390


def test_a_sent_mail_with_a_long_link_fits(program, phone):
    phone.goto(program.url("/core/user/add/"))
    phone.fill("#id_full_name", "Rosa Méndez")
    phone.fill("#id_username", "rosa")
    phone.fill("#id_email", "rosa@evaltrack.example")
    phone.click("button[name=_save]")
    phone.wait_for_url("**/core/user/**")

    for _attempt in range(60):
        phone.goto(program.url("/core/storedmail/?q=rosa@evaltrack.example"))
        if phone.locator("#result_list tbody a").count():
            break
        phone.wait_for_timeout(1000)
    phone.locator("#result_list tbody a").first.click()
    phone.locator("a.break-all").wait_for()

    assert beyond_the_screen(phone) == 0


def test_a_list_is_headed_by_its_name(program, phone):
    phone.goto(program.url("/hr/employee/"))

    heading = phone.locator("h1.crumbs")

    assert heading.inner_text() == "Empleados"
    assert heading.evaluate("heading => heading.lastElementChild.scrollWidth <= heading.clientWidth")


@pytest.mark.parametrize("path", ["/hr/attendance/", "/hr/event/", "/hr/employee/", "/hr/evaluationround/"])
def test_a_row_of_a_list_is_a_card_with_labels(program, phone, path):
    phone.goto(program.url(path))
    row = phone.locator("#result_list .data-row").first

    assert row.evaluate("row => row.scrollWidth <= row.parentElement.parentElement.parentElement.clientWidth")
    assert row.locator("td[data-label]:not(.action-checkbox):visible").count() > 2
    assert "arrow" not in "".join(cell.get_attribute("data-label") or "" for cell in row.locator("td").all())


# What a thumb presses on the roll.
TARGETS = ".roll-links a, .roll-search input, .roll-search button, .roll-outcome, .roll-bar button, .select2-selection"


def test_a_roll_fits_a_phone_and_a_thumb(program, page):
    page.set_viewport_size({"width": 390, "height": 844})
    program.log_in(page, "manager")
    page.goto(program.url("/hr/event/?state__exact=in_progress&q=brigada"))
    page.locator("#result_list tbody th a").first.click()
    page.goto(program.url(page.locator("a[href*='/roll-call/']").first.get_attribute("href")))
    page.locator("form[data-roll] .select2-selection").wait_for()

    heights = page.locator(TARGETS).evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")

    assert beyond_the_screen(page) == 0
    assert len(heights) > 5
    assert min(heights) >= 44


def test_a_correction_is_asked_for_where_one_reads_ones_attendance(program, page):
    page.set_viewport_size({"width": 390, "height": 844})
    program.log_in(page, "employee")
    page.goto(program.url("/hr/attendance/mine/?told=present"))
    page.get_by_role("link", name="¿No es correcto? Pida una corrección").first.click()
    dialog = page.locator("#dialog")
    dialog.locator("[name=outcome]").select_option("late")
    dialog.locator("[name=reason]").fill("Llegué tarde.")
    assert beyond_the_screen(page) == 0

    dialog.get_by_role("button", name="Pedir una corrección").click()
    page.wait_for_url("**/hr/attendance/*/change/")

    assert page.get_by_text("Llegué tarde.").is_visible()
