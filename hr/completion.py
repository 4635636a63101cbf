"""When an event of several sessions counts as attended: what its outcome is, given those of the sessions.

By `Event.completion_percent`, the part of the sessions that has to be attended, the outcome is
- present, once so many were attended in time;
- late, once so many were attended, late arrivals included;
- pending, as long as there is a session of which nothing is known;
- excused, if the excused ones make up for what is missing;
- absent otherwise.
"""

from collections import Counter
from collections.abc import Iterable

from hr.models.attendance import Outcome


def outcome_of(percent: int, sessions: int, noted: Iterable[str]) -> str:
    """The outcome of an event with so many sessions. Those that `noted` does not hold are pending, too."""
    counted = Counter(outcome for outcome in noted if outcome != Outcome.PENDING)
    needed = -(-percent * sessions // 100)
    attended = counted[Outcome.PRESENT] + counted[Outcome.LATE]
    if counted[Outcome.PRESENT] >= needed:
        return Outcome.PRESENT
    if attended >= needed:
        return Outcome.LATE
    if counted.total() < sessions:
        return Outcome.PENDING
    return Outcome.EXCUSED if attended + counted[Outcome.EXCUSED] >= needed else Outcome.ABSENT


def outcome_at_the_end(percent: int, sessions: int, noted: Iterable[str]) -> str:
    """The same once nothing more will be noted: what is pending then is an absence."""
    known = [outcome for outcome in noted if outcome != Outcome.PENDING]
    return outcome_of(percent, sessions, [*known, *[Outcome.ABSENT] * (sessions - len(known))])
