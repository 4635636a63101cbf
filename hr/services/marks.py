"""Whether people came: noted for an event, or for each of its sessions, until the event is closed.

With sessions the outcome of the event follows from theirs (hr/completion.py). Closing takes what nobody noted for
absence. Afterwards only hr/services/corrections.py changes an outcome.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import batched
from typing import TYPE_CHECKING

from hr.completion import outcome_at_the_end, outcome_of
from hr.models import Attendance, Event, SessionMark
from hr.models.attendance import MarkedFrom, Outcome
from hr.services.roll import (
    Sitting,
    by_attendance,
    locked_attendance,
    note_outcomes,
    note_sittings,
    open_roll,
    refuse_overtaken,
    require_markable,
    sessions_of,
    sessions_of_events,
    stamp,
)
from hr.services.writing import BATCH, business_atomic, write_rows

if TYPE_CHECKING:
    from core.models import User


@business_atomic
def mark_attendance(
    outcomes: Mapping[int, str],
    *,
    actor: User | None,
    marked_from: str = MarkedFrom.ROLL_CALL,
    seen: Mapping[int, str] | None = None,
) -> list[Attendance]:
    """Note who came, {attendance: outcome}; returns those whose outcome is another one now.

    Of an event with sessions it is noted in each of them. `seen` are the outcomes the actor had before him.

    Raises NotFound, NotAllowed, StaleRow, InvalidTransition if an event's roll is not open, DomainError for somebody
    who has no seat.
    """
    rows = open_roll(outcomes, actor)
    require_markable(rows, actor)
    refuse_overtaken(rows, {key: rows[key] for key in seen or ()}, seen, outcomes)
    sessions = sessions_of(rows.values())
    plain = {key: outcome for key, outcome in outcomes.items() if not sessions[rows[key].event_id]}
    changed = note_outcomes(rows, plain, actor=actor, marked_from=marked_from)
    sittings = {
        (key, session): outcomes[key] for key in outcomes.keys() - plain for session in sessions[rows[key].event_id]
    }
    if sittings:
        before = {key: row.outcome for key, row in rows.items()}
        note_sittings(rows, sittings, actor=actor, marked_from=marked_from)
        changed += [rows[key] for key in outcomes.keys() - plain if rows[key].outcome != before[key]]
    return changed


@business_atomic
def mark_sessions(
    outcomes: Mapping[Sitting, str],
    *,
    actor: User | None,
    marked_from: str = MarkedFrom.ROLL_CALL,
    seen: Mapping[Sitting, str] | None = None,
) -> list[SessionMark]:
    """The same for single sessions, {(attendance, session): outcome}; returns the marks that are another one now.

    Raises NotFound, too, for a session of another event.
    """
    rows = open_roll({key for key, _session in outcomes}, actor)
    require_markable(rows, actor)
    return note_sittings(rows, outcomes, actor=actor, marked_from=marked_from, seen=seen)


@business_atomic
def close_pending(event_ids: Collection[int], *, actor: User | None) -> int:
    """Of people with a seat: what nobody noted becomes an absence; returns how many. A part of closing an event,
    whose lock the caller holds, and who asked whether the actor may close it.
    """
    sessions = sessions_of_events(event_ids)
    closed = 0
    for event in Event.objects.filter(pk__in=event_ids).order_by("pk"):
        for batch in batched(_pending_in(event), BATCH):
            if sessions[event.pk]:
                closed += len(_close_course(event, batch, len(sessions[event.pk]), actor))
            else:
                absent = stamp(Outcome.ABSENT, actor, MarkedFrom.CLOSING)
                closed += write_rows(Attendance.objects.filter(pk__in=batch), absent)
    return closed


def absences_of_closing(event: Event) -> int:
    """How many people closing the event would leave absent."""
    pending, sessions = _pending_in(event), len(sessions_of_events([event.pk])[event.pk])
    if not sessions:
        return len(pending)
    return sum(
        list(_at_the_end(event, batch, sessions).values()).count(Outcome.ABSENT) for batch in batched(pending, BATCH)
    )


@business_atomic
def follow_sessions(event_ids: Collection[int], *, actor: User | None) -> int:
    """After sessions came or went: what the marks of the others mean now; returns how many outcomes changed. A part
    of planning an event, whose lock the caller holds.
    """
    sessions = sessions_of_events(event_ids)
    changed = 0
    marked = Attendance.objects.seated().filter(event_id__in=event_ids, marks__isnull=False).distinct().order_by("pk")
    for batch in batched(list(marked.values_list("pk", flat=True)), BATCH):
        rows, noted = locked_attendance(batch, None), _noted(batch)
        outcomes = {
            key: outcome_of(row.event.completion_percent, len(sessions[row.event_id]), noted[key])
            for key, row in rows.items()
        }
        changed += len(note_outcomes(rows, outcomes, actor=actor, marked_from=MarkedFrom.ROLL_CALL))
    return changed


def _close_course(event: Event, keys: Collection[int], sessions: int, actor: User | None) -> list[Attendance]:
    rows = locked_attendance(keys, None)
    outcomes = _at_the_end(event, rows, sessions)
    return note_outcomes(rows, outcomes, actor=actor, marked_from=MarkedFrom.CLOSING)


def _pending_in(event: Event) -> list[int]:
    """The enrolments with a seat of which nothing is noted."""
    pending = Attendance.objects.seated().filter(event=event, outcome=Outcome.PENDING)
    return list(pending.order_by("pk").values_list("pk", flat=True))


def _at_the_end(event: Event, keys: Collection[int], sessions: int) -> dict[int, str]:
    """What enrolments in a course come to once nothing more will be noted."""
    noted = _noted(keys)
    return {key: outcome_at_the_end(event.completion_percent, sessions, noted[key]) for key in keys}


def _noted(keys: Collection[int]) -> defaultdict[int, list[str]]:
    return by_attendance(SessionMark.objects.filter(attendance_id__in=keys))
