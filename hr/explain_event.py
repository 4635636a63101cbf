"""Why somebody sees an event: the rules of EventQuerySet, in words. Nobody is named whom he does not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.roles import ROLES, role_label
from core.services.users import roles_of
from hr.models import Attendance, Event
from hr.rights import MARK, VIEW_ATTENDANCE
from hr.scope import events_for, facts_of, has_role_right

if TYPE_CHECKING:
    from core.models import User

VIEW_EVENT = "hr.view_event"


def explain_event(user: User, event: Event) -> list[str]:
    """A sentence for each rule by which the user sees the event now."""
    return [*_by_role(user), *_by_enrolment(user, event), *_by_grant(user, event), *_by_audience(user, event)]


def _by_role(user: User) -> Iterator[str]:
    if not has_role_right(user, VIEW_EVENT):
        return
    if user.is_superuser:
        yield _("Superuser.")
    for name in roles_of(user):
        if ("hr", "view_event") in ROLES[name].codenames():
            yield _("Role: %(role)s.") % {"role": role_label(name)}


def _by_enrolment(user: User, event: Event) -> Iterator[str]:
    seen, own = Attendance.objects.visible_to(user).filter(event=event), facts_of(user).employee_id
    if seen.filter(employee=own).exists():
        yield _("You are, or were, in its list.")
    if others := seen.exclude(employee=own).count():
        text = ngettext(
            "You see the attendance of %(count)d person in its list.",
            "You see the attendance of %(count)d people in its list.",
            others,
        )
        yield text % {"count": others}


def _by_grant(user: User, event: Event) -> Iterator[str]:
    if event.pk in events_for(user, VIEW_ATTENDANCE):
        yield _("You were granted to see everybody's attendance of it.")
    if event.pk in events_for(user, MARK):
        yield _("You were granted to take its roll.")


def _by_audience(user: User, event: Event) -> Iterator[str]:
    if Event.objects.open_for(user).filter(pk=event.pk).exists():
        yield _("It is for you, among others, and you may register.")
