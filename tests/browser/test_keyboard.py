"""What is done many times a day is done without a mouse."""

import pytest

from tests.access.turns import on_embedded_alone

pytestmark = [pytest.mark.browser, *on_embedded_alone()]


PEOPLE = "fetch('walk-ins/').then(answer => answer.json()).then(found => found.results)"


@pytest.fixture
def roll(program, page):
    """The roll of an event that is on, as its manager opens it."""
    program.log_in(page, "manager")
    page.goto(program.url("/hr/event/?state__exact=in_progress&q=brigada"))
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Pase de lista").first.click()
    page.wait_for_url("**/roll-call/**", wait_until="load")
    return page


def has_focus(locator):
    return locator.evaluate("element => element === document.activeElement")


def outcome_of(line):
    return line.locator("input:checked").get_attribute("value")


def test_a_roll_is_taken_from_its_first_person_on(roll):
    lines = roll.locator("form[data-roll] [data-line]")

    roll.keyboard.press("ArrowDown")
    roll.keyboard.press("t")

    assert outcome_of(lines.nth(0)) == "late"
    assert has_focus(lines.nth(1))


def test_a_whole_roll_is_taken_by_keyboard_alone(roll):
    lines = roll.locator("form[data-roll] [data-line]")
    person = lines.nth(4).get_attribute("data-text").split("emp-")[0].strip()
    guest = roll.evaluate(PEOPLE)[0]["text"]
    code = guest.rpartition("(")[2].rstrip(")")
    keyboard = roll.keyboard

    keyboard.press("/")
    keyboard.type(person)
    keyboard.press("Enter")
    found = roll.locator("[data-line]:visible")
    assert (found.count(), has_focus(found)) == (1, True)
    keyboard.press("j")
    assert outcome_of(found) == "excused"
    keyboard.press("/")
    keyboard.press("Escape")
    keyboard.press("Enter")
    for key in ("n", "t", "ArrowUp", "Backspace"):
        keyboard.press(key)
    assert [outcome_of(lines.nth(number)) for number in (0, 1, 4)] == ["absent", "pending", "excused"]
    keyboard.press("Tab")
    keyboard.type(code)
    roll.locator(".select2-results__option--highlighted", has_text=guest).wait_for()
    keyboard.press("Enter")
    assert roll.locator(".select2-selection__choice").inner_text().strip("× \n") == guest
    with roll.expect_navigation():
        keyboard.press("Control+Enter")

    assert roll.get_by_text("Se guardaron").is_visible()
    assert [outcome_of(lines.nth(number)) for number in (0, 1)] == ["absent", "pending"]
    keyboard.press("/")
    keyboard.type(code)
    assert outcome_of(roll.locator("[data-line]:visible")) == "present"
