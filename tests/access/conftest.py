"""The world of personas, built once for all tests of access; each test works in a savepoint over it."""

import gc
import logging
import sys

import pytest
from django.utils import translation

from core.models import User
from tests.access.readers import Reader
from tests.access.rows import Rows
from tests.access.traces import Traces
from tests.access.watch import Watch
from tests.conftest import undone
from tests.hr.personas import PERSONAS, World


class WithoutTraceback(logging.Filter):
    """A refusal is logged with where it was raised, which takes longer to write down than the refusal itself."""

    def filter(self, record):
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True


@pytest.fixture(scope="package", autouse=True)
def _short_log():
    refused, logger = WithoutTraceback(), logging.getLogger("django.request")
    logger.addFilter(refused)
    yield
    logger.removeFilter(refused)


@pytest.fixture(scope="package")
def _everything(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone(), translation.override("en"):
        world = World.build()
        for key, user in world.users.items():
            if user:
                User.objects.filter(pk=user.pk).update(email=f"za{key.replace('_', '')}q@example.org")
        rows = Rows(world)
        traces = Traces(world, rows)
        readers = {key: Reader(world, traces, rows, key) for key in PERSONAS}
        # What stands until the end need not be looked through again and again.
        gc.freeze()
        yield world, rows, readers, Watch()
        gc.unfreeze()


@pytest.fixture
def world(_everything, db):
    return _everything[0]


@pytest.fixture
def rows(_everything, db):
    return _everything[1]


@pytest.fixture
def readers(_everything, db):
    """By persona, each logged in."""
    return _everything[2]


@pytest.fixture
def watch(_everything, db):
    return _everything[3]


@pytest.fixture(autouse=True)
def _not_measured():
    """Coverage by thousands of requests says nothing of a line, and where a tracer measures it, takes half the time.

    What these tests hold is measured by `make mutate-scope`. pytest-cov's own `no_cover` does nothing in a worker.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.fixture(autouse=True)
def _nothing_in_the_logs(_everything, db, caplog):
    """Whatever a test does: no name and no personal data of anybody goes to a log. Keys may: they are in addresses."""
    caplog.set_level(logging.INFO)
    yield
    traces = _everything[2]["anonymous"].traces
    for record in caplog.get_records("call"):
        text = traces.without_keys(record.getMessage())
        assert not traces.of(text), f"logged: {record.getMessage()[:300]}"
