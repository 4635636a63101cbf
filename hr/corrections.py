"""What a correction of attendance was about: the outcome that stood when it was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hr.models import Attendance


def tell_noted(corrections: Iterable[Any]) -> None:
    """Set `noted` of each: while it waits what is noted now, then what its decision found. One query at most.

    It is '' where the history no longer reaches back so far.
    """
    decided: defaultdict[int, list[Any]] = defaultdict(list)
    for correction in corrections:
        if correction.decided_at is None:
            correction.noted = correction.attendance.outcome
        else:
            correction.noted = ""
            decided[correction.attendance_id].append(correction)
    if not decided:
        return
    history = Attendance.history.filter(id__in=decided).order_by("history_id")
    for key, moment, outcome in history.values_list("id", "history_date", "outcome"):
        for correction in decided[key]:
            if moment < correction.decided_at:
                correction.noted = outcome
