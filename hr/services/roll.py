"""What all ways to note an outcome share: the rows under lock, whether it may be, the writing of marks.

For services that ask themselves who may do it: marks, check-in, corrections.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition, NotFound, StaleRow
from hr.completion import outcome_of
from hr.models import Attendance, Employee, Event, EventSession, SessionMark
from hr.models.attendance import Mark
from hr.permissions import require
from hr.services.evaluations import follow_outcomes
from hr.services.rows import lock, naming
from hr.services.writing import BATCH, insert, record, write

if TYPE_CHECKING:
    from core.models import User

MARK_FIELDS = ("outcome", "marked_at", "marked_by_id", "marked_by_name", "marked_from")
MOST_NAMED = 5

# Of one session: (attendance, session).
Sitting = tuple[int, int]


def require_markable(rows: Mapping[int, Attendance], actor: User | None) -> None:
    """Raise NotAllowed unless the actor may note the outcome of each of the rows."""
    if actor is None:
        return
    markable: set[int] = set()
    for batch in batched(rows, BATCH):
        found = Attendance.objects.markable_by(actor).filter(pk__in=batch)
        markable.update(found.values_list("pk", flat=True))
    for key, row in rows.items():
        with naming(row.employee, among=len(rows)):
            require(key in markable, _("You may not note whether this person came."))


def open_roll(ids: Collection[int], actor: User | None) -> dict[int, Attendance]:
    """The rows by key, locked after their events. Raises NotFound; InvalidTransition if one may not be marked now."""
    rows = locked_attendance(ids, actor)
    for row in rows.values():
        with naming(row.employee, among=len(rows)):
            require_open(row.event)
            require_seat(row)
    return rows


def locked_attendance(ids: Collection[int], actor: User | None) -> dict[int, Attendance]:
    """The rows that exist for the actor by key, with event and employee: events locked first, then they, by key."""
    events: set[int] = set()
    found = 0
    every = Attendance.objects.all() if actor is None else Attendance.objects.visible_to(actor)
    for batch in batched(sorted(set(ids)), BATCH):
        of_batch = list(every.filter(pk__in=batch).order_by().values_list("event_id", flat=True))
        found += len(of_batch)
        events.update(of_batch)
    if found < len(set(ids)):
        raise NotFound
    by_key = lock(Event, events, None)
    # Also written, so that a second Galera node fails certification; its version is for who edits the event.
    Event.objects.filter(pk__in=events).update(updated_at=timezone.now())
    rows = lock(Attendance, ids, None)
    people: dict[int, Employee] = {}
    for keys in batched({row.employee_id for row in rows.values()}, BATCH):
        people.update(Employee.objects.in_bulk(keys))
    for row in rows.values():
        row.event, row.employee = by_key[row.event_id], people[row.employee_id]
    return rows


def note_outcomes(
    rows: Mapping[int, Attendance],
    outcomes: Mapping[int, str],
    *,
    actor: User | None,
    marked_from: str,
    reason: str = "",
) -> list[Attendance]:
    """Write those that differ, {attendance: outcome}, and let the evaluations follow; returns them."""
    changed = [rows[key] for key, outcome in outcomes.items() if rows[key].outcome != outcome]
    for row in changed:
        _set(row, outcomes[row.pk], actor, marked_from)
    write(changed, MARK_FIELDS, reason=reason)
    if changed:
        follow_outcomes({(row.event_id, row.employee_id): row.outcome for row in changed}, actor=actor)
    return changed


def note_sittings(
    rows: Mapping[int, Attendance],
    outcomes: Mapping[Sitting, str],
    *,
    actor: User | None,
    marked_from: str,
    seen: Mapping[Sitting, str] | None = None,
) -> list[SessionMark]:
    """Write the marks of sessions that differ and what follows for the event; returns the marks."""
    sessions = sessions_of(rows.values())
    if any(session not in sessions[rows[key].event_id] for key, session in outcomes):
        raise NotFound(field="session")
    marks = _locked_marks(rows)
    refuse_overtaken(rows, marks, seen, outcomes)
    changed = []
    for sitting, outcome in outcomes.items():
        mark = marks.setdefault(sitting, SessionMark(attendance_id=sitting[0], session_id=sitting[1]))
        if mark.outcome != outcome:
            _set(mark, outcome, actor, marked_from)
            changed.append(mark)
    _save_marks(changed)
    noted = by_attendance(marks.values())
    touched = {mark.attendance_id for mark in changed}
    follows = {
        key: outcome_of(rows[key].event.completion_percent, len(sessions[rows[key].event_id]), noted[key])
        for key in rows
        if key in touched
    }
    note_outcomes(rows, follows, actor=actor, marked_from=marked_from)
    return changed


def sessions_of(rows: Iterable[Attendance]) -> defaultdict[int, list[int]]:
    return sessions_of_events({row.event_id for row in rows})


def sessions_of_events(event_ids: Collection[int]) -> defaultdict[int, list[int]]:
    """The keys of the sessions of each event, in order; of an event without, none."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for batch in batched(event_ids, BATCH):
        for event, key in EventSession.objects.filter(event_id__in=batch).values_list("event_id", "pk"):
            found[event].append(key)
    return found


