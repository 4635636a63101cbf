"""An event from draft to graded: HR, an employee on a phone, the manager and the auditor, each in a browser of his own.

Addressed by role of the page, name and address; what people read is compared in Spanish.
"""

import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from django.utils.translation import gettext

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
SCREENS = {"hr": DESK, "employee": PHONE, "manager": DESK, "auditor": DESK}
TITLE = "Taller de seguridad en alturas"
GRADE, SHOWN_GRADE, FEEDBACK = "92.5", "92,50", "Muy buenas respuestas."
WAIT_MS = 60_000
HERE = ZoneInfo("America/Caracas")


def spanish(text):
    """As the catalogue has it, whatever it says."""
    with translation.override("es"):
        return gettext(text)


@pytest.fixture
def people(program, browser):
    """Their windows, logged in, and what the consoles complained of."""
    contexts, complaints = [], []
    windows = {}
    for name, screen in SCREENS.items():
        context = browser.new_context(locale="es-VE", timezone_id=str(HERE), viewport=screen)
        contexts.append(context)
        page = windows[name] = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        program.log_in(page, name)
    yield SimpleNamespace(**windows, complaints=complaints)
    for context in contexts:
        context.close()


def at(moment):
    """For a field of day and time."""
    return moment.astimezone(HERE).strftime("%Y-%m-%dT%H:%M")


def step(page, verb):
    """A step of an event or evaluation, by its dialog."""
    link = page.locator(f"a[hx-get$='/{verb}/']").first
    if not link.is_visible():
        page.locator("span.material-symbols-outlined:text-is('more_horiz'):visible").first.click()
    link.click()
    with page.expect_navigation():
        page.locator("#modal-content button[type=submit]").click()


def row_of(page, program, event):
    """The event in the list of events, as text."""
    page.goto(program.url(f"/hr/event/?q={event}"))
    return page.locator("#result_list tbody tr").first.text_content()


def code_of(page, program):
    """The code of the employee who is logged in."""
    page.goto(program.url("/hr/employee/profile/"))
    return re.search(r"EMP-\d+", page.content())[0]


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def plan(page, program, codes):
    """HR: a draft that begins in half an hour, for these people, with an evaluation after it; its key."""
    now = datetime.now(HERE)
    page.goto(program.url("/hr/event/add/"))
    page.fill("#id_title", TITLE)
    page.locator("#id_kind + .select2-container").click()
    page.fill(".select2-search__field", "Taller")
    page.locator(".select2-results__option", has_text="Taller").first.click()
    page.fill("#id_starts_at", at(now + timedelta(minutes=30)))
    page.fill("#id_ends_at", at(now + timedelta(hours=2)))
    page.click("button[name=_continue]")
    page.wait_for_url(re.compile(r"/hr/event/\d+/change/"))
    event = re.search(r"/event/(\d+)/", page.url)[1]
    page.goto(program.url(f"/hr/event/{event}/audience/"))
    page.fill("#id_pasted", "\n".join(codes))
    page.click("button[name=_add]")
    page.wait_for_load_state()
    page.goto(program.url(f"/hr/event/{event}/change/"))
    step(page, "evaluate")
    return event


def begin(program, event):
    """Half an hour and more goes by in a moment."""
    moment = (datetime.now(HERE) - timedelta(minutes=30)).isoformat()
    line = f"from hr.models import Event; Event.objects.filter(pk={event}).update(starts_at='{moment}')"
    subprocess.run([sys.executable, "manage.py", "shell", "-v0", "-c", line], env=program.environment, check=True)


def await_state(page, program, state):
    """The clock leads the event into the state."""
    until = time.monotonic() + WAIT_MS / 1000
    while spanish(state) not in row_of(page, program, TITLE):
        assert time.monotonic() < until, f"the clock did not lead the event to {state}"
        page.wait_for_timeout(1000)


