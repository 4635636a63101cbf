"""Attendance of a load, by the verbs: take out, enrol in the order of the file, confirm, and note who came.

For most people who are new the last three are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from hr.loading.apply_rows import FIRST_VERSION, RowWriter, reason_of
from hr.loading.turns import Turn, require_fit
from hr.models import Attendance, Event, ImportJob, Outcome
from hr.models.attendance import MarkedFrom
from hr.services.checked_enrolment import Entry, Pair, enrol_checked
from hr.services.enrolment import cancel_attendance, confirm_attendance, enrol_in_events
from hr.services.marks import mark_attendance, mark_sessions
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from core.models import User

Status = Attendance.Status


class AttendanceWriter(RowWriter):
    """What `after` says is to be done; `before` is how it was."""

    def write(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        self.refuse_moved([turn for turn in turns if not turn.is_new], job, seen="read_version")
        require_fit(turns)
        cancel_attendance(_keys(turns, "cancel"), actor=actor)
        _enrol_at_once([turn for turn in turns if turn.after.get("enrol") and not turn.after.get("session")], actor)
        in_steps = [turn for turn in turns if turn.written_version is None]
        _enrol([turn for turn in in_steps if turn.after.get("enrol")], actor)
        confirm_attendance(_keys(in_steps, "confirm"), actor=actor)
        _mark([turn for turn in in_steps if turn.object_id and turn.after.get("outcome")], "after", actor)
        self.note_versions(in_steps)

    # --- Taking back --------------------------------------------------------------------------------------------
    def refuse_unreturnable(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        self.refuse_moved(turns, job, seen="written_version")
        self.refuse_unseen(turns, actor)
        events = Event.objects.in_bulk({turn.event_id for turn in turns if turn.event_id})
        for turn in turns:
            event = events.get(turn.event_id or 0)
            if turn.problem:
                continue
            if event is not None and event.state not in Event.MARKING:
                turn.refuse(_("Its event is %(state)s.") % {"state": event.get_state_display()})
            elif turn.after.get("confirm") and not turn.is_new and turn.before.get("status") == Status.REGISTERED:
                turn.refuse(_("Nobody's confirmation is taken back."))

    def take_back(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        """Enrolments that are new end; of the others outcome and status become what they were."""
        self.refuse_unreturnable(turns, job=job, actor=actor)
        require_fit(turns)
        ended = self._going({turn.object_id for turn in turns if turn.is_new and turn.object_id})
        _forget_outcomes(ended, actor)
        changed = [turn for turn in turns if not turn.is_new]
        _mark([turn for turn in changed if turn.after.get("outcome")], "before", actor)
        renewed = [turn for turn in changed if turn.before.get("status") == Status.CANCELLED]
        ended |= self._going({turn.object_id for turn in renewed if turn.object_id})
        cancel_attendance(ended, actor=actor, reason=reason_of(job))
        _enrol([turn for turn in changed if turn.after.get("cancel")], actor)
        confirmed = [turn for turn in changed if turn.before.get("status") == Status.CONFIRMED]
        confirm_attendance(_keys(confirmed, "cancel"), actor=actor)

    @staticmethod
    def _going(keys: Iterable[int]) -> set[int]:
        """Those of the enrolments that have not ended: two rows may be about one."""
        going: set[int] = set()
        for batch in batched(keys, BATCH):
            going.update(Attendance.objects.going().filter(pk__in=batch).values_list("pk", flat=True))
        return going


def _pair(turn: Turn) -> Pair:
    """Rows of attendance name both."""
    assert turn.event_id
    assert turn.employee_id
    return turn.event_id, turn.employee_id


def _keys(turns: Iterable[Turn], step: str) -> list[int]:
    return [turn.object_id for turn in turns if turn.after.get(step) and turn.object_id]


def _enrol_at_once(turns: Sequence[Turn], actor: User | None) -> None:
    """Those of whom nothing but their new enrolment has to be written; the others stay without a version."""
    nothing = Outcome.PENDING.value
    entries = {_pair(turn): Entry("confirm" in turn.after, turn.after.get("outcome", nothing)) for turn in turns}
    keys = enrol_checked(entries, actor=actor)
    for turn in turns:
        if key := keys.get(_pair(turn)):
            turn.object_id, turn.written_version = key, FIRST_VERSION


def _enrol(turns: Sequence[Turn], actor: User | None) -> None:
    people: defaultdict[int, list[int]] = defaultdict(list)
    for turn in turns:
        event_id, employee_id = _pair(turn)
        people[event_id].append(employee_id)
    if people:
        rows = {(row.event_id, row.employee_id): row.pk for row in enrol_in_events(people, actor=actor)}
        for turn in turns:
            turn.object_id = rows[_pair(turn)]


def _mark(turns: Iterable[Turn], side: str, actor: User | None) -> None:
    """Note the outcomes of the `side` "before" or "after"."""
    outcomes: dict[int, str] = {}
    sittings: dict[tuple[int, int], str] = {}
    for turn in turns:
        outcome = getattr(turn, side).get("outcome") or Outcome.PENDING
        if session := turn.after.get("session"):
            sittings[turn.object_id, session] = outcome  # type: ignore[index]
        else:
            outcomes[turn.object_id] = outcome  # type: ignore[index]
    if outcomes:
        mark_attendance(outcomes, actor=actor, marked_from=MarkedFrom.IMPORT)
    if sittings:
        mark_sessions(sittings, actor=actor, marked_from=MarkedFrom.IMPORT)


def _forget_outcomes(keys: Iterable[int], actor: User | None) -> None:
    marked: dict[int, str] = {}
    for batch in batched(keys, BATCH):
        rows = Attendance.objects.filter(pk__in=batch, status__in=Attendance.SEATED)
        marked.update(dict.fromkeys(rows.order_by().values_list("pk", flat=True), str(Outcome.PENDING)))
    if marked:
        mark_attendance(marked, actor=actor, marked_from=MarkedFrom.IMPORT)
