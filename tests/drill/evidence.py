"""What the databases say of the changes that were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.drill.load import Answer

if TYPE_CHECKING:
    from tests.servers.databases import MariaDB


@dataclass(frozen=True)
class Kept:
    """Of the changes of a stretch of time: how many were `acknowledged`, and how many `unanswered`. Of all so far:
    which are `lost`: acknowledged, and not there; `twice`: there more than once; `halved`: whose records do not say
    what their newest history says.
    """

    acknowledged: int
    unanswered: int
    lost: list[str]
    twice: list[str]
    halved: list[int]

    @property
    def is_whole(self) -> bool:
        """Without any change nothing is shown."""
        return self.acknowledged > 0 and not (self.lost or self.twice or self.halved)

    def __str__(self) -> str:
        writes = f"{self.acknowledged} writes acknowledged"
        writes += f", {self.unanswered} not" if self.unanswered else ""
        if self.is_whole:
            return f"{writes}: all kept once, with their history"
        return f"{writes}: lost {self.lost}, twice {self.twice}, halved {self.halved}"


def kept(mariadb: MariaDB, writes: Sequence[Answer], *, since: float) -> Kept:
    """What became of all changes; those that began `since` a moment are counted."""
    history = mariadb.rows("SELECT id, work_phone FROM hr_historicalemployee ORDER BY history_date, history_id")
    times, newest = Counter(phone for _employee, phone in history), dict(history)
    now = dict(mariadb.rows("SELECT id, work_phone FROM hr_employee"))
    lately = [write for write in writes if write.began >= since]
    return Kept(
        acknowledged=sum(not write.error for write in lately),
        unanswered=sum(bool(write.error) for write in lately),
        lost=[write.phone for write in writes if not write.error and not times[write.phone]],
        twice=[write.phone for write in writes if times[write.phone] > 1],
        halved=[employee for employee in {write.employee for write in writes} if now[employee] != newest[employee]],
    )
