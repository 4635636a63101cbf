"""The events of the demo's calendar, as far as they have come, and who came to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random

from django.utils import timezone

from hr.demo.calendar import CALENDAR, EVERYBODY, KINDS, Planned
from hr.demo.cast import Cast, attendance_of, draw
from hr.models import Attendance, Employee, Event, EventKind, EventSession, OrgUnit, Outcome, Position
from hr.models.attendance import MarkedFrom
from hr.services.audiences import Audience, add_audience
from hr.services.corrections import approve_corrections, ask_corrections, reject_corrections
from hr.services.enrolment import cancel_attendance, confirm_attendance, enrol_employees, register
from hr.services.event_kinds import create_event_kinds
from hr.services.events import (
    cancel_events,
    close_events,
    complete_events,
    create_events,
    publish_events,
    start_events,
    unpublish_events,
)
from hr.services.marks import mark_attendance, mark_sessions
from hr.services.sessions import plan_sessions

State = Event.State
HELD = (State.COMPLETED, State.CLOSED)
# Of a hundred people.
CONFIRMED, WITHDRAWN = 60, 5
OUTCOMES = {Outcome.PRESENT: 76, Outcome.LATE: 8, Outcome.ABSENT: 9, Outcome.EXCUSED: 4, Outcome.PENDING: 3}
UNFINISHED = {Outcome.PRESENT: 50, Outcome.LATE: 8, Outcome.ABSENT: 7, Outcome.PENDING: 35}
ARRIVING = {Outcome.PRESENT: 40, Outcome.LATE: 10, Outcome.PENDING: 50}

Events = Mapping[str, Event]


def happen(cast: Cast) -> dict[str, Event]:
    """Plan what is in the calendar and let it happen; returns the events by key."""
    events = _plan(cast)
    _answer_invitations(cast, events)
    _fill_lists(cast, events)
    _begin(cast, events)
    _take_rolls(cast, events)
    _take_rolls_of_courses(cast, events)
    _end(cast, events)
    _correct(cast, events)
    return events


def _plan(cast: Cast) -> dict[str, Event]:
    now = timezone.now()
    known = set(EventKind.objects.values_list("code", flat=True))
    create_event_kinds([kind for kind in KINDS if kind.code not in known], actor=cast.hr)
    kinds = dict(EventKind.objects.values_list("code", "pk"))
    made = create_events([planned.event(kinds[planned.kind], now) for planned in CALENDAR], actor=cast.hr)
    events = {planned.key: event for planned, event in zip(CALENDAR, made, strict=True)}
    courses = {events[planned.key].pk: planned.times(now) for planned in CALENDAR if planned.sessions}
    plan_sessions(courses, actor=cast.hr)
    units, positions = (dict(model.objects.values_list("code", "pk")) for model in (OrgUnit, Position))
    for planned in CALENDAR:
        if planned.units or planned.positions:
            add_audience([events[planned.key].pk], _audience(planned, units, positions), actor=cast.hr)
    publish_events([events[planned.key].pk for planned in CALENDAR if planned.state != State.DRAFT], actor=cast.hr)
    publish_events([events["fair"].pk], actor=cast.hr)
    unpublish_events([events["fair"].pk], actor=cast.hr, reason="Falta confirmar los módulos de atención.")
    cancel_events([events["cancelled"].pk], actor=cast.hr, reason="No hay transporte para ese día.")
    return events


def _audience(planned: Planned, units: Mapping[str, int], positions: Mapping[str, int]) -> Audience:
    return Audience(
        everybody=EVERYBODY in planned.units,
        org_unit_ids=[units[code] for code in planned.units if code != EVERYBODY],
        position_ids=[positions[code] for code in planned.positions],
    )


def _answer_invitations(cast: Cast, events: Events) -> None:
    """Most confirm and a few withdraw; whoever has an account still has something to confirm."""
    others = Attendance.objects.seated().exclude(employee_id__in=cast.keys)
    drawn = {pk: Random(f"answer {key} {code}").randrange(100) for pk, key, code in _rows(others, events)}
    confirmed = [pk for pk, percent in drawn.items() if percent < CONFIRMED]
    withdrawn = [pk for pk, percent in drawn.items() if percent >= 100 - WITHDRAWN]
    confirm_attendance(confirmed, actor=cast.hr)
    cancel_attendance(withdrawn, actor=cast.hr, reason="Está de vacaciones.")


def _fill_lists(cast: Cast, events: Events) -> None:
    """What people did themselves, and whom HR put on a list."""
    others = Employee.objects.active().exclude(pk__in=cast.keys).order_by("code").values_list("pk", flat=True)
    enrol_employees(events["open"].pk, list(others[40:58]), actor=cast.hr)
    register(events["open"].pk, actor=cast.manager)
    enrol_employees(events["full"].pk, [cast.persons["employee"].pk], actor=cast.hr)
    night = events["night"]
    confirm_attendance([attendance_of(night, cast.persons["employee"])], actor=cast.employee)
    own = attendance_of(night, cast.persons["manager"])
    cancel_attendance([own], actor=cast.manager, reason="Estaré de viaje.")


def _begin(cast: Cast, events: Events) -> None:
    start_events(_in_state(events, State.IN_PROGRESS, *HELD), actor=cast.hr)


def _take_rolls(cast: Cast, events: Events) -> None:
    """The manager takes that of the workshop, HR the others; today people check in by themselves."""
    of_courses = EventSession.objects.order_by().values("event_id")
    held = Attendance.objects.seated().filter(event_id__in=_in_state(events, *HELD)).exclude(event_id__in=of_courses)
    noted = {
        pk: draw(UNFINISHED if key == "excel" else OUTCOMES, f"outcome {key} {code}")
        for pk, key, code in _rows(held, events)
    }
    noted |= _outcomes_of_cast(cast, events)
    of_workshop = Attendance.objects.markable_by(cast.manager).filter(event=events["workshop"])
    by_manager = set(of_workshop.values_list("pk", flat=True))
    mark_attendance({pk: outcome for pk, outcome in noted.items() if pk in by_manager}, actor=cast.manager)
    mark_attendance({pk: outcome for pk, outcome in noted.items() if pk not in by_manager}, actor=cast.hr)
    arriving = Attendance.objects.seated().filter(event=events["today"]).exclude(employee_id__in=cast.keys)
    arrived = {pk: draw(ARRIVING, f"arrival {code}") for pk, _key, code in _rows(arriving, events)}
    checked_in = {pk: outcome for pk, outcome in arrived.items() if outcome != Outcome.PENDING}
    mark_attendance(checked_in, actor=cast.hr, marked_from=MarkedFrom.CHECK_IN)


def _take_rolls_of_courses(cast: Cast, events: Events) -> None:
    marks = {}
    for key in ("course-done", "course"):
        over = EventSession.objects.filter(event=events[key], ends_at__lte=timezone.now()).values_list("pk", "number")
        for pk, _key, code in _rows(Attendance.objects.seated().filter(event=events[key]), events):
            for session, number in over:
                marks[pk, session] = draw(OUTCOMES, f"session {key} {number} {code}")
    mark_sessions(marks, actor=cast.hr)


def _outcomes_of_cast(cast: Cast, events: Events) -> dict[int, Outcome]:
    """What gives each account something to answer, to ask for, to decide."""
    outcomes = {
        ("workshop", "employee"): Outcome.PRESENT,
        ("induction", "employee"): Outcome.PRESENT,
        ("excel", "employee"): Outcome.LATE,
        ("orderliness", "employee"): Outcome.ABSENT,
        ("workshop", "manager"): Outcome.PRESENT,
        ("orderliness", "hr"): Outcome.PRESENT,
    }
    return {attendance_of(events[key], cast.persons[name]): outcome for (key, name), outcome in outcomes.items()}


def _end(cast: Cast, events: Events) -> None:
    complete_events(_in_state(events, *HELD), actor=cast.hr)
    close_events(_in_state(events, State.CLOSED), actor=cast.hr)


def _correct(cast: Cast, events: Events) -> None:
    """The employee's waits for the manager; of those the manager asked for HR granted one and refused one."""
    own = attendance_of(events["orderliness"], cast.persons["employee"])
    reason = "Estuve en la charla; llegué con el segundo grupo."
    ask_corrections({own: Outcome.PRESENT}, reason=reason, actor=cast.employee)
    absent = Attendance.objects.seated().markable_by(cast.manager).filter(outcome=Outcome.ABSENT)
    absent = absent.filter(event__in=[events["meeting"], events["ergonomics"]]).order_by("pk")[:3]
    outcomes = {row.pk: Outcome.EXCUSED for row in absent}
    asked = ask_corrections(outcomes, reason="Atendía una emergencia en la línea 2.", actor=cast.manager)
    approve_corrections([row.pk for row in asked[:1]], actor=cast.hr, answer="Confirmado con el turno.")
    reject_corrections([row.pk for row in asked[1:2]], actor=cast.hr, answer="Ese día no estaba de guardia.")


def _in_state(events: Events, *states: str) -> list[int]:
    """The keys of the events that are to come to one of these states."""
    return [events[planned.key].pk for planned in CALENDAR if planned.state in states]


def _rows(attendance, events: Events) -> Iterable[tuple[int, str, str]]:
    """(key, key of the event in the calendar, code of the employee), in a fixed order."""
    keys = {event.pk: key for key, event in events.items()}
    for pk, event_id, code in attendance.order_by("pk").values_list("pk", "event_id", "employee__code"):
        yield pk, keys[event_id], code
