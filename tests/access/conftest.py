"""The world of personas, built once for all tests of access; each test works in a savepoint over it."""

from contextlib import ExitStack

import pytest
from django.db import transaction
from django.utils import translation

from tests.conftest import DATABASES
from tests.hr.personas import World


@pytest.fixture(scope="package")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), ExitStack() as stack:
        for name in DATABASES:
            stack.enter_context(transaction.atomic(using=name))
            stack.callback(transaction.set_rollback, True, using=name)
        with translation.override("en"):
            yield World.build()
