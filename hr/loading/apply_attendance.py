"""Write what the plan of an attendance file says, through the services and in bulk, inside the caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from itertools import batched
from typing import TYPE_CHECKING

from hr.loading.lines import CHANGED, NEW, Line
from hr.loading.plan import Plan
from hr.models import Attendance
from hr.models.attendance import MarkedFrom
from hr.services.enrolment import cancel_attendance, confirm_attendance, enrol_in_events
from hr.services.marks import mark_attendance, mark_sessions
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from core.models import User


def write_attendance(plan: Plan, *, actor: User | None) -> None:
    """Take out, enrol in the order of the file, confirm, and note who came: seats that become free are given first."""
    lines = [line for line in plan.lines if line.verdict in (NEW, CHANGED)]
    for line in lines:
        line.object_id = line.existing.pk if line.existing else None
    cancel_attendance(_keys(lines, "cancel"), actor=actor)
    _enrol(lines, actor)
    confirm_attendance(_keys(lines, "confirm"), actor=actor)
    _mark(lines, actor)
    _note_versions(lines)


def _keys(lines: list[Line], step: str) -> list[int]:
    return [line.object_id for line in lines if step in line.changes and line.object_id]


def _enrol(lines: list[Line], actor: User | None) -> None:
    people: defaultdict[int, list[int]] = defaultdict(list)
    for line in lines:
        if "enrol" in line.changes:
            event, person = line.changes["enrol"]
            people[event].append(person)
    rows = {(row.event_id, row.employee_id): row.pk for row in enrol_in_events(people, actor=actor)}
    for line in lines:
        if "enrol" in line.changes:
            line.object_id = rows[line.changes["enrol"]]


def _mark(lines: list[Line], actor: User | None) -> None:
    outcomes: dict[int, str] = {}
    sittings: dict[tuple[int, int], str] = {}
    for line in lines:
        if "outcome" not in line.changes or line.object_id is None:
            continue
        if "session" in line.changes:
            sittings[line.object_id, line.changes["session"]] = line.changes["outcome"]
        else:
            outcomes[line.object_id] = line.changes["outcome"]
    mark_attendance(outcomes, actor=actor, marked_from=MarkedFrom.IMPORT)
    mark_sessions(sittings, actor=actor, marked_from=MarkedFrom.IMPORT)


def _note_versions(lines: list[Line]) -> None:
    """A row may have been written more than once."""
    versions: dict[int, int] = {}
    for batch in batched(sorted({line.object_id for line in lines if line.object_id}), BATCH):
        versions.update(Attendance.objects.filter(pk__in=batch).order_by().values_list("pk", "version"))
    for line in lines:
        line.written_version = versions.get(line.object_id or 0)
