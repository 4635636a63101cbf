"""Who takes part in an event: those the reader sees, with what he may do about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import CHECKBOX_CLASSES, UnfoldAdminTextInputWidget

from core.admin.paginator import KeysFirstPaginator
from core.admin.rows import keys_among
from hr.admin.audience_form import RowsField
from hr.admin.event_pages import answer, event_of
from hr.models import Attendance, Employee, Event
from hr.permissions import can_confirm, can_enrol
from hr.querysets import AttendanceQuerySet
from hr.rights import MARK, VIEW_ATTENDANCE
from hr.scope import answers_for_others, events_for
from hr.services.enrolment import cancel_attendance, confirm_attendance, enrol_employees

if TYPE_CHECKING:
    from hr.admin.events import EventAdmin

PER_PAGE = 100
Status = Attendance.Status
# Whom the two buttons are about: nobody cancels the enrolment of who came.
CONFIRMED = Q(status=Status.REGISTERED)
ENDED = ~Q(status=Status.CANCELLED) & ~Q(outcome__in=Attendance.CAME)
LABELS = {
    Status.REGISTERED: "info",
    Status.CONFIRMED: "success",
    Status.WAITLISTED: "warning",
    Status.CANCELLED: "default",
}


class PeopleForm(forms.Form):
    """Whom to enrol: active people in the reader's reach."""

    employees = RowsField(Attendance, "employee", label=gettext_lazy("People to enrol"))

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["employees"].queryset = Employee.objects.visible_to(user).enrollable_by(user).active()


