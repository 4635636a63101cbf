import os
import shutil

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation

from tests.hr.personas import World

DATABASES = ["default", "business"]
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}


def pytest_collection_modifyitems(items):
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker or DATABASE_FIXTURES & set(item.fixturenames):
            options = {"databases": DATABASES} | (dict(marker.kwargs) if marker else {})
            item.add_marker(pytest.mark.django_db(**options), append=False)
        if item.get_closest_marker("servers") and connection.vendor == "sqlite":
            item.add_marker(pytest.mark.skip(reason="needs the real servers: make test-servers"))


@pytest.fixture(autouse=True)
def _language_of_the_product():
    """A request leaves its user's language behind, which the next test would speak."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_leftovers_in_the_cache(request):
    """A rollback empties the cache table; Redis and the tests that commit need a hand."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if hasattr(cache, "delete_pattern"):
        cache.delete_pattern("*")
    elif marker and marker.kwargs.get("transaction"):
        cache.clear()


@pytest.fixture
def world(db):
    """Everybody who may knock, see tests/hr/personas.py."""
    return World.build()


@pytest.fixture
def as_persona(client, world):
    """`as_persona(key)` is a browser in which that persona is logged in."""

    def log_in(key):
        client.force_login(world.users[key])
        return client

    return log_in


def find_chromium():
    """The path of a Chromium or Chrome, or None. `CHROMIUM` names another one."""
    named = os.environ.get("CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium. Without one the test is skipped, or fails where REQUIRE_BROWSER=1 (CI)."""
    path = find_chromium()
    if path is None:
        message = "no Chromium found: install chromium, or name one in CHROMIUM"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)

    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    quiet = ["background-networking", "component-update", "quic", "sync", "gpu"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--no-first-run", *(f"--disable-{feature}" for feature in quiet)],
        )
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser):
    """A fresh browser window, in Spanish and 1280 × 900."""
    context = browser.new_context(locale="es-VE", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
