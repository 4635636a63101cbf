"""Reminding people of what they have to attend: once a day and person."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import batched
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound
from hr.mandatory import Requirement, requirements
from hr.models import Event, OutboxMessage
from hr.permissions import can_remind, require
from hr.querysets import EmployeeQuerySet
from hr.services import outbox
from hr.services.writing import BATCH, business_atomic

if TYPE_CHECKING:
    from core.models import User

KIND = "event.mandatory_reminder"


@business_atomic
def remind_people(event_id: int, *, actor: User, employee_ids: Collection[int] | None = None, state: str = "") -> int:
    """Remind who has yet to attend (hr/mandatory.py), all of them or those named; returns how many.

    Only whom the actor may enrol; who was reminded today, or has attended, is passed over. Raises NotFound for an event
    that stands for no requirement, DomainError unless it is yet to come.
    """
    require(can_remind(actor))
    event = requirements(actor).filter(pk=event_id).first()
    if event is None:
        raise NotFound()
    if event.state not in Event.ENROLLING:
        raise DomainError(_("There is no event to come that they could attend: plan one first."))
    people = Requirement(event).people(actor, state).enrollable_by(actor)
    if employee_ids is not None:
        people = people.filter(pk__in=employee_ids)
    return sum(_remind(event_id, part) for part in batched(not_reminded_today(event_id, people), BATCH))


def not_reminded_today(event_id: int, people: EmployeeQuerySet) -> list[int]:
    """The keys of those of the people whom nobody has reminded of the event today."""
    reminded = reminded_today(event_id)
    return [pk for pk in people.order_by("pk").values_list("pk", flat=True) if pk not in reminded]


def reminded_today(event_id: int) -> set[int]:
    """The keys of the employees."""
    # Not `startswith`, which compares bytes on MySQL and reads every message there is.
    known = OutboxMessage.objects.filter(key__istartswith=f"{KIND}:{event_id}:", key__iendswith=f":{_today()}")
    return {int(key.split(":")[2]) for key in known.values_list("key", flat=True)}


def _remind(event_id: int, employee_ids: Iterable[int]) -> int:
    return outbox.add(KIND, {_key(event_id, pk): {"event_id": event_id, "employee_ids": [pk]} for pk in employee_ids})


def _key(event_id: int, employee_id: int) -> str:
    return f"{KIND}:{event_id}:{employee_id}:{_today()}"


def _today() -> str:
    return f"{timezone.localdate():%Y%m%d}"
