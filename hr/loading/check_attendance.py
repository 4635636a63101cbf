"""The check of an attendance file: who is enrolled, confirmed, taken out or marked, by the rules of the services.

Nothing is decided anew here: each row is put to the same questions that the services ask, so that every fault is told
before anything is written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import batched
from typing import Any, cast

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.text import fold
from hr.loading.catalogue import Ambiguous, Catalogue
from hr.loading.check_people import PersonCheck
from hr.loading.errors import UnusableFile
from hr.loading.identities import seen_scope
from hr.loading.lines import Line
from hr.loading.plan import Plan
from hr.models import Attendance, Employee, Event, EventSession, Outcome, SessionMark
from hr.permissions import can_confirm, is_self
from hr.rights import MARK, VIEW, VIEW_ATTENDANCE
from hr.scope import events_for, has_role_right, scope_for
from hr.services.enrolment import require_not_come, require_state
from hr.services.roll import require_open, require_seat
from hr.services.writing import BATCH

Status = Attendance.Status
REGISTERED, WAITLISTED = Status.REGISTERED, Status.WAITLISTED
CONFIRMED, CANCELLED = Status.CONFIRMED, Status.CANCELLED
# (event, employee)
Pair = tuple[int, int]


class AttendanceCheck(PersonCheck):
    """Key: the event, and the person by code, else by national id; of a course also the session.

    A line's `changes` name what is to be done: `enrol` (the pair), `confirm`, `cancel`, `outcome` (of `session`).
    """

    model = Attendance

    def run(self) -> Plan:
        self.pairs: dict[int, Pair] = {}
        self.events: dict[int, Event] = {}
        self.people: dict[int, Employee] = {}
        # By line: the key of the session; whether the person would wait for a seat.
        self.sittings: dict[int, int] = {}
        self.waits: set[int] = set()
        self.noted: dict[tuple[int, int], str] = {}
        return super().run()

    # --- Who, and what of -----------------------------------------------------------------------------------------
    def match(self) -> None:
        self._read_events()
        self.know_people(self._seen())
        people: dict[int, int] = {}
        for line in self.lines:
            if (person := self.person_of(line)) is not None:
                people[line.number] = person
            elif not any(error.column in self._headers("code", "national_id") for error in line.errors):
                self.fault(line, self.key_of(line), _("No employee has this code or national id. Correct it."))
        self._read_people(set(people.values()))
        for line in self.lines:
            person, event = people.get(line.number), self.of_lines.get(line.number)
            if person in self.people:
                self._compare_ids(line, self.people[person])
            if person in self.people and event is not None:
                self.pairs[line.number] = event, person
        self._read_attendance()

    def _read_events(self) -> None:
        """Set `of_lines`, the event of each line, and read these events."""
        chosen, self.of_lines = self.sheet.event_id, dict[int, int]()
        known = Catalogue(self.visible(Event), "title")
        if chosen is not None and chosen not in known.entries:
            raise UnusableFile(_("The event that was chosen for this file does not exist. Choose another one."))
        for line in self.lines:
            event = self._event_of(line, known, chosen)
            if event is not None:
                self.of_lines[line.number] = event
        for batch in batched(sorted(set(self.of_lines.values())), BATCH):
            # Locked before their attendance, as the services do.
            self.events.update(
                (event.pk, event)
                for event in (Event.objects.lock(batch) if self.lock else Event.objects.filter(pk__in=batch))
            )

    def _event_of(self, line: Line, known: Catalogue, chosen: int | None) -> int | None:
        text = line.values.get("event")
        if not text:
            if chosen is None and not self.sheet.cell(line, "event"):
                self.fault(line, "event", _("Missing. Fill in this cell, or choose the event together with the file."))
            return chosen
        try:
            event = known.find(text)
        except Ambiguous:
            # The one that was chosen is meant, if it is among them.
            if chosen is not None and fold(text) == fold(known.name(chosen)):
                return chosen
            self.fault(line, "event", _("Several bear this name. Write the code instead."))
            return None
        if event is None:
            self.fault(line, "event", _("No event has this code or title. Correct it."))
        elif chosen is not None and event != chosen:
            self.fault(line, "event", _("The file is loaded for another event. Remove the row, or choose no event."))
            return None
        return event

    def _seen(self) -> set[int] | None:
        """Whom a code may name: whom the user sees, and who is enrolled where he sees everybody."""
        seen = seen_scope(self.user)
        granted = events_for(self.user, VIEW_ATTENDANCE) if self.user else ()
        if seen is None or not granted:
            return seen
        rows = self.visible().filter(event__in=granted & set(self.of_lines.values())).order_by()
        return seen | set(rows.values_list("employee_id", flat=True))

    def _read_people(self, keys: set[int]) -> None:
        columns = ("pk", "code", "first_name", "last_name", "status", "country", "national_id", "org_unit", "reports_to")
        for batch in batched(sorted(keys), BATCH):
            self.people.update(Employee.objects.only(*columns).in_bulk(batch))

    def _compare_ids(self, line: Line, person: Employee) -> None:
        """A code and a national id that are not one person's: one of them is mistyped."""
        typed = line.values.get("national_id")
        if not typed or not person.national_id or (self.personal is not None and person.pk not in self.personal):
            return
        same = (person.country, fold(person.national_id)) == (self.country_of(line), fold(typed))
        if not same and not any(error.column in self._headers("national_id") for error in line.errors):
            self.fault(line, "national_id", _("The code belongs to somebody with another national id. Correct one."))

    def _read_attendance(self) -> None:
        wanted = set(self.pairs.values())
        keys: dict[Pair, int] = {}
        for batch in batched(sorted(wanted), BATCH):
            events, people = zip(*batch, strict=True)
            rows = self.visible().filter(event__in=set(events), employee__in=set(people)).order_by()
            keys.update(
                ((event, employee), key) for key, event, employee in rows.values_list("pk", "event_id", "employee_id")
            )
        found = cast(dict[int, Attendance], self.read_existing(keys[pair] for pair in wanted & keys.keys()))
        for row in found.values():
            row.event, row.employee = self.events[row.event_id], self.people[row.employee_id]
        for line in self.lines:
            if (pair := self.pairs.get(line.number)) is not None:
                line.existing = found.get(keys.get(pair, 0))

    def _headers(self, *names: str) -> set[str]:
        return {self.sheet.mapping.header_of(name) or self.sheet.resource.columns[name].header for name in names}

    # --- Sessions, and several rows about one person --------------------------------------------------------------
    def resolve(self) -> None:
        self._read_sessions()
        together: defaultdict[Pair, list[Line]] = defaultdict(list)
        for line in self.lines:
            if line.number in self.pairs:
                together[self.pairs[line.number]].append(line)
        self.together = [lines for lines in together.values() if len(lines) > 1]
        for lines in self.together:
            self._refuse_repeated(lines)
            self._share_status(lines)

    def _read_sessions(self) -> None:
        named = {self.of_lines[line.number] for line in self.lines_of_sessions()}
        known: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for batch in batched(sorted(named), BATCH):
            for event, number, key in EventSession.objects.filter(event__in=batch).values_list(
                "event_id", "number", "pk"
            ):
                known[event][number] = key
        for line in self.lines_of_sessions():
            of_event = known[self.of_lines[line.number]]
            if line.values["session"] in of_event:
                self.sittings[line.number] = of_event[line.values["session"]]
            elif of_event:
                message = _("The event has %(count)d sessions and none of this number. Correct it.")
                self.fault(line, "session", message % {"count": len(of_event)})
            else:
                self.fault(line, "session", _("The event has no sessions. Leave the cell blank."))
        rows = {line.existing.pk for line in self.lines if line.number in self.sittings and line.existing}
        for batch in batched(sorted(rows), BATCH):
            marks = SessionMark.objects.filter(attendance__in=batch).order_by()
            self.noted.update(
                ((row, session), outcome)
                for row, session, outcome in marks.values_list("attendance_id", "session_id", "outcome")
            )

    def lines_of_sessions(self) -> Iterator[Line]:
        return (line for line in self.lines if line.values.get("session") and line.number in self.of_lines)

    def _refuse_repeated(self, lines: list[Line]) -> None:
        same: defaultdict[int | None, list[Line]] = defaultdict(list)
        for line in lines:
            if not self._unread(line, "session"):
                same[line.values.get("session")].append(line)
        for group in same.values():
            if len(group) > 1:
                rows = self.listed(str(line.number) for line in group)
                for line in group:
                    message = _("The rows %(rows)s are about the same person. Keep one of them.")
                    self.fault(line, self.key_of(line), message % {"rows": rows})

    def _share_status(self, lines: list[Line]) -> None:
        """One enrolment has one status, whichever of its rows names it."""
        named = {line.values["status"] for line in lines if line.values.get("status")}
        if len(named) > 1:
            rows = self.listed(str(line.number) for line in lines)
            for line in lines:
                message = _("The rows %(rows)s give one person several statuses. Keep one of them.")
                self.fault(line, "status", message % {"rows": rows})
        for line in lines:
            if len(named) == 1 and not self.sheet.cell(line, "status"):
                line.values["status"] = next(iter(named))

    # --- What is to be done ---------------------------------------------------------------------------------------
    def check_rules(self) -> None:
        lines = [line for line in self.lines if line.number in self.pairs]
        for line in lines:
            if not self._unread(line, "status"):
                self._plan_status(line, self._row(line))
        for line in lines:
            if "outcome" in line.values and not any(self._unread(line, name) for name in ("status", "session")):
                self._plan_outcome(line, self._row(line))
        for group in self.together:
            self._refuse_whole_beside_sessions(group)
        self._refuse_unanswered(lines)
        self._give_seats(lines)

    def _plan_status(self, line: Line, row: Attendance | None) -> None:
        wanted, now = line.values.get("status"), row.status if row else CANCELLED
        if now == CANCELLED and (wanted not in (None, CANCELLED) or row is None):
            if wanted == CANCELLED:
                self.fault(line, "status", _("This person is not enrolled, so nothing can be cancelled. Remove the row."))
            else:
                self._plan_enrolment(line)
        elif wanted == CANCELLED and row is not None and now != CANCELLED:
            line.changes["cancel"] = True
            self._ask(line, "status", require_state, row.event, Event.MARKING)
            self._ask(line, "status", require_not_come, row)
        elif wanted == CONFIRMED and row is not None and now != CONFIRMED:
            line.changes["confirm"] = True
            if now == WAITLISTED:
                self.fault(line, "status", _("This person is on the wait-list and needs a seat first."))
            self._ask(line, "status", require_state, row.event, Event.ENROLLING)
        elif wanted == WAITLISTED and now != WAITLISTED and now != CANCELLED:
            self.fault(line, "status", _("This person has a seat and keeps it. Leave the cell blank."))

    def _plan_enrolment(self, line: Line) -> None:
        event, person = self.pairs[line.number]
        line.changes["enrol"] = self.pairs[line.number]
        name = "status" if self.sheet.cell(line, "status") else "event"
        if not self._ask(line, name, require_state, self.events[event], Event.MARKING):
            return
        if (who := self.people[person]).status != Employee.Status.ACTIVE:
            message = _("This person is %(status)s and cannot be enrolled. Remove the row.")
            self.fault(line, self.key_of(line), message % {"status": who.get_status_display()})
        if line.values.get("status") == CONFIRMED:
            line.changes["confirm"] = True
            self._ask(line, "status", require_state, self.events[event], Event.ENROLLING)

    def _plan_outcome(self, line: Line, row: Attendance | None) -> None:
        outcome, session = line.values["outcome"], self.sittings.get(line.number)
        if outcome == self._outcome_of(line, row):
            return
        line.changes["outcome"] = outcome
        if session is not None:
            line.changes["session"] = session
        if "enrol" in line.changes or row is None:
            return
        if self._ask(line, "outcome", require_open, row.event):
            if "cancel" in line.changes:
                self.fault(line, "outcome", _("This person is no longer enrolled."))
            else:
                self._ask(line, "outcome", require_seat, row)

    def _outcome_of(self, line: Line, row: Attendance | None) -> str:
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
                self.fault(line, "outcome", message % {"rows": rows})

    def _unread(self, line: Line, name: str) -> bool:
        """Whether the cell is filled and could not be read, or names nothing: reported already."""
        if name == "session":
            return bool(self.sheet.cell(line, name)) and line.number not in self.sittings
        return bool(self.sheet.cell(line, name)) and name not in line.values

    def _ask(self, line: Line, name: str, rule: Callable[..., None], *about: Any) -> bool:
        """Whether the rule of a service has nothing against it; what it says otherwise is the fault of the cell."""
        try:
            rule(*about)
        except DomainError as error:
            self.fault(line, name, error.message)
            return False
        return True

    # --- Who may do it --------------------------------------------------------------------------------------------
    def _refuse_unanswered(self, lines: list[Line]) -> None:
        """What the user may not do to the person of the line."""
        if self.user is None:
            return
        enrollable = self._reached(Employee.objects.enrollable_by(self.user), lines, "enrol", "cancel")
        seen = self._reached(Employee.objects.held_by(self.user, VIEW_ATTENDANCE), lines, "enrol")
        markable = self._markable(lines)
        for line in lines:
            person = self.people[self.pairs[line.number][1]]
            if "enrol" in line.changes and person.pk not in enrollable & seen:
                self.fault(line, self.key_of(line), _("You may not enrol this person. Remove the row, or ask who may."))
            elif "cancel" in line.changes and person.pk not in enrollable and not self._may_withdraw(line, person):
                self.fault(line, "status", _("You may not take this person out. Remove the row, or ask who may."))
            if "confirm" in line.changes and not can_confirm(self.user, person):
                self.fault(line, "status", _("Only HR and the person himself confirm. Write registered."))
            if "outcome" in line.changes and line.number not in markable:
                self.fault(line, "outcome", _("You may not note whether this person came. Leave the cell blank."))

    def _reached(self, people: Any, lines: list[Line], *steps: str) -> set[int]:
        keys = {self.pairs[line.number][1] for line in lines if line.changes.keys() & set(steps)}
        return self._among(people, keys)

    def _markable(self, lines: list[Line]) -> set[int]:
        """The lines whose outcome the user may note; nobody his own, but for who may note everybody's by a role."""
        assert self.user is not None
        marked = [line for line in lines if "outcome" in line.changes]
        rows = self._among(self.model.objects.markable_by(self.user), {row.pk for row in map(self._row, marked) if row})
        new = self._reached(Employee.objects.held_by(self.user, MARK), [line for line in marked if not line.existing],
                            "outcome")  # fmt: skip
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
            self.fault(line, "status", _("There is a free seat. Write registered."))
        elif not seat and wanted == CONFIRMED:
            self.fault(line, "status", _("The event is full: this person will wait. Write registered."))
        elif not seat and "outcome" in line.changes:
            self.fault(line, "outcome", _("The event is full: this person will wait for a seat. Leave the cell blank."))

    def _seats_left(self, events: set[int], lines: list[Line]) -> dict[int, int]:
        """Of events with a limit. Seats that the file frees go to who waits first."""
        limited = {key: event for key in events if (event := self.events[key]).capacity is not None}
        ended = {row.pk: row for line in lines if "cancel" in line.changes and not line.errors
                 and (row := self._row(line)) and row.event_id in limited}  # fmt: skip
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

    # --- Showing --------------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        """`changes` are known; `before` and `after` tell of them."""
        row, becomes = self._row(line), None
        if "enrol" in line.changes:
            becomes = WAITLISTED if line.number in self.waits else REGISTERED
        if line.changes.keys() & {"confirm", "cancel"}:
            becomes = CONFIRMED if "confirm" in line.changes else CANCELLED
        if becomes:
            line.after["status"] = self.shown("status", becomes)
            if row:
                line.before["status"] = self.shown("status", row.status)
        if "outcome" in line.changes:
            line.after["outcome"] = self.shown("outcome", line.changes["outcome"])
            if row:
                line.before["outcome"] = self.shown("outcome", self._outcome_of(line, row))
        if line.number in self.pairs:
            event, person = self.pairs[line.number]
            line.about = f"{event}:{person}:{self.sittings.get(line.number, '')}"

    def check_rights(self) -> None:
        """Asked among the rules: who may not be enrolled takes no seat."""

    def shown(self, name: str, value: Any) -> str:
        return str((Status if name == "status" else Outcome)(value).label)

    def describe(self, line: Line) -> str:
        """By name only where the row can be hidden again, or the user sees everybody: a new one points at nobody yet."""
        person = self.people.get(self.pairs[line.number][1]) if line.number in self.pairs else None
        if person is None or not (line.existing or self._sees_everything()):
            who, what = str(self.sheet.cell(line, self.key_of(line))), str(self.sheet.cell(line, "event"))
        else:
            who, what = str(person), str(self.events[self.pairs[line.number][0]])
        session = line.values.get("session")
        parts = [who, what, _("Session %(number)d") % {"number": session} if session else ""]
        return " · ".join(part for part in parts if part)

    def _sees_everything(self) -> bool:
        return self.user is None or (scope_for(self.user, VIEW).everything and has_role_right(self.user, "hr.view_event"))

    @staticmethod
    def _row(line: Line) -> Attendance | None:
        return cast(Attendance | None, line.existing)