def end(page, program, event):
    """HR: the event ended a minute ago; the clock takes it from there, as it took it to its beginning."""
    await_state(page, program, "in progress")
    page.goto(program.url(f"/hr/event/{event}/change/"))
    page.fill("#id_ends_at", at(datetime.now(HERE) - timedelta(minutes=1)))
    page.click("button[name=_save]")
    page.wait_for_url(re.compile(r"/hr/event/(\?|$)"))
    await_state(page, program, "completed")


def test_an_event_goes_from_draft_to_graded_with_four_people(program, people):
    hr, employee, manager, auditor = people.hr, people.employee, people.manager, people.auditor
    code = code_of(employee, program)

    event = plan(hr, program, [code])
    assert spanish("draft") in row_of(hr, program, TITLE)
    employee.goto(program.url(f"/hr/event/{event}/change/"))
    assert employee.url == program.url("/"), "a draft is not there for others"
    hr.goto(program.url(f"/hr/event/{event}/change/"))
    step(hr, "publish")

    employee.goto(program.url("/hr/event/mine/"))
    assert employee.locator("html").get_attribute("lang") == "es"
    mine = employee.locator("li", has_text=TITLE)
    assert spanish("registered") in mine.text_content()
    assert fits(employee)
    mine.locator("form[action$='/confirm/'] button").click()
    mine.get_by_text(spanish("confirmed")).wait_for()
    begin(program, event)

    manager.goto(program.url(f"/hr/attendance/roll-call/{event}/"))
    line = manager.locator("[data-line]", has_text=code)
    line.locator("label", has=manager.locator("input[value=present]")).click()
    manager.locator("form[data-roll] button[type=submit]").click()
    manager.wait_for_load_state()
    assert line.get_attribute("data-saved") == "present"

    end(hr, program, event)
    hr.goto(program.url(f"/hr/event/{event}/change/"))
    step(hr, "close")
    assert spanish("closed") in row_of(hr, program, TITLE)

    employee.goto(program.url("/hr/evaluation/mine/"))
    assert fits(employee)
    employee.locator("li", has_text=TITLE).locator("a").first.click()
    evaluation = re.search(r"/evaluation/(\d+)/", employee.url)[1]
    texts = employee.locator("fieldset textarea")
    texts.nth(0).fill("A revisar el arnés antes de subir.")
    employee.click("button[name=_draft]")
    employee.get_by_text(spanish("Your draft was saved. It is not submitted yet.")).wait_for()
    assert manager.goto(program.url(f"/hr/evaluation/{evaluation}/change/")).status == 200
    assert "arnés" not in manager.content()
    texts.nth(1).fill("Con una lista en cada turno.")
    employee.locator("fieldset label", has=employee.locator("input[value=True]")).click()
    assert fits(employee)
    employee.click("button[name=_submit]")
    employee.get_by_text(spanish("Thank you. Your answers were submitted.")).wait_for()

    manager.goto(program.url(f"/hr/evaluation/{evaluation}/grade/"))
    assert "arnés" in manager.content()
    manager.locator("input[name=grade]:focus").wait_for()
    manager.keyboard.type(GRADE)
    manager.fill("[name=feedback]", FEEDBACK)
    with manager.expect_navigation():
        manager.keyboard.press("Control+Enter")

    employee.goto(program.url(f"/hr/evaluation/{evaluation}/answer/"))
    assert employee.get_by_text(SHOWN_GRADE).is_visible()
    assert employee.get_by_text(FEEDBACK).is_visible()
    assert employee.locator("textarea").count() == 0
    assert fits(employee)

    auditor.goto(program.url(f"/hr/evaluation/{evaluation}/change/"))
    assert auditor.get_by_text(SHOWN_GRADE).is_visible()
    assert auditor.locator(f"a[hx-get*='/{evaluation}/'], button[name^=_save]").count() == 0
    assert spanish("closed") in row_of(auditor, program, TITLE)
    assert people.complaints == []
    for path in ("evaluation/{}/grade/", "evaluation/{}/reopen_grading/"):
        assert auditor.goto(program.url("/hr/" + path.format(evaluation))).status == 403
    assert auditor.goto(program.url(f"/hr/event/{event}/reopen/")).status == 403
