"""The check of an attendance file: which event and person each row is about, and how its preview tells of it."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.text import fold
from hr.loading.catalogue import Ambiguous, Catalogue
from hr.loading.check_enrolment import (
    CANCELLED,
    CONFIRMED,
    NO_SESSION,
    REGISTERED,
    STATUSES,
    UNREAD_SESSION,
    EnrolmentCheck,
    Pair,
)
from hr.loading.errors import UnusableFile
from hr.loading.file_keys import Rows
from hr.loading.identities import id_key, seen_scope
from hr.loading.lines import Line
from hr.loading.packing import BLOCK
from hr.models import Attendance, Employee, Event, EventSession, SessionMark
from hr.rights import VIEW_ATTENDANCE
from hr.scope import events_for
from hr.services.writing import BATCH

# What has to be known of all rows before one can be judged: who else is about the same person in the same event.
KEYS = ("event", "code", "country", "national_id", "session", "status")
COMPARED = ("event", "employee", "status", "outcome")


class Someone(NamedTuple):
    """What is asked of a person."""

    pk: int
    code: str
    first_name: str
    last_name: str
    status: str
    country: str
    national_id: str | None

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name} ({self.code})"

    def get_status_display(self) -> str:
        return str(Employee.Status(self.status).label)


class AttendanceCheck(EnrolmentCheck):
    """Key: the event, and the person by code, else by national id; of a course also the session."""

    block = BLOCK

    # --- The whole file -------------------------------------------------------------------------------------------
    def prepare(self) -> None:
        self.catalogue = Catalogue(self.visible(Event), "title")
        chosen = self.sheet.event_id
        if chosen is not None and chosen not in self.catalogue.entries:
            raise UnusableFile(_("The event that was chosen for this file does not exist. Choose another one."))
        self.know_people(self._seen())
        self.numbers, self.events_of, self.people_of = array("L"), array("q"), array("q")
        self.sessions_of, self.statuses_of, self.steps_of = array("l"), bytearray(), bytearray()
        self.pairs, self.ended = Rows(), {}
        for lines in self.sheet.blocks(self.block, KEYS):
            self.lines = lines
            self.guard_personal_columns()
            for line in lines:
                self._note(line, self._event_of(line) or 0, self.person_of(line) or 0)
        named = sorted(set(self.events_of) - {0})
        self.events = {}
        for batch in batched(named, BATCH):
            self.events.update(Event.objects.in_bulk(batch))
        self.titles = {key: str(event) for key, event in self.events.items()}
        self._read_sessions()

    def _note(self, line: Line, event: int, person: int) -> None:
        values = line.values
        self.numbers.append(line.number)
        self.events_of.append(event)
        self.people_of.append(person)
        unread = UNREAD_SESSION if self.sheet.cell(line, "session") else NO_SESSION
        self.sessions_of.append(values.get("session", unread))
        self.statuses_of.append(STATUSES.index(values.get("status")))
        self.steps_of.append(0)
        if event and person:
            self.pairs.note((event, person), line.place)

    def _seen(self) -> set[int] | None:
        """Whom a code may name: whom the user sees, and who is enrolled where he sees everybody."""
        seen = seen_scope(self.user)
        granted = events_for(self.user, VIEW_ATTENDANCE) if self.user else ()
        if seen is None or not granted:
            return seen
        named = {self._event_of(line) for lines in self.sheet.blocks(self.block, ("event",)) for line in lines}
        rows = self.visible().filter(event__in=granted & set(filter(None, named))).order_by()
        return seen | set(rows.values_list("employee_id", flat=True))

    def _read_sessions(self) -> None:
        """The sessions of the events of which the file names one, {event: {number: key}}."""
        named = {event for event, session in zip(self.events_of, self.sessions_of, strict=True) if event and session}
        self.sessions: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for batch in batched(sorted(named), BATCH):
            rows = EventSession.objects.filter(event__in=batch).values_list("event_id", "number", "pk")
            for event, number, key in rows:
                self.sessions[event][number] = key

    # --- Who, and what of -----------------------------------------------------------------------------------------
    def keys(self) -> tuple[str, ...]:
        return ("event", "code", "national_id", "session")

    def compared_fields(self) -> list[Any]:
        return [self.model._meta.get_field(name) for name in COMPARED]

    def match(self) -> None:
        self.guard_personal_columns()
        self.people, self.noted = {}, {}
        for line in self.lines:
            line.event_id, line.employee_id = self._event_of(line), self.person_of(line)
            if line.employee_id is None and not any(error.field in ("code", "national_id") for error in line.errors):
                message = _("No employee has this code or national id. Correct it.")
                self.fault(line, self.key_of(line), message, "unknown")
        self._read_people({line.employee_id for line in self.lines if line.employee_id})
        for line in self.lines:
            if line.employee_id and line.values.get("national_id"):
                self._compare_ids(line, self.people[line.employee_id])
        self._read_attendance()

    def _event_of(self, line: Line) -> int | None:
        text, chosen = line.values.get("event"), self.sheet.event_id
        if not text:
            if chosen is None and not self.sheet.cell(line, "event"):
                message = _("Missing. Fill in this cell, or choose the event together with the file.")
                self.fault(line, "event", message, "required")
            return chosen
        try:
            event = self.catalogue.find(text)
        except Ambiguous:
            # The one that was chosen is meant, if it is among them.
            if chosen is not None and fold(text) == fold(self.catalogue.name(chosen)):
                return chosen
            self.fault(line, "event", _("Several bear this name. Write the code instead."), "ambiguous")
            return None
        if event is None:
            self.fault(line, "event", _("No event has this code or title. Correct it."), "unknown")
        elif chosen is not None and event != chosen:
            message = _("The file is loaded for another event. Remove the row, or choose no event.")
            self.fault(line, "event", message, "other_event")
            return None
        return event

    def _read_people(self, keys: Iterable[int]) -> None:
        for batch in batched(sorted(keys), BATCH):
            rows = Employee.objects.filter(pk__in=batch).order_by().values_list(*Someone._fields)
            self.people.update((row[0], Someone._make(row)) for row in rows)

    def _compare_ids(self, line: Line, person: Someone) -> None:
        """A code and a national id that are not one person's: one of them is mistyped."""
        if not person.national_id or (self.personal is not None and person.pk not in self.personal):
            return
        typed = id_key(self.country_of(line), line.values["national_id"])
        same = id_key(person.country, person.national_id) == typed
        if not same and not any(error.field == "national_id" for error in line.errors):
            message = _("The code belongs to somebody with another national id. Correct one.")
            self.fault(line, "national_id", message, "two_people")

    def _read_attendance(self) -> None:
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        for line in self.lines:
            if (pair := self.pair_of(line)) is not None:
                wanted[pair[1]].add(pair[0])
        found: dict[Pair, Any] = {}
        for batch in batched(sorted(wanted), BATCH):
            events = set().union(*(wanted[person] for person in batch))
            rows = self.visible().filter(event__in=events, employee__in=batch).order_by()
            for row in map(self._row._make, rows.values_list(*self._row._fields)):
                found[row.event_id, row.employee_id] = row
        for line in self.lines:
            if (pair := self.pair_of(line)) is not None:
                line.existing = found.get(pair)

    # --- Sessions, and several rows about one person --------------------------------------------------------------
    def resolve(self) -> None:
        self._check_sessions()
        self._read_marks()
        for line in self.lines:
            if (pair := self.pair_of(line)) is not None and (places := self.pairs.several(pair)):
                self._refuse_repeated(line, places)
                self._share_status(line, places)

    def _check_sessions(self) -> None:
        for line in self.lines_of_sessions():
            of_event = self.sessions[line.event_id or 0]
            if line.values["session"] in of_event:
                continue
            if of_event:
                message = _("The event has %(count)d sessions and none of this number. Correct it.")
                self.fault(line, "session", message % {"count": len(of_event)}, "unknown")
            else:
                self.fault(line, "session", _("The event has no sessions. Leave the cell blank."), "no_sessions")

    def _read_marks(self) -> None:
        enrolled = {line.existing.pk for line in self.lines_of_sessions() if line.existing}
        for batch in batched(sorted(enrolled), BATCH):
            marks = SessionMark.objects.filter(attendance__in=batch).order_by()
            self.noted.update(
                ((row, session), outcome)
                for row, session, outcome in marks.values_list("attendance_id", "session_id", "outcome")
            )

    def lines_of_sessions(self) -> Iterator[Line]:
        return (line for line in self.lines if line.event_id and line.values.get("session"))

    def _refuse_repeated(self, line: Line, places: list[int]) -> None:
        if self.unread(line, "session"):
            return
        own = line.values.get("session", NO_SESSION)
        same = [place for place in places if self.sessions_of[place] == own]
        if len(same) > 1:
            message = _("The rows %(rows)s are about the same person. Keep one of them.")
            self.fault(line, self.key_of(line), message % {"rows": self.rows_at(same)}, "repeated")

    def _share_status(self, line: Line, places: list[int]) -> None:
        """One enrolment has one status, whichever of its rows names it."""
        named = {self.statuses_of[place] for place in places} - {0}
        if len(named) > 1:
            message = _("The rows %(rows)s give one person several statuses. Keep one of them.")
            self.fault(line, "status", message % {"rows": self.rows_at(places)}, "several_statuses")
        elif named and not self.sheet.cell(line, "status"):
            line.values["status"] = STATUSES[named.pop()]

    # --- Comparing ------------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        """`changes` are known: `after` is the same, and what becomes of the status by it."""
        changes, row, becomes = line.changes, line.existing, None
        # Seats are freed before others take them.
        line.late = "cancel" not in changes
        if not changes:
            return
        line.after = dict(changes)
        if "confirm" in changes:
            becomes = CONFIRMED
        elif "cancel" in changes:
            becomes = CANCELLED
        elif "enrol" in changes:
            becomes = REGISTERED
        if becomes:
            line.after["status"] = becomes.value
            if row:
                line.before["status"] = row.status
        if "outcome" in changes and row:
            line.before["outcome"] = self.outcome_of(line, row)

    def names_in(self, name: str) -> Iterable[str]:
        return self.catalogue.spellings() if name == "event" else super().names_in(name)

    def check_rights(self) -> None:
        """Asked among the rules: who may not be enrolled takes no seat."""

    def describe(self, line: Line) -> str:
        if (pair := self.pair_of(line)) is not None:
            who, what = str(self.people[pair[1]]), self.titles[pair[0]]
        else:
            # Not by the national id: labels are read by who may not know it.
            who, what = str(self.sheet.cell(line, "code")), str(self.sheet.cell(line, "event"))
        session = line.values.get("session")
        parts = [who, what, _("Session %(number)d") % {"number": session} if session else ""]
        return " · ".join(part for part in parts if part)

    def row_of(self, line: Line) -> Attendance:
        """The enrolment as the rules of services take it, with event and person."""
        row, who = line.existing, self.people[line.existing.employee_id]
        person = Employee(pk=who.pk, code=who.code, first_name=who.first_name, last_name=who.last_name)
        return Attendance(
            pk=row.pk, status=row.status, outcome=row.outcome, event=self.events[row.event_id], employee=person
        )
