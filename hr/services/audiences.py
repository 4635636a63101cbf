"""Whom events are for: everybody, units with all below them, positions, people by name or from a pasted list.

The lines are kept, so that the clock enrols later hires and movers. Adding to an event that enrols already enrols at
once; who is enrolled stays so when his line goes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError, InvalidTransition
from hr.countries import DEFAULT_COUNTRY
from hr.identifiers import InvalidNationalId, normalize_national_id
from hr.models import Employee, Event, EventAudience, OrgUnit, Position
from hr.permissions import can_change_event, require
from hr.querysets import EmployeeQuerySet
from hr.services import enrolment
from hr.services.clean import clean_code
from hr.services.rows import locked, require_known
from hr.services.writing import BATCH, business_atomic, insert, record, remove_lines

if TYPE_CHECKING:
    from core.models import User

MOST_PASTED = 5_000
SHOWN_ERRORS = 20
ADDING = (Event.State.DRAFT, *Event.ENROLLING)
COLUMNS = ("everybody", "org_unit_id", "position_id", "employee_id")


@dataclass(slots=True, kw_only=True)
class Audience:
    """Whom to add. `pasted` holds one code or national id a line; what follows a tab or semicolon is ignored."""

    everybody: bool = False
    org_unit_ids: Collection[int] = field(default_factory=tuple)
    position_ids: Collection[int] = field(default_factory=tuple)
    employee_ids: Collection[int] = field(default_factory=tuple)
    pasted: str = ""


@business_atomic
def add_audience(event_ids: Collection[int], audience: Audience, *, actor: User | None) -> int:
    """Let events be for these as well; returns how many lines are new.

    Raises InvalidTransition once an event is completed, NotFound for what the actor does not see, DomainError naming
    the lines of the pasted list that are nobody's.
    """
    events = locked(Event, event_ids, actor)
    for event in events.values():
        _require_open(event, actor)
    wanted = _wanted(audience, actor)
    if not any(wanted.values()):
        raise DomainError(_("Choose whom the event is for."))
    added = sum(_add(event, column, values) for event in events.values() for column, values in wanted.items())
    if enrolling := [event.pk for event in events.values() if event.state in Event.ENROLLING]:
        enrolment.enrol_audience(enrolling, actor=actor)
    return added


@business_atomic
def remove_audience(ids: Collection[int], *, actor: User | None) -> int:
    """Take lines out of audiences; whoever is enrolled by them stays enrolled. Returns how many."""
    lines = EventAudience.objects.all() if actor is None else EventAudience.objects.visible_to(actor)
    events = locked(Event, set(lines.filter(pk__in=ids).values_list("event_id", flat=True)), actor)
    for event in events.values():
        _require_open(event, actor)
    remove_lines(EventAudience, list(locked(EventAudience, ids, actor)))
    return len(ids)


def copy_audience(original: Event, copy: Event) -> None:
    """Let an event of the same call be for the same people."""
    lines = EventAudience.objects.filter(event=original).order_by("pk")
    for column in COLUMNS:
        _add(copy, column, list(lines.exclude(**{column: None}).values_list(column, flat=True)))


def people_meant(event_ids: Collection[int], *, user: User | None) -> EmployeeQuerySet:
    """The active people the events are for whom the user sees: who would be enrolled."""
    people = Employee.objects.all() if user is None else Employee.objects.visible_to(user)
    return people.active().meant_for(event_ids)


def people_of(audience: Audience, *, actor: User | None) -> EmployeeQuerySet:
    """The active people whom an audience names, before it is kept anywhere. Raises as `add_audience` does."""
    wanted = _wanted(audience, actor)
    people = Employee.objects.active()
    if audience.everybody:
        return people
    units = OrgUnit.objects.filter(pk__in=wanted["org_unit_id"])
    return people.among(units.values_list("path", flat=True), wanted["position_id"], wanted["employee_id"])


def read_pasted(text: str, *, actor: User | None) -> list[int]:
    """The keys of the employees of a pasted list, each once. Raises DomainError on `pasted`, a line for each bad one.

    A national id finds only those whose personal data the actor may see.
    """
    lines = _lines(text)
    if len(lines) > MOST_PASTED:
        raise DomainError(_("Paste at most %(most)d lines.") % {"most": MOST_PASTED}, field="pasted")
    found = _by_code(lines.values(), actor)
    unknown = [written for written in lines.values() if clean_code(written) not in found]
    by_id = _by_national_id(unknown, actor)
    people, errors = {}, []
    for number, written in lines.items():
        person = found.get(clean_code(written)) or by_id.get(written)
        if person is None:
            what = _("«%(value)s» is nobody's code or national id.") % {"value": written[:60]}
        elif person.status == Employee.Status.TERMINATED:
            what = _("%(person)s no longer works here.") % {"person": person}
        else:
            people[person.pk] = person
            continue
        errors.append(_("Line %(number)d: %(what)s") % {"number": number, "what": what})
    if errors:
        raise DomainError(_joined(errors), field="pasted")
    return list(people)


def _require_open(event: Event, actor: User | None) -> None:
    require(can_change_event(actor, event))
    if event.state not in ADDING:
        raise InvalidTransition(
            _("%(event)s is %(now)s, and whom it is for stays as it is.")
            % {"event": event, "now": event.get_state_display()}
        )


def _wanted(audience: Audience, actor: User | None) -> dict[str, list[int | bool]]:
    """The values of the lines by column, each once; all exist for the actor."""
    require_known(OrgUnit, audience.org_unit_ids, actor, field="org_units")
    require_known(Position, audience.position_ids, actor, field="positions")
    require_known(Employee, audience.employee_ids, actor, field="employees")
    people = [*audience.employee_ids, *read_pasted(audience.pasted, actor=actor)]
    return {
        "everybody": [True] if audience.everybody else [],
        "org_unit_id": list(dict.fromkeys(audience.org_unit_ids)),
        "position_id": list(dict.fromkeys(audience.position_ids)),
        "employee_id": list(dict.fromkeys(people)),
    }


def _add(event: Event, column: str, values: Sequence[int | bool]) -> int:
    """Lines of one kind; those that are there already are passed over."""
    there = set(EventAudience.objects.filter(event=event).exclude(**{column: None}).values_list(column, flat=True))
    rows = [EventAudience(event=event, **{column: value}) for value in values if value not in there]
    insert(rows, unique=column, within={"event_id": event.pk})
    record([row.pk for row in rows], EventAudience, "+")
    return len(rows)


def _lines(text: str) -> dict[int, str]:
    """What is written in the first cell of each line that is not blank, by its number."""
    cells = (line.replace(";", "\t").split("\t")[0].strip() for line in text.splitlines())
    return {number: cell for number, cell in enumerate(cells, 1) if cell}


def _by_code(written: Collection[str], actor: User | None) -> dict[str, Employee]:
    rows = Employee.objects.all() if actor is None else Employee.objects.visible_to(actor)
    found: dict[str, Employee] = {}
    for batch in batched({clean_code(value) for value in written}, BATCH):
        found.update((row.code, row) for row in rows.filter(code__in=batch))
    return found


def _by_national_id(written: Collection[str], actor: User | None) -> dict[str, Employee]:
    numbers: dict[str, str] = {}
    for value in written:
        try:
            numbers[value] = normalize_national_id(DEFAULT_COUNTRY, value)
        except InvalidNationalId:
            continue
    rows = Employee.objects.all() if actor is None else Employee.objects.personal_to(actor)
    found: dict[str | None, Employee] = {}
    for batch in batched(set(numbers.values()), BATCH):
        found.update((row.national_id, row) for row in rows.filter(country=DEFAULT_COUNTRY, national_id__in=batch))
    return {value: found[number] for value, number in numbers.items() if number in found}


def _joined(errors: Sequence[str]) -> str:
    more = len(errors) - SHOWN_ERRORS
    told = [*errors[:SHOWN_ERRORS]]
    if more > 0:
        told.append(ngettext("and %(count)d more line", "and %(count)d more lines", more) % {"count": more})
    return "\n".join(told)