def refuse_overtaken[Key](
    rows: Mapping[int, Attendance],
    now: Mapping[Key, Mark],
    seen: Mapping[Key, str] | None,
    wanted: Mapping[Key, str],
) -> None:
    """Raise StaleRow if somebody else noted something between what was `seen` and what is `wanted`."""
    told = []
    for key, before in (seen or {}).items():
        mark = now.get(key)
        if mark is not None and mark.outcome not in (before, wanted.get(key)):
            row = rows[key[0] if isinstance(key, tuple) else key]  # type: ignore[index]
            told.append(f"{row.employee}: {mark.get_outcome_display()} ({mark.marked_by_name or _('the system')})")
    if told:
        shown = " · ".join(told[:MOST_NAMED]) + (" …" if len(told) > MOST_NAMED else "")
        raise StaleRow(
            _("Somebody else noted this meanwhile: %(marks)s. Look it over and save again.") % {"marks": shown}
        )


def require_open(event: Event) -> None:
    if event.state == Event.State.CLOSED:
        raise InvalidTransition(_("The event is closed. Ask for a correction instead."), field="outcome")
    if event.state not in Event.MARKING:
        values = {"event": event, "state": event.get_state_display()}
        raise InvalidTransition(_("The roll of %(event)s cannot be taken: it is %(state)s.") % values, field="outcome")


def require_seat(row: Attendance) -> None:
    if row.status == Attendance.Status.WAITLISTED:
        raise DomainError(_("This person is on the wait-list and needs a seat first."), field="outcome")
    if row.status not in Attendance.SEATED:
        raise DomainError(_("This person is no longer enrolled."), field="outcome")


def _set(mark: Mark, outcome: str, actor: User | None, marked_from: str) -> None:
    for name, value in stamp(outcome, actor, marked_from).items():
        setattr(mark, name, value)


def stamp(outcome: str, actor: User | None, marked_from: str) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "marked_at": timezone.now(),
        "marked_by_id": actor.pk if actor else None,
        "marked_by_name": str(actor)[:200] if actor else "",
        "marked_from": marked_from,
    }


def _locked_marks(rows: Mapping[int, Attendance]) -> dict[Sitting, SessionMark]:
    marks: dict[Sitting, SessionMark] = {}
    for batch in batched(sorted(rows), BATCH):
        of_batch = SessionMark.objects.filter(attendance_id__in=batch).select_for_update().order_by("pk")
        marks.update(((mark.attendance_id, mark.session_id), mark) for mark in of_batch)
    return marks


def _save_marks(changed: Sequence[SessionMark]) -> None:
    known = [mark for mark in changed if mark.pk]
    new: defaultdict[int, list[SessionMark]] = defaultdict(list)
    for mark in changed:
        if not mark.pk:
            new[mark.session_id].append(mark)
    for session, marks in new.items():
        insert(marks, unique="attendance_id", within={"session_id": session})
        record([mark.pk for mark in marks], SessionMark, "+")
    write(known, MARK_FIELDS)


def by_attendance(marks: Iterable[SessionMark]) -> defaultdict[int, list[str]]:
    noted: defaultdict[int, list[str]] = defaultdict(list)
    for mark in marks:
        noted[mark.attendance_id].append(mark.outcome)
    return noted
