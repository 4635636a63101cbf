"""The check of an attendance file: which event and person each row is about, and how its preview tells of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import batched
from typing import cast

from django.utils.translation import gettext as _

from core.text import fold
from hr.loading.catalogue import Ambiguous, Catalogue
from hr.loading.check_enrolment import CANCELLED, CONFIRMED, REGISTERED, WAITLISTED, EnrolmentCheck, Pair
from hr.loading.errors import UnusableFile
from hr.loading.identities import seen_scope
from hr.loading.lines import Line
from hr.loading.plan import Plan
from hr.models import Attendance, Employee, Event, EventSession, SessionMark
from hr.rights import VIEW_ATTENDANCE
from hr.scope import events_for
from hr.services.writing import BATCH

# What is asked of a person.
OF_PEOPLE = ("code", "first_name", "last_name", "status", "country", "national_id")


class AttendanceCheck(EnrolmentCheck):
    """Key: the event, and the person by code, else by national id; of a course also the session."""

    def run(self) -> Plan:
        self.pairs, self.sittings, self.events, self.people, self.noted = {}, {}, {}, {}, {}
        self.together, self.waits = [], set()
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
                self.fault(
                    line, self.key_of(line), _("No employee has this code or national id. Correct it."), "unknown"
                )
        self._read_people(set(people.values()))
        for line in self.lines:
            person, event = people.get(line.number), self.of_lines.get(line.number)
            line.employee_id, line.event_id = person, event
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
            rows = Event.objects.lock(batch) if self.lock else Event.objects.filter(pk__in=batch)
            self.events.update((event.pk, event) for event in rows)

    def _event_of(self, line: Line, known: Catalogue, chosen: int | None) -> int | None:
        text = line.values.get("event")
        if not text:
            if chosen is None and not self.sheet.cell(line, "event"):
                self.fault(
                    line,
                    "event",
                    _("Missing. Fill in this cell, or choose the event together with the file."),
                    "required",
                )
            return chosen
        try:
            event = known.find(text)
        except Ambiguous:
            # The one that was chosen is meant, if it is among them.
            if chosen is not None and fold(text) == fold(known.name(chosen)):
                return chosen
            self.fault(line, "event", _("Several bear this name. Write the code instead."), "ambiguous")
            return None
        if event is None:
            self.fault(line, "event", _("No event has this code or title. Correct it."), "unknown")
        elif chosen is not None and event != chosen:
            self.fault(
                line,
                "event",
                _("The file is loaded for another event. Remove the row, or choose no event."),
                "other_event",
            )
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
        for batch in batched(sorted(keys), BATCH):
            self.people.update(Employee.objects.only(*OF_PEOPLE).in_bulk(batch))

    def _compare_ids(self, line: Line, person: Employee) -> None:
        """A code and a national id that are not one person's: one of them is mistyped."""
        typed = line.values.get("national_id")
        if not typed or not person.national_id or (self.personal is not None and person.pk not in self.personal):
            return
        same = (person.country, fold(person.national_id)) == (self.country_of(line), fold(typed))
        if not same and not any(error.column in self._headers("national_id") for error in line.errors):
            self.fault(
                line,
                "national_id",
                _("The code belongs to somebody with another national id. Correct one."),
                "two_people",
            )

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
            rows = EventSession.objects.filter(event__in=batch).values_list("event_id", "number", "pk")
            for event, number, key in rows:
                known[event][number] = key
        for line in self.lines_of_sessions():
            of_event = known[self.of_lines[line.number]]
            if line.values["session"] in of_event:
                self.sittings[line.number] = of_event[line.values["session"]]
            elif of_event:
                message = _("The event has %(count)d sessions and none of this number. Correct it.")
                self.fault(line, "session", message % {"count": len(of_event)}, "unknown")
            else:
                self.fault(line, "session", _("The event has no sessions. Leave the cell blank."), "no_sessions")
        enrolled = {line.existing.pk for line in self.lines if line.number in self.sittings and line.existing}
        for batch in batched(sorted(enrolled), BATCH):
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
            if not self.unread(line, "session"):
                same[line.values.get("session")].append(line)
        for group in same.values():
            if len(group) > 1:
                rows = self.listed(str(line.number) for line in group)
                for line in group:
                    message = _("The rows %(rows)s are about the same person. Keep one of them.")
                    self.fault(line, self.key_of(line), message % {"rows": rows}, "repeated")

    def _share_status(self, lines: list[Line]) -> None:
        """One enrolment has one status, whichever of its rows names it."""
        named = {line.values["status"] for line in lines if line.values.get("status")}
        if len(named) > 1:
            rows = self.listed(str(line.number) for line in lines)
            for line in lines:
                message = _("The rows %(rows)s give one person several statuses. Keep one of them.")
                self.fault(line, "status", message % {"rows": rows}, "several_statuses")
        for line in lines:
            if len(named) == 1 and not self.sheet.cell(line, "status"):
                line.values["status"] = next(iter(named))

    # --- Showing --------------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        """`changes` are known: `after` is the same, and what becomes of the status by it."""
        row, becomes = self.row_of(line), None
        if "enrol" in line.changes:
            becomes = WAITLISTED if line.number in self.waits else REGISTERED
        if line.changes.keys() & {"confirm", "cancel"}:
            becomes = CONFIRMED if "confirm" in line.changes else CANCELLED
        # Seats are freed before others take them.
        line.late = "cancel" not in line.changes
        line.after = {name: True if name == "enrol" else value for name, value in line.changes.items()}
        if becomes:
            line.after["status"] = becomes.value
            if row:
                line.before["status"] = row.status
        if "outcome" in line.changes and row:
            line.before["outcome"] = self.outcome_of(line, row)
        if line.number in self.pairs:
            event, person = self.pairs[line.number]
            line.about = f"{event}:{person}:{self.sittings.get(line.number, '')}"

    def check_rights(self) -> None:
        """Asked among the rules: who may not be enrolled takes no seat."""

    def describe(self, line: Line) -> str:
        if line.number in self.pairs:
            event, person = self.pairs[line.number]
            who, what = str(self.people[person]), str(self.events[event])
        else:
            who, what = str(self.sheet.cell(line, self.key_of(line))), str(self.sheet.cell(line, "event"))
        session = line.values.get("session")
        parts = [who, what, _("Session %(number)d") % {"number": session} if session else ""]
        return " · ".join(part for part in parts if part)
