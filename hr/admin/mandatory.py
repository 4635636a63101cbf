"""Who is missing at what is mandatory, or soon has to attend again: HR sees everybody, a manager his team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.rows import keys_among
from hr.admin.event_pages import answer
from hr.mandatory import STATES, Owed, Requirement, owed_by, requirements
from hr.models import Employee, Event
from hr.permissions import can_remind
from hr.querysets import EmployeeQuerySet
from hr.scope import answers_for_others
from hr.services.mandatory import not_reminded_today, remind_people, reminded_today

if TYPE_CHECKING:
    from core.models import User
    from hr.admin.events import EventAdmin

PER_PAGE = 50
LABELS = {"missing": "danger", "expired": "danger", "expiring": "warning"}


def may_open(request: HttpRequest) -> bool:
    """Who sees the attendance of others. Asked for every sidebar: from the facts of the request alone."""
    return answers_for_others(request.user)  # type: ignore[arg-type]


def owed_and_labels(user: User) -> list[tuple[Owed, Any, str]]:
    """What the user has yet to attend himself, each with what a label says of it, and in which colour."""
    return [(each, STATES[each.state], LABELS[each.state]) for each in owed_by(user)]


def mandatory_view(request: HttpRequest, model_admin: EventAdmin) -> HttpResponse:
    """What has to be attended."""
    if not may_open(request):
        raise PermissionDenied
    page = Paginator(requirements(request.user), PER_PAGE).get_page(request.GET.get("p"))
    context = {
        "title": _("Mandatory: who is missing"),
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "requirements": [Requirement(event) for event in page],
    }
    return answer(request, model_admin, "mandatory.html", context)


def mandatory_people_view(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> HttpResponse:
    """Who has yet to attend it, with a button that reminds them."""
    if not may_open(request):
        raise PermissionDenied
    key = unquote(object_id)
    event = requirements(request.user).filter(pk=key).first() if key.isdecimal() else None
    if event is None:
        model_admin.note_denied(request, "record")
        raise Http404
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    if request.method == "POST":
        return _reminded(request, event, state, model_admin)
    requirement, is_coming = Requirement(event), event.state in Event.ENROLLING
    may_remind = is_coming and can_remind(request.user)
    people = requirement.people(request.user, state)
    reach = people.enrollable_by(request.user) if may_remind else people.none()
    page = Paginator(people.select_related("org_unit"), PER_PAGE).get_page(request.GET.get("p"))
    context = {
        "title": requirement.title,
        "subtitle": _("Mandatory"),
        "requirement": requirement,
        "state": state,
        "states": [("", _("all")), *list(STATES.items() if requirement.months else [])],
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "rows": _rows(requirement, list(page), reach),
        "to_remind": len(not_reminded_today(event.pk, reach)) if may_remind else 0,
    }
    if context["rows"] and not context["to_remind"] and (may_remind or not is_coming):
        context["why_not"] = _why_nobody_is_reminded(event, reach)
    return answer(request, model_admin, "missing.html", context)


def _why_nobody_is_reminded(event: Event, reach: EmployeeQuerySet) -> str:
    if event.state not in Event.ENROLLING:
        return _("There is no event to come that they could attend: plan one first.")
    if reach.exists():
        return _("They have been reminded today already.")
    return _("None of these people is yours to remind.")


def _reminded(request: HttpRequest, event: Event, state: str, model_admin: EventAdmin) -> HttpResponse:
    """All that the page lists on its pages, or the one named."""
    named = request.POST.get("person", "")
    ids = keys_among(Employee, [named]) if named else None
    with model_admin.domain_errors_to_messages(request):
        count = remind_people(event.pk, employee_ids=ids, state=state, actor=request.user)
        if count:
            text = ngettext("%(count)d person is being reminded.", "%(count)d people are being reminded.", count)
            messages.success(request, text % {"count": count})
        else:
            messages.info(request, _("They have been reminded today already."))
    query = f"?state={state}" if state else ""
    return HttpResponseRedirect(reverse("admin:hr_event_missing", args=[event.pk]) + query)


def _rows(requirement: Requirement, people: list[Any], reach: EmployeeQuerySet) -> list[dict[str, Any]]:
    """What is known of each person of a page, and whether the reader reminds him (`reach`): five queries, however many
    people.
    """
    attended, enrolled = requirement.attended_on(people), requirement.enrolled_in(people)
    keys = [person.pk for person in people]
    reminded = reminded_today(requirement.event.pk)
    reached = set(reach.filter(pk__in=keys).order_by().values_list("pk", flat=True))
    rows = []
    for person in people:
        day = attended.get(person.pk)
        state = requirement.state_of(day)
        rows.append(
            {
                "person": person,
                "state": STATES[state],
                "label": LABELS[state],
                "attended_on": day,
                "valid_until": requirement.valid_until(day) if day else None,
                "enrolment": enrolled.get(person.pk),
                "reminded": person.pk in reminded,
                "may_remind": person.pk in reached,
            }
        )
    return rows