class ChosenForm(forms.Form):
    """What is done with those that are ticked, or with all that the page finds."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Kept with the enrolment."),
    )


def shows_participants(user: Any) -> bool:
    """Whether the user may see others in any event: who sees only himself needs no list of one."""
    return answers_for_others(user) or bool(events_for(user, VIEW_ATTENDANCE) | events_for(user, MARK))


def tell_enrolled(request: HttpRequest, rows: Sequence[Attendance]) -> None:
    """Say how many take part now, and how many have to wait for a seat."""
    waiting = sum(row.status == Status.WAITLISTED for row in rows)
    if seated := len(rows) - waiting:
        text = ngettext("%(count)d person takes part.", "%(count)d people take part.", seated)
        messages.success(request, text % {"count": seated})
    if waiting:
        messages.warning(request, told_waiting(waiting))


def told_waiting(count: int) -> str:
    text = ngettext(
        "The event is full: %(count)d person is on the wait-list.",
        "The event is full: %(count)d people are on the wait-list.",
        count,
    )
    return text % {"count": count}


def participants_view(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> HttpResponse:
    event = event_of(request, object_id, model_admin)
    may_enrol, may_confirm = can_enrol(request.user), can_confirm(request.user)
    if request.method == "POST" and not may_enrol:
        raise PermissionDenied
    rows = _found(request, event)
    people = PeopleForm(_sent(request, "_enrol"), user=request.user)
    chosen = ChosenForm(_sent(request, "_cancel") or _sent(request, "_confirm"))
    if people.is_valid():
        with model_admin.domain_errors_on(people):
            return _enrolled(request, event, people)
    if chosen.is_valid():
        with model_admin.domain_errors_on(chosen):
            return _done(request, rows, chosen)
    page = KeysFirstPaginator(rows.select_related("employee__org_unit"), PER_PAGE).get_page(request.GET.get("p"))
    may_change = may_enrol and event.state in Event.MARKING
    confirms = may_confirm and event.state in Event.ENROLLING
    confirmed, ended = _acted_on(request, rows) if may_change else (0, 0)
    context = {
        **model_admin.with_tabs(request, event, "participants"),
        "title": _("Participants: %(event)s") % {"event": event},
        "original": event,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "rows": _lines(request, event, list(page)),
        "statuses": _statuses(request, event),
        "event": event,
        "term": request.GET.get("q", "").strip(),
        "status": _status(request),
        "people": people if may_change else None,
        # Where an answer is shown, what it is about may be gone.
        "chosen": chosen if may_change and (confirmed or ended or chosen.errors) else None,
        "confirmed": confirmed if confirms else 0,
        "ended": ended,
        "tick": " ".join(CHECKBOX_CLASSES),
        "media": model_admin.media + people.media,
    }
    return answer(request, model_admin, "participants.html", context, 400 if people.errors or chosen.errors else 200)


def _sent(request: HttpRequest, button: str) -> Any:
    return request.POST if request.method == "POST" and button in request.POST else None


def _seen(request: HttpRequest, event: Event) -> AttendanceQuerySet:
    return Attendance.objects.visible_to(request.user).filter(event=event)


def _status(request: HttpRequest) -> str:
    asked = request.GET.get("status", "")
    return asked if asked in Status.values else ""


def _found(request: HttpRequest, event: Event) -> AttendanceQuerySet:
    """By name, the wait-list in its own order."""
    rows, status, term = _seen(request, event), _status(request), request.GET.get("q", "").strip()
    if term:
        rows = rows.search(term, user=request.user)
    if status == Status.WAITLISTED:
        return rows.waiting()
    return (rows.filter(status=status) if status else rows).order_by("employee__search_text", "pk")


def _statuses(request: HttpRequest, event: Event) -> list[tuple[str, str, int]]:
    """(status, its name, how many the reader sees), all of them first."""
    counts = dict(_seen(request, event).order_by().values_list("status").annotate(count=Count("pk")))
    told = [(status.value, str(status.label), counts.get(status.value, 0)) for status in Status]
    return [("", _("all"), sum(counts.values())), *told]


def _lines(request: HttpRequest, event: Event, rows: list[Attendance]) -> list[dict[str, Any]]:
    """Each with its label, whether the reader may end it and, in the wait-list, its place: one query each for all."""
    going = [row.employee_id for row in rows if row.status != Status.CANCELLED]
    answered: set[int] = set()
    if event.state in Event.MARKING and going:
        reach = Employee.objects.visible_to(request.user).enrollable_by(request.user)
        answered = set(reach.filter(pk__in=going).order_by().values_list("pk", flat=True))
    places = {}
    if _status(request) == Status.WAITLISTED:
        places = _seen(request, event).places([row.pk for row in rows])
    return [
        {
            "row": row,
            "label": LABELS[Status(row.status)],
            "open": row.employee_id in answered,
            "place": places.get(row.pk),
        }
        for row in rows
    ]


def _enrolled(request: HttpRequest, event: Event, form: PeopleForm) -> HttpResponse:
    keys = [person.pk for person in form.cleaned_data["employees"]]
    tell_enrolled(request, enrol_employees(event.pk, keys, actor=request.user))
    return HttpResponseRedirect(request.path)


def _done(request: HttpRequest, rows: AttendanceQuerySet, form: ChosenForm) -> HttpResponse:
    confirms = "_confirm" in request.POST
    ids = _chosen(request, rows.filter(CONFIRMED if confirms else ENDED))
    if not ids:
        messages.warning(request, _("Nobody was ticked."))
    elif confirms:
        count = confirm_attendance(ids, actor=request.user)
        text = ngettext("%(count)d enrolment confirmed.", "%(count)d enrolments confirmed.", count)
        messages.success(request, text % {"count": count})
    else:
        count = cancel_attendance(ids, reason=form.cleaned_data["reason"], actor=request.user)
        text = ngettext("%(count)d enrolment cancelled.", "%(count)d enrolments cancelled.", count)
        messages.success(request, text % {"count": count})
    return HttpResponseRedirect(request.get_full_path())


def _chosen(request: HttpRequest, rows: AttendanceQuerySet) -> list[int]:
    """The keys that are ticked on the page; if all that it found were meant, those of `rows` in the reader's reach."""
    if "all" in request.POST:
        return list(_in_reach(request, rows).values_list("pk", flat=True))
    return keys_among(Attendance, request.POST.getlist("rows"))


def _acted_on(request: HttpRequest, rows: AttendanceQuerySet) -> tuple[int, int]:
    """How many of them all would be confirmed, and how many cancelled."""
    counts = _in_reach(request, rows).aggregate(
        confirmed=Count("pk", filter=CONFIRMED), ended=Count("pk", filter=ENDED)
    )
    return counts["confirmed"], counts["ended"]


def _in_reach(request: HttpRequest, rows: AttendanceQuerySet) -> AttendanceQuerySet:
    reach = Employee.objects.visible_to(request.user).enrollable_by(request.user).order_by()
    return rows.filter(employee__in=reach.values("pk")).order_by()
