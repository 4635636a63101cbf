"""What the rows of an attendance file would do, put to the questions that the services ask.

Nothing is decided anew here, so that every fault is told before anything is written.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.loading.check_people import PersonCheck
from hr.loading.file_keys import Rows
from hr.loading.lines import Line
from hr.models import Attendance, Employee, Event, Outcome
from hr.permissions import can_confirm, is_self
from hr.rights import MARK, VIEW_ATTENDANCE
from hr.scope import has_role_right
from hr.services.enrolment import require_not_come, require_state
from hr.services.roll import require_open, require_seat
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from hr.loading.check_attendance import Someone

Status = Attendance.Status
REGISTERED, WAITLISTED = Status.REGISTERED, Status.WAITLISTED
CONFIRMED, CANCELLED = Status.CONFIRMED, Status.CANCELLED
# As they stand in a file, by their places.
STATUSES: list[str | None] = [None, *Status.values]
NO_SESSION, UNREAD_SESSION = 0, -1
# What a row does, as the whole file has to know it.
ENROLS, CONFIRMS, WAITS, MARKS, SAYS_OUTCOME = 1, 2, 4, 8, 16
# (event, employee)
Pair = tuple[int, int]
Fault = tuple[int, str, str, str]


class Ended(NamedTuple):
    """An enrolment that a row takes out, of an event with a limit."""

    place: int
    event_id: int
    status: str
    is_active: bool


class EnrolmentCheck(PersonCheck):
    """Part of AttendanceCheck.

    A line's `changes` name what is to be done: `enrol`, `confirm`, `cancel`, `outcome` (of `session`).
    """

    model = Attendance
    # Of each row, by its place: number, event and person (0 if not known), session, place in STATUSES, what it does.
    numbers: array[int]
    events_of: array[int]
    people_of: array[int]
    sessions_of: array[int]
    statuses_of: bytearray
    steps_of: bytearray
    # The places of the rows of each (event, employee); the sessions of events, {event: {number: key}}.
    pairs: Rows
    sessions: defaultdict[int, dict[int, int]]
    # By key: the events of the file, the people of the lines at hand, the outcomes of (attendance, session).
    events: dict[int, Event]
    people: dict[int, Someone]
    noted: dict[tuple[int, int], str]
    # By the key of the enrolment.
    ended: dict[int, Ended]

    def rows_at(self, places: Iterable[int]) -> str:
        """As the sheet numbers them; several places may be in one row of it."""
        return self.listed(str(number) for number in dict.fromkeys(self.numbers[place] for place in places))

    @staticmethod
    def pair_of(line: Line) -> Pair | None:
        return (line.event_id, line.employee_id) if line.event_id and line.employee_id else None

    def sitting_of(self, line: Line) -> int | None:
        """The key of the session that the line is about."""
        session = line.values.get("session")
        return self.sessions[line.event_id or 0].get(session) if session else None

    def row_of(self, line: Line) -> Attendance:
        raise NotImplementedError

    def check_rules(self) -> None:
        lines = [line for line in self.lines if self.pair_of(line) is not None]
        for line in lines:
            if not self.unread(line, "status"):
                self._plan_status(line, line.existing)
        for line in lines:
            if "outcome" in line.values and not any(self.unread(line, name) for name in ("status", "session")):
                self._plan_outcome(line, line.existing)
        self._refuse_unanswered(lines)
        for line in lines:
            self._note_steps(line)

    def _note_steps(self, line: Line) -> None:
        """What the whole file has to know of the line, see `settle`."""
        changes, status, place = line.changes, line.values.get("status"), line.place
        does = SAYS_OUTCOME if "outcome" in line.values else 0
        if "outcome" in changes:
            does |= MARKS
        if "enrol" in changes:
            does |= ENROLS | (CONFIRMS if status == CONFIRMED else 0) | (WAITS if status == WAITLISTED else 0)
        self.steps_of[place] = does
        row = line.existing
        if "cancel" in changes and row and self.events[row.event_id].capacity is not None:
            is_active = self.people[row.employee_id].status == Employee.Status.ACTIVE
            self.ended[row.pk] = Ended(place, row.event_id, row.status, is_active)

    def _plan_status(self, line: Line, row: Any) -> None:
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
            self._ask(
                line,
                "status",
                require_state,
                self.events[row.event_id],
                Event.MARKING,
                remedy=_("Leave the cell blank."),
            )
            self._ask(line, "status", require_not_come, self.row_of(line))
        elif wanted == CONFIRMED and row is not None and now != CONFIRMED:
            line.changes["confirm"] = True
            if now == WAITLISTED:
                self.fault(line, "status", _("This person is on the wait-list. Leave the cell blank."), "waiting")
            self._ask(
                line,
                "status",
                require_state,
                self.events[row.event_id],
                Event.ENROLLING,
                remedy=_("Leave the cell blank."),
            )
        elif wanted == WAITLISTED and now != WAITLISTED and now != CANCELLED:
            self.fault(line, "status", _("This person has a seat and keeps it. Leave the cell blank."), "seated")

    def _plan_enrolment(self, line: Line) -> None:
        event, person = line.event_id or 0, line.employee_id or 0
        line.changes["enrol"] = True
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

    def _plan_outcome(self, line: Line, row: Any) -> None:
        outcome, session = line.values["outcome"], self.sitting_of(line)
        if outcome == self.outcome_of(line, row):
            return
        line.changes["outcome"] = outcome
        if session is not None:
            line.changes["session"] = session
        if "enrol" in line.changes or row is None:
            return
        if self._ask(line, "outcome", require_open, self.events[row.event_id]):
            if "cancel" in line.changes:
                self.fault(
                    line, "outcome", _("The row takes this person out. Leave one of the two cells blank."), "taken_out"
                )
            else:
                self._ask(line, "outcome", require_seat, row, remedy=_("Leave the cell blank."))

    def outcome_of(self, line: Line, row: Any) -> str:
        """As it is now, of the session or of the whole."""
        session = self.sitting_of(line)
        if row is None:
            return Outcome.PENDING.value
        return row.outcome if session is None else self.noted.get((row.pk, session), Outcome.PENDING.value)

    def unread(self, line: Line, name: str) -> bool:
        """Whether the cell is filled and could not be read, or names nothing: reported already."""
        if name == "session":
            return bool(self.sheet.cell(line, name)) and self.sitting_of(line) is None
        return name not in line.values and bool(self.sheet.cell(line, name))

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
            person: Any = self.people[line.employee_id or 0]
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
            if "outcome" in line.changes and line.place not in markable:
                self.fault(
                    line, "outcome", _("You may not note whether this person came. Leave the cell blank."), "mark"
                )

    def _reached(self, people: Any, lines: list[Line], *steps: str) -> set[int]:
        keys = {line.employee_id or 0 for line in lines if line.changes.keys() & set(steps)}
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
            line.place
            for line in marked
            if (line.existing.pk in rows if line.existing else self._may_mark(line, new, everybody))
        }

    def _may_mark(self, line: Line, people: set[int], everybody: bool) -> bool:
        person: Any = self.people[line.employee_id or 0]
        return person.pk in people and (everybody or not is_self(self.user, person))

    def _may_withdraw(self, line: Line, person: Any) -> bool:
        """Oneself, before the event begins."""
        return is_self(self.user, person) and self.events[line.event_id or 0].starts_at > timezone.now()

    @staticmethod
    def _among(rows: Any, keys: set[int]) -> set[int]:
        found: set[int] = set()
        for batch in batched(sorted(keys), BATCH):
            found.update(rows.filter(pk__in=batch).order_by().values_list("pk", flat=True))
        return found

    # --- Once all rows are judged ---------------------------------------------------------------------------------
    def settle(self) -> None:
        faults = list(self._whole_beside_sessions())
        self._faulty = bytearray(self.plan.is_faulty(place) for place in range(len(self.numbers)))
        for place, *_rest in faults:
            self._faulty[place] = True
        waiting: list[int] = []
        faults += self._give_seats(waiting)
        if faults:
            self.plan.refuse(faults)
        self.plan.amend(waiting, "status", WAITLISTED.value)

    def _whole_beside_sessions(self) -> Iterator[Fault]:
        for places in self.pairs.repeated():
            sessions = [place for place in places if self.sessions_of[place] > NO_SESSION]
            if not sessions or not any(self.steps_of[place] & MARKS for place in places):
                continue
            rows = self.rows_at(sessions)
            for place in places:
                if self.sessions_of[place] <= NO_SESSION and self.steps_of[place] & SAYS_OUTCOME:
                    message = _("The outcome follows from the sessions in the rows %(rows)s. Leave the cell blank.")
                    yield place, "outcome", message % {"rows": rows}, "whole"

    def _give_seats(self, waiting: list[int]) -> Iterator[Fault]:
        """Who of those to be enrolled finds a seat, in the order of the file, after the file's cancellations.

        The others are added to `waiting`.
        """
        enrolled = [place for place, does in enumerate(self.steps_of) if does & ENROLS]
        left = self._seats_left({self.events_of[place] for place in enrolled})
        given: dict[Pair, bool] = {}
        for place in enrolled:
            event, does = self.events_of[place], self.steps_of[place]
            pair = event, self.people_of[place]
            seat = given.get(pair, left.get(event, 1) > 0)
            if self._faulty[place]:
                continue
            if fault := self._seat_fault(does, seat):
                yield place, *fault
                continue
            if pair not in given and event in left:
                left[event] -= seat
            given[pair] = seat
            if not seat:
                waiting.append(place)

    @staticmethod
    def _seat_fault(does: int, seat: bool) -> tuple[str, str, str] | None:
        if seat and does & WAITS:
            return "status", _("There is a free seat. Write registered."), "free_seat"
        if not seat and does & CONFIRMS:
            return "status", _("The event is full: this person will wait. Write registered."), "full"
        if not seat and does & MARKS:
            message = _("The event is full: this person will wait for a seat. Leave the cell blank.")
            return "outcome", message, "full"
        return None

    def _seats_left(self, events: set[int]) -> dict[int, int]:
        """Of events with a limit. Seats that the file frees go to who waits first."""
        limited = {key: event for key in events if (event := self.events[key]).capacity is not None}
        ended = [row for row in self.ended.values() if row.event_id in limited and not self._faulty[row.place]]
        freed = Counter(row.event_id for row in ended if row.status in Attendance.SEATED)
        waiting: Counter[int] = Counter()
        for batch in batched(sorted(freed), BATCH):
            rows = Attendance.objects.waiting().filter(event__in=batch, employee__status=Employee.Status.ACTIVE)
            waiting.update(dict(rows.order_by().values_list("event_id").annotate(count=Count("pk"))))
        for row in ended:
            if row.status == WAITLISTED and row.is_active:
                waiting[row.event_id] -= 1
        left = {}
        for key, event in limited.items():
            free = max(cast(int, event.capacity) - event.seats_taken + freed[key], 0)
            promoted = min(max(waiting[key], 0), free) if freed[key] and event.state in Event.ENROLLING else 0
            left[key] = free - promoted
        return left
