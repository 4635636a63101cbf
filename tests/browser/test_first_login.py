import re
import time

import pytest
from playwright.sync_api import expect

from tests.access.turns import on_embedded_alone

pytestmark = [pytest.mark.browser, *on_embedded_alone()]

PASSWORD = "araguaney-2027"
# The clock comes every 15 seconds.
CLOCK_SECONDS = 60


@pytest.fixture
def complaints(page):
    """What the browser's console complains about, such as a breach of the content security policy."""
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def fresh(browser):
    return browser.new_context(locale="en-US").new_page()


def wait_for_mail(page, program, address):
    until = time.monotonic() + CLOCK_SECONDS
    while time.monotonic() < until:
        page.goto(program.url(f"/core/storedmail/?q={address}"))
        if page.locator("#result_list tbody tr").count():
            return
        time.sleep(1)
    pytest.fail("the clock sent no mail")


def test_somebody_invited_by_hr_chooses_a_password_and_sees_himself(program, page, browser, complaints):
    program.log_in(page, "hr")
    page.goto(program.url("/hr/employee/?status__exact=active"))
    rows = page.locator("#result_list tbody tr").filter(has_text="EMP-")
    rows.nth(5).locator("a").first.click()
    code, address = page.input_value("#id_code"), page.input_value("#id_work_email")
    assert address
    page.locator("[hx-get*='/invite'], a[href*='/invite']").first.click()
    page.locator("form[hx-post*='/invite'] button[type=submit]").click()
    expect(page.locator(".bg-green-100").first).to_be_visible()

    admin = fresh(browser)
    program.log_in(admin, "admin")
    wait_for_mail(admin, program, address)
    admin.locator("#result_list tbody a").first.click()
    link = admin.locator("a[href^='http'][href*='/invitation/']").first.get_attribute("href")

    newcomer = fresh(browser)
    newcomer.goto(link)
    newcomer.fill("#id_new_password1", PASSWORD)
    newcomer.fill("#id_new_password2", PASSWORD)
    newcomer.locator("form:has(#id_new_password1) button[type=submit]").click()
    newcomer.wait_for_url("**/login/")
    newcomer.fill("#id_username", code.lower())
    newcomer.fill("#id_password", PASSWORD)
    newcomer.click("#login-form button[type=submit]")
    newcomer.wait_for_url(program.url("/"))
    newcomer.goto(program.url("/hr/employee/"))
    expect(newcomer.locator("#result_list tbody tr")).to_have_count(1)
    assert code in newcomer.locator("#result_list").inner_text()
    assert complaints == []


def test_the_login_page_switches_its_language(program, page, complaints):
    page.goto(program.url("/login/"))
    assert page.locator("html").get_attribute("lang") == "es"

    page.locator("button[lang=en]").click()
    page.wait_for_url("**/login/")

    assert page.locator("html").get_attribute("lang") == "en"
    assert complaints == []


@pytest.mark.parametrize("path", ["/login/", "/activate/", "/forgotten/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_pages_fit_a_phone_and_keep_the_policy(program, browser, path, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    found = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)

    page.goto(program.url(path))
    page.wait_for_load_state("networkidle")

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert [text for text in found if not re.search(r"favicon", text)] == []
    context.close()
