"""What the rows of an attendance file would do, put to the questions that the services ask.

Nothing is decided anew here, so that every fault is told before anything is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import batched
from typing import Any, cast

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.loading.check_people import PersonCheck
from hr.loading.lines import Line
from hr.models import Attendance, Employee, Event, Outcome
from hr.permissions import can_confirm, is_self
from hr.rights import MARK, VIEW_ATTENDANCE
from hr.scope import has_role_right
from hr.services.enrolment import require_not_come, require_state
from hr.services.roll import require_open, require_seat
from hr.services.writing import BATCH

Status = Attendance.Status
REGISTERED, WAITLISTED = Status.REGISTERED, Status.WAITLISTED
CONFIRMED, CANCELLED = Status.CONFIRMED, Status.CANCELLED
# (event, employee)
Pair = tuple[int, int]


class EnrolmentCheck(PersonCheck):
    """Part of AttendanceCheck.

    A line's `changes` name what is to be done: `enrol` (the pair), `confirm`, `cancel`, `outcome` (of `session`).
    """

    model = Attendance
    # By line, as far as known: whom it is about and in which event, and the key of the session.
    pairs: dict[int, Pair]
    sittings: dict[int, int]
    # By key: the events and people of these; the outcomes of (attendance, session); the rows of one person together.
    events: dict[int, Event]
    people: dict[int, Employee]
    noted: dict[tuple[int, int], str]
    together: list[list[Line]]
    # The lines whose people will wait for a seat.
    waits: set[int]

    def check_rules(self) -> None:
        lines = [line for line in self.lines if line.number in self.pairs]
        for line in lines:
            if not self.unread(line, "status"):
                self._plan_status(line, self.row_of(line))
        for line in lines:
            if "outcome" in line.values and not any(self.unread(line, name) for name in ("status", "session")):
                self._plan_outcome(line, self.row_of(line))
        for group in self.together:
            self._refuse_whole_beside_sessions(group)
        self._refuse_unanswered(lines)
        self._give_seats(lines)

    def _plan_status(self, line: Line, row: Attendance | None) -> None:
        wanted, now = line.values.get("status"), row.status if row else CANCELLED
        if now == CANCELLED and (wanted not in (None, CANCELLED) or row is None):
            if wanted == CANCELLED:
                self.fault(
                    line,
                    "status",
                    _("This person is not enrolled: nothing can be cancelled. Remove the row."),
                    "not_enrolled",
                )
            else:
                self._plan_enrolment(line)
        elif wanted == CANCELLED and row is not None and now != CANCELLED:
            line.changes["cancel"] = True
            self._ask(line, "status", require_state, row.event, Event.MARKING, remedy=_("Leave the cell blank."))
            self._ask(line, "status", require_not_come, row)
        elif wanted == CONFIRMED and row is not None and now != CONFIRMED:
            line.changes["confirm"] = True
            if now == WAITLISTED:
                self.fault(line, "status", _("This person is on the wait-list. Leave the cell blank."), "waiting")
            self._ask(line, "status", require_state, row.event, Event.ENROLLING, remedy=_("Leave the cell blank."))
        elif wanted == WAITLISTED and now != WAITLISTED and now != CANCELLED:
            self.fault(line, "status", _("This person has a seat and keeps it. Leave the cell blank."), "seated")

    def _plan_enrolment(self, line: Line) -> None:
        event, person = self.pairs[line.number]
        line.changes["enrol"] = self.pairs[line.number]
        name = "status" if self.sheet.cell(line, "status") else "event"
        if not self._ask(line, name, require_state, self.events[event], Event.MARKING, remedy=_("Remove the row.")):
            return
        if (who := self.people[person]).status != Employee.Status.ACTIVE:
            message = _("This person is %(status)s and cannot be enrolled. Remove the row.")
            self.fault(line, self.key_of(line), message % {"status": who.get_status_display()}, "inactive")
        if line.values.get("status") == CONFIRMED:
            line.changes["confirm"] = True
            remedy = _("Leave the cell blank.")
            self._ask(line, "status", require_state, self.events[event], Event.ENROLLING, remedy=remedy)

    def _plan_outcome(self, line: Line, row: Attendance | None) -> None:
        outcome, session = line.values["outcome"], self.sittings.get(line.number)
        if outcome == self.outcome_of(line, row):
            return
        line.changes["outcome"] = outcome
        if session is not None:
            line.changes["session"] = session
        if "enrol" in line.changes or row is None:
            return
        if self._ask(line, "outcome", require_open, row.event):
            if "cancel" in line.changes:
                self.fault(
                    line, "outcome", _("The row takes this person out. Leave one of the two cells blank."), "taken_out"
                )
            else:
                self._ask(line, "outcome", require_seat, row, remedy=_("Leave the cell blank."))

    def outcome_of(self, line: Line, row: Attendance | None) -> str:
        """As it is now, of the session or of the whole."""
        session = self.sittings.get(line.number)
        if row is None:
            return Outcome.PENDING
        return row.outcome if session is None else self.noted.get((row.pk, session), Outcome.PENDING)

    def _refuse_whole_beside_sessions(self, lines: list[Line]) -> None:
        sessions = [line for line in lines if line.values.get("session")]
        marked = any("outcome" in line.changes for line in lines)
        for line in lines:
            if sessions and marked and "session" not in line.values and "outcome" in line.values:
                rows = self.listed(str(other.number) for other in sessions)
                message = _("The outcome follows from the sessions in the rows %(rows)s. Leave the cell blank.")
                self.fault(line, "outcome", message % {"rows": rows}, "whole")

    def unread(self, line: Line, name: str) -> bool:
        """Whether the cell is filled and could not be read, or names nothing: reported already."""
        if name == "session":
            return bool(self.sheet.cell(line, name)) and line.number not in self.sittings
        return bool(self.sheet.cell(line, name)) and name not in line.values

    def _ask(self, line: Line, name: str, rule: Callable[..., None], *about: Any, remedy: str = "") -> bool:
        """Whether the rule of a service has nothing against it; what it says otherwise is the fault of the cell."""
        try:
            rule(*about)
        except DomainError as error:
            self.fault(line, name, f"{error.message} {remedy}".strip(), rule.__name__.removeprefix("require_"))
            return False
        return True

    # --- Who may do it --------------------------------------------------------------------------------------------
    def _refuse_unanswered(self, lines: list[Line]) -> None:
        """What the user may not do to the person of the line."""
        if self.user is None:
            return
        enrollable = self._reached(Employee.objects.enrollable_by(self.user), lines, "enrol", "cancel")
        addable = enrollable & self._reached(Employee.objects.held_by(self.user, VIEW_ATTENDANCE), lines, "enrol")
        markable = self._markable(lines)
        for line in lines:
            person = self.people[self.pairs[line.number][1]]
            if "enrol" in line.changes and person.pk not in addable:
                self.fault(
                    line,
                    self.key_of(line),
                    _("You may not enrol this person. Remove the row, or ask who may."),
                    "enrol",
                )
            elif "cancel" in line.changes and person.pk not in enrollable and not self._may_withdraw(line, person):
                self.fault(
                    line, "status", _("You may not take this person out. Remove the row, or ask who may."), "withdraw"
                )
            if "confirm" in line.changes and not can_confirm(self.user, person):
                self.fault(line, "status", _("Only HR and the person himself confirm. Write registered."), "confirm")
            if "outcome" in line.changes and line.number not in markable:
                self.fault(
                    line, "outcome", _("You may not note whether this person came. Leave the cell blank."), "mark"
                )

    def _reached(self, people: Any, lines: list[Line], *steps: str) -> set[int]:
        keys = {self.pairs[line.number][1] for line in lines if line.changes.keys() & set(steps)}
        return self._among(people, keys)

    def _markable(self, lines: list[Line]) -> set[int]:
        """The lines whose outcome the user may note; nobody his own, but for who may note everybody's by a role."""
        assert self.user is not None
        marked = [line for line in lines if "outcome" in line.changes]
        known = {line.existing.pk for line in marked if line.existing}
        rows = self._among(Attendance.objects.markable_by(self.user), known)
        unknown = [line for line in marked if not line.existing]
        new = self._reached(Employee.objects.held_by(self.user, MARK), unknown, "outcome")
        everybody = has_role_right(self.user, MARK)
        return {
            line.number
            for line in marked
            if (line.existing.pk in rows if line.existing else self._may_mark(line, new, everybody))
        }

    def _may_mark(self, line: Line, people: set[int], everybody: bool) -> bool:
        person = self.people[self.pairs[line.number][1]]
        return person.pk in people and (everybody or not is_self(self.user, person))

    def _may_withdraw(self, line: Line, person: Employee) -> bool:
        """Oneself, before the event begins."""
        return is_self(self.user, person) and self.events[self.pairs[line.number][0]].starts_at > timezone.now()

    @staticmethod
    def _among(rows: Any, keys: set[int]) -> set[int]:
        found: set[int] = set()
        for batch in batched(sorted(keys), BATCH):
            found.update(rows.filter(pk__in=batch).order_by().values_list("pk", flat=True))
        return found

    # --- Seats ----------------------------------------------------------------------------------------------------
    def _give_seats(self, lines: list[Line]) -> None:
        """Who of those to be enrolled finds a seat, in the order of the file, after the file's cancellations."""
        enrolled = [line for line in lines if "enrol" in line.changes]
        left = self._seats_left({self.pairs[line.number][0] for line in enrolled}, lines)
        given: dict[Pair, bool] = {}
        for line in enrolled:
            pair = self.pairs[line.number]
            seat = given.get(pair, left.get(pair[0], 1) > 0)
            if not line.errors:
                self._require_seat(line, seat)
            if line.errors:
                continue
            if pair not in given and pair[0] in left:
                left[pair[0]] -= seat
            given[pair] = seat
            if not seat:
                self.waits.add(line.number)

    def _require_seat(self, line: Line, seat: bool) -> None:
        wanted = line.values.get("status")
        if seat and wanted == WAITLISTED:
            self.fault(line, "status", _("There is a free seat. Write registered."), "free_seat")
        elif not seat and wanted == CONFIRMED:
            self.fault(line, "status", _("The event is full: this person will wait. Write registered."), "full")
        elif not seat and "outcome" in line.changes:
            self.fault(
                line, "outcome", _("The event is full: this person will wait for a seat. Leave the cell blank."), "full"
            )

    def _seats_left(self, events: set[int], lines: list[Line]) -> dict[int, int]:
        """Of events with a limit. Seats that the file frees go to who waits first."""
        limited = {key: event for key in events if (event := self.events[key]).capacity is not None}
        ended = {row.pk: row for line in lines if "cancel" in line.changes and not line.errors
                 and (row := self.row_of(line)) and row.event_id in limited}  # fmt: skip
        freed = Counter(row.event_id for row in ended.values() if row.status in Attendance.SEATED)
        waiting: Counter[int] = Counter()
        for batch in batched(sorted(freed), BATCH):
            rows = Attendance.objects.waiting().filter(event__in=batch, employee__status=Employee.Status.ACTIVE)
            waiting.update(dict(rows.order_by().values_list("event_id").annotate(count=Count("pk"))))
        for row in ended.values():
            if row.status == WAITLISTED and self.people[row.employee_id].status == Employee.Status.ACTIVE:
                waiting[row.event_id] -= 1
        left = {}
        for key, event in limited.items():
            free = max(cast(int, event.capacity) - event.seats_taken + freed[key], 0)
            promoted = min(max(waiting[key], 0), free) if freed[key] and event.state in Event.ENROLLING else 0
            left[key] = free - promoted
        return left

    @staticmethod
    def row_of(line: Line) -> Attendance | None:
        return cast(Attendance | None, line.existing)
