"""Lines of command must end: nobody is his own boss, however many rows one call changes."""

from collections.abc import Mapping

from hr.models import Employee
from hr.services.writing import BATCH

# A line is rarely ten bosses long. Beyond this many levels one read of the whole table is cheaper than the climb.
CLIMB = 20


def looped(bosses: Mapping[int, int | None]) -> list[int]:
    """The employees of `bosses` (employee → new boss, all read and changed under `hold`) whose line would not end."""
    known = dict(bosses)
    _learn_the_lines_above(known)
    ends: set[int] = set()
    loops = []
    for start in bosses:
        walked: dict[int, None] = {}
        at: int | None = start
        while at is not None and at not in ends and at not in walked:
            walked[at] = None
            at = known[at]
        if at in walked:
            loops.append(start)
        else:
            ends.update(walked)
    return loops


def _learn_the_lines_above(known: dict[int, int | None]) -> None:
    """Add every boss above those in `known`, level by level."""
    for _level in range(CLIMB):
        unknown = {boss for boss in known.values() if boss is not None} - known.keys()
        if not unknown:
            return
        for first in range(0, len(unknown), BATCH):
            batch = sorted(unknown)[first : first + BATCH]
            known.update(Employee.objects.filter(pk__in=batch).order_by().values_list("pk", "reports_to_id"))
    for pk, boss in Employee.objects.order_by().values_list("pk", "reports_to_id"):
        known.setdefault(pk, boss)
