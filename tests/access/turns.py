"""What takes minutes is asked once: some of it on the embedded databases, the rest on the servers.

Either engine's run leaves out what the other's asks; `make test PYTEST_ARGS="-m elsewhere"` asks it all the same.
"""

import pytest
from django.db import connection

ON_SERVERS = connection.vendor != "sqlite"


def turn(*values: object, on_servers: bool, id: str | None = None):
    """Parameters of a test that is asked on the servers, or on the embedded databases."""
    marks = [] if on_servers == ON_SERVERS else [pytest.mark.elsewhere]
    return pytest.param(*values, marks=marks, id=id)
