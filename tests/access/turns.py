"""What takes long is asked once: some of it on the embedded databases, the rest on the servers.

What asks no database at all is asked on the embedded ones (tests/conftest.py). Either engine's run leaves out what the
other's asks; `make test PYTEST_ARGS="-m elsewhere"` asks it all the same.
"""

import pytest
from django.db import connection

ON_SERVERS = connection.vendor != "sqlite"


def turn(*values: object, on_servers: bool, id: str | None = None):
    """Parameters of a test that is asked on the servers, or on the embedded databases."""
    return pytest.param(*values, marks=[] if on_servers == ON_SERVERS else [pytest.mark.elsewhere], id=id)


def on_embedded_alone() -> list[pytest.MarkDecorator]:
    """Marks of what no engine makes different: the looks of pages, keys, files that are refused unread."""
    return [pytest.mark.elsewhere] if ON_SERVERS else []
