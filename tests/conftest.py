import copy
import os
import shutil
from contextlib import ExitStack, contextmanager

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import translation
from structlog.contextvars import clear_contextvars

from backoffice.management.commands import migrate
from core.roles import sync_roles
from tests.access.turns import ON_SERVERS
from tests.hr.personas import World
from tests.scheduling import Scheduler
from tests.schema import make_tables

DATABASES = ["default", "business"]
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduler(config, log) if config.getvalue("dist") == "load" else None


def pytest_collection_modifyitems(items):
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker or DATABASE_FIXTURES & set(item.fixturenames):
            options = {"databases": DATABASES} | (dict(marker.kwargs) if marker else {})
            item.add_marker(pytest.mark.django_db(**options), append=False)
        elif ON_SERVERS and not any(map(item.get_closest_marker, ("servers", "browser"))):
            # What asks no database is told nothing new by another one.
            item.add_marker(pytest.mark.elsewhere)
        asks = set(item.fixturenames)
        if "world_of_module" in asks and ("world" not in asks or DATABASE_FIXTURES - {"db"} & asks):
            raise pytest.UsageError(f"{item.nodeid} asks for no world, or commits: its module cannot share one")
        if item.get_closest_marker("servers") and connection.vendor == "sqlite":
            item.add_marker(pytest.mark.skip(reason="needs the real servers: make test-servers"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    patch = pytest.MonkeyPatch()
    if connection.vendor == "sqlite":
        patch.setattr(migrate.Command, "handle", make_tables)
    return patch


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings, django_db_setup, django_db_blocker):
    """The roles are there from the beginning, as in every deployment: to make them takes longer than most tests."""
    django_db_modify_db_settings.undo()
    with django_db_blocker.unblock():
        sync_roles()


@pytest.fixture(autouse=True)
def _nothing_of_the_last_request():
    """It leaves its user's language behind, which the next test would speak, and its ids, which lines would bear."""
    yield
    translation.deactivate()
    clear_contextvars()


@pytest.fixture(autouse=True)
def _no_leftovers_in_the_cache(request):
    """A rollback empties the cache table; Redis and the tests that commit need a hand."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if hasattr(cache, "delete_pattern"):
        cache.delete_pattern("*")
    elif marker and marker.kwargs.get("transaction"):
        cache.clear()


@contextmanager
def undone():
    """Everything done inside is taken back, in both databases."""
    with ExitStack() as stack:
        for name in DATABASES:
            stack.enter_context(transaction.atomic(using=name))
        yield
        for name in DATABASES:
            transaction.set_rollback(True, using=name)


@pytest.fixture(scope="module")
def world_of_module(django_db_setup, django_db_blocker):
    """Built once for a module of which every test asks for the world: `pytest.mark.usefixtures("world_of_module")`.

    Each test works in a savepoint over it, and with rows of its own.
    """
    with django_db_blocker.unblock(), undone(), translation.override("en"):
        yield World.build()


@pytest.fixture
def world(request, db):
    """Everybody who may knock, see tests/hr/personas.py."""
    if "world_of_module" in request.fixturenames:
        return copy.deepcopy(request.getfixturevalue("world_of_module"))
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
