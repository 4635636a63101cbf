"""Business data read from a replica: exports and reports, which read much and write nothing (docs/scaling.md).

What such a block reads is not older than the block: before it begins, the replica is asked to have everything that had
been committed on the primary by then. One that is away, or does not get there in time, is not read from.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any

from django.db import DatabaseError, InterfaceError, connections

from core.tracebacks import kind_of

PRIMARY, REPLICA = "business", "business_replica"
# A replica behind by more is no help now.
WAIT_SECONDS = 2
# How far a primary is, and to wait until a replica is there, which answers 0 when it is. By whether it is a MariaDB.
GTID = {
    True: ("SELECT @@GLOBAL.gtid_binlog_pos", "SELECT MASTER_GTID_WAIT(%s, %s)"),
    False: ("SELECT @@GLOBAL.gtid_executed", "SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)"),
}

logger = logging.getLogger(__name__)
_read_from: ContextVar[str] = ContextVar("read_from", default=PRIMARY)


def database_to_read() -> str:
    """Where business data is read now. A transaction reads what it wrote, so it stays on the primary."""
    alias = _read_from.get()
    return PRIMARY if alias != PRIMARY and connections[PRIMARY].in_atomic_block else alias


@contextmanager
def reading_from_replica() -> Iterator[None]:
    """Within the block business data comes from the replica, if there is one and it has what is there now."""
    with _reading(_up_to_date()):
        yield


def read_from_replica[Piece](pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, of which each is made as in `reading_from_replica`, and used outside of it."""
    alias, rest = _up_to_date(), iter(pieces)
    while True:
        with _reading(alias):
            made = list(islice(rest, 1))
        if not made:
            return
        yield from made


@contextmanager
def _reading(alias: str) -> Iterator[None]:
    token = _read_from.set(alias)
    try:
        yield
    finally:
        _read_from.reset(token)


def _up_to_date() -> str:
    """The replica, or the primary where that is the better one to read from."""
    if REPLICA not in connections.settings or connections[PRIMARY].in_atomic_block:
        return PRIMARY
    if _read_from.get() == REPLICA:
        return REPLICA  # asked by a block around this one
    try:
        if has_caught_up(connections[PRIMARY], connections[REPLICA]):
            return REPLICA
        logger.warning("The replica is more than %d s behind: the primary is read.", WAIT_SECONDS)
    except (DatabaseError, InterfaceError) as error:
        connections[REPLICA].close()
        logger.warning("The replica is not there, the primary is read: %s", kind_of(error))
    return PRIMARY


def has_caught_up(primary: Any, replica: Any) -> bool:
    """Whether the replica has, within WAIT_SECONDS, what the primary has committed by now.

    False as well of a primary that keeps no GTIDs, which cannot tell.
    """
    place, wait = GTID[primary.mysql_is_mariadb]
    with primary.cursor() as cursor:
        cursor.execute(place)
        (position,) = cursor.fetchone()
    if not position:
        return False
    with replica.cursor() as cursor:
        cursor.execute(wait, [position, WAIT_SECONDS])
        return cursor.fetchone() == (0,)
