"""Which server exports and reports read from. A real pair of servers is in `make drill-replicas`."""

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from core import replica
from core.replica import PRIMARY, REPLICA, read_from_replica, reading_from_replica
from hr.loading.export import Export
from hr.loading.kinds import KINDS
from hr.models import ExportLog, Position
from hr.services import exports
from hr.services.positions import NewPosition, create_positions
from tests.factories import make_position

THERE, BEHIND = "SELECT IF(%s = '0-1-9' AND %s > 0, 0, 1)", "SELECT IF(%s = '0-1-9' AND %s > 0, -1, 0)"
committing = pytest.mark.django_db(transaction=True)


@pytest.fixture
def use_replica(monkeypatch):
    """`use_replica(place, wait)` is a second connection to the same database, and what both servers say of their
    places; returned are the statements that come to it."""
    monkeypatch.setitem(connections.settings, REPLICA, connections.settings[PRIMARY])
    second = connections.create_connection(PRIMARY)
    connections[REPLICA] = second
    with CaptureQueriesContext(second) as asked:

        def use(place="SELECT '0-1-9'", wait=THERE):
            for mariadb in (True, False):
                monkeypatch.setitem(replica.GTID, mariadb, (place, wait))
            return asked

        yield use
    second.close()
    del connections[REPLICA]


def rows_read(asked):
    return [query["sql"] for query in asked if "hr_position" in query["sql"]]


def selects_on_the_replica():
    with connections[REPLICA].cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Com_select'")
        return int(cursor.fetchone()[1])


@committing
def test_without_a_replica_everything_is_read_from_the_primary(django_assert_num_queries):
    make_position("Analista")

    with django_assert_num_queries(1, using=PRIMARY), reading_from_replica():
        assert Position.objects.count() == 1


@pytest.mark.servers
@committing
def test_only_the_block_reads_from_the_replica_and_nothing_is_written_there(use_replica):
    asked = use_replica()
    make_position("Analista")
    with reading_from_replica():
        inside = list(Position.objects.values_list("title", flat=True))
        create_positions([NewPosition(code="B", title="Bodega")], actor=None)
    outside = Position.objects.count()

    assert (inside, outside) == (["Analista"], 2)
    assert len(rows_read(asked)) == 1


@pytest.mark.servers
@committing
def test_a_transaction_reads_from_the_primary_what_it_wrote(use_replica):
    asked = use_replica()
    with reading_from_replica(), transaction.atomic(using=PRIMARY):
        make_position("Analista")
        found = Position.objects.count()

    assert found == 1
    assert rows_read(asked) == []


@pytest.mark.servers
@committing
@pytest.mark.parametrize(
    ("place", "wait"),
    [("SELECT '0-1-9'", BEHIND), ("SELECT ''", THERE), ("SELECT '0-1-9'", "SELECT a_function_it_lacks(%s, %s)")],
    ids=["behind", "no places kept", "an error"],
)
def test_a_replica_that_is_not_known_to_have_everything_is_not_read_from(use_replica, place, wait):
    asked = use_replica(place, wait)
    make_position("Analista")

    with reading_from_replica():
        assert Position.objects.count() == 1

    assert rows_read(asked) == []


@pytest.mark.servers
@committing
def test_a_replica_that_is_away_is_not_read_from(use_replica):
    use_replica()
    connections[REPLICA].settings_dict = connections[PRIMARY].settings_dict | {"HOST": "127.0.0.1", "PORT": 1}
    make_position("Analista")

    with reading_from_replica():
        assert Position.objects.count() == 1


@pytest.mark.servers
@committing
def test_pieces_are_made_from_the_replica_and_used_outside_of_it(use_replica):
    asked = use_replica()
    make_position("Analista")

    for count in read_from_replica(Position.objects.count() for _ in range(2)):
        assert count == Position.objects.count()

    assert len(rows_read(asked)) == 2


@pytest.mark.servers
@committing
def test_an_export_reads_from_the_replica_and_is_logged_on_the_primary(use_replica):
    use_replica()
    make_position("Analista")
    export = Export(KINDS["positions"], Position.objects.order_by("pk"), user=None, columns=["title"])
    name = exports.Asked("positions", "csv", "positions.csv")
    before = selects_on_the_replica()

    file = b"".join(exports.stream(name, export.file("csv"), rows=lambda: export.written, actor=None))

    assert b"Analista" in file
    # Its place, the keys, and the rows.
    assert selects_on_the_replica() - before == 3
    assert ExportLog.objects.get().state == ExportLog.State.DONE
