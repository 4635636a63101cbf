"""What is done many times a day is done without a mouse."""

import pytest

from tests.access.turns import on_embedded_alone

pytestmark = [pytest.mark.browser, *on_embedded_alone()]


def test_a_roll_is_taken_from_its_first_person_on(program, page):
    program.log_in(page, "manager")
    page.goto(program.url("/hr/event/?state__exact=in_progress&q=brigada"))
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Pase de lista").first.click()
    page.wait_for_url("**/roll-call/**", wait_until="load")
    lines = page.locator("form[data-roll] [data-line]")

    page.keyboard.press("ArrowDown")
    page.keyboard.press("t")

    assert lines.nth(0).locator("input:checked").get_attribute("value") == "late"
    assert lines.nth(1).evaluate("line => line === document.activeElement")
