"""Taking the roll: one line a person, one key an outcome, one submit for all. Without scripts it is a plain form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from core import kept_forms
from core.admin.paginator import KeysFirstPaginator
from core.admin.rows import keys_among
from core.errors import DomainError
from hr.admin.audience_form import RowsField
from hr.admin.roll_pages import Roll, named, roll_context, roll_of
from hr.models import Attendance, Employee, Outcome, SessionMark
from hr.permissions import can_enrol
from hr.querysets import EmployeeQuerySet
from hr.services.roll_call import Taken, take_roll

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin

PER_PAGE, OFFERED = 200, 20
# The key of each outcome, a letter of its word in the reader's language: the page shows them.
KEYS = {
    Outcome.PRESENT: pgettext_lazy("key for present", "P"),
    Outcome.LATE: pgettext_lazy("key for late", "L"),
    Outcome.ABSENT: pgettext_lazy("key for absent", "A"),
    Outcome.EXCUSED: pgettext_lazy("key for excused", "E"),
    Outcome.PENDING: "⌫",
}
NOTED, SEEN = "o-", "was-"


@dataclass(frozen=True)
class Line:
    """One person on the page: what is noted, and what the reader has chosen but not saved."""

    attendance: Attendance
    saved: str
    chosen: str


class WalkInForm(forms.Form):
    """People who came without being enrolled: chosen, or where there are no scripts named by their codes."""

    walk_ins = RowsField(Attendance, "employee", label=gettext_lazy("Came without being enrolled"), required=False)
    codes = forms.CharField(
        label=gettext_lazy("Codes of who came without being enrolled"),
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, roll: Roll, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = _people(roll)
        # Who was offered may have a seat by now; the service then says so.
        self.fields["walk_ins"].queryset = self.people
        self.fields["walk_ins"].widget.address = reverse("admin:hr_attendance_walk_ins", args=[roll.event.pk])

    def clean_codes(self) -> list[int]:
        codes = {code.upper() for code in self.cleaned_data["codes"].replace(",", " ").split()}
        found = dict(self.people.filter(code__in=codes).values_list("code", "pk"))
        if unknown := sorted(codes - found.keys()):
            raise forms.ValidationError(_("Nobody of this code: %(codes)s.") % {"codes": ", ".join(unknown)})
        return list(found.values())

    def employee_ids(self) -> list[int]:
        return [*(person.pk for person in self.cleaned_data["walk_ins"]), *self.cleaned_data["codes"]]


def roll_call_view(request: HttpRequest, event_id: int, model_admin: AttendanceAdmin) -> HttpResponse:
    roll = roll_of(request, event_id, model_admin)
    form_class: Any = kept_forms.refilled(request, WalkInForm)
    form = form_class(request.POST if request.method == "POST" else None, roll=roll)
    error = ""
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, roll, form)
            return HttpResponseRedirect(request.get_full_path())
        except DomainError as refused:
            model_admin._note_refusal(request, refused)
            error = refused.message
    typed = request.POST if request.method == "POST" else kept_forms.kept_for(request) or {}
    term = request.GET.get("q", "").strip()
    page = KeysFirstPaginator(named(roll.rows(), term).select_related("employee__org_unit"), PER_PAGE).get_page(
        request.GET.get("p")
    )
    context = roll_context(request, roll, "roll_call")
    context |= {
        "lines": _lines(roll, page, typed),
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "term": term,
        "counts": _counts(roll),
        "outcomes": [(value, Outcome(value).label, key) for value, key in KEYS.items()],
        "is_open": roll.event.state in roll.event.MARKING,
        "form": form,
        "may_enrol": can_enrol(request.user),
        "error": error,
        "media": model_admin.media + form.media,
    }
    status = 400 if error or form.errors else 200
    return TemplateResponse(request, "hr/admin/attendance/roll_call.html", context, status=status)


def walk_ins_view(request: HttpRequest, event_id: int, model_admin: AttendanceAdmin) -> HttpResponse:
    """Who may be brought in and has no seat yet, for the choice of walk-ins."""
    roll = roll_of(request, event_id, model_admin)
    seated = Attendance.objects.visible_to(roll.user).filter(event=roll.event).seated().order_by().values("employee_id")
    people = _people(roll).search(request.GET.get("term", ""), user=request.user).exclude(pk__in=seated)
    page = KeysFirstPaginator(people, OFFERED).get_page(request.GET.get("page"))
    return JsonResponse(
        {
            "results": [{"id": str(person.pk), "text": str(person)} for person in page],
            "pagination": {"more": page.has_next()},
        }
    )


def _people(roll: Roll) -> EmployeeQuerySet:
    return Employee.objects.visible_to(roll.user).enrollable_by(roll.user).active()


def _save(request: HttpRequest, roll: Roll, form: WalkInForm) -> None:
    outcomes, seen = _typed(request.POST)
    taken = take_roll(
        roll.event.pk,
        outcomes,
        session_id=roll.session.pk if roll.session else None,
        seen=seen,
        walk_ins=form.employee_ids(),
        actor=request.user,
    )
    if taken.count:
        text = ngettext("%(count)d mark saved.", "%(count)d marks saved.", taken.count)
        messages.success(request, text % {"count": taken.count})
    if taken.kept:
        people = ", ".join(f"{person} – {Outcome(outcome).label}" for person, outcome in taken.kept)
        text = ngettext(
            "Was marked before, and stays so: %(people)s.",
            "Were marked before, and stay so: %(people)s.",
            len(taken.kept),
        )
        messages.warning(request, text % {"people": people})
    if taken.seatless:
        text = ngettext(
            "There is no seat for %(people)s, of whom nothing was noted. Cancel the enrolment of somebody who did not "
            "come, or have HR raise the capacity while the event is on; then add the person again.",
            "There is no seat for %(people)s, of whom nothing was noted. Cancel the enrolment of people who did not "
            "come, or have HR raise the capacity while the event is on; then add them again.",
            len(taken.seatless),
        )
        messages.warning(request, text % {"people": ", ".join(map(str, taken.seatless))})
    if taken == Taken(count=0):
        messages.info(request, _("Nothing was changed."))


def _typed(data: Mapping[str, str]) -> tuple[dict[int, str], dict[int, str]]:
    """What is another outcome than the page showed, {attendance: outcome}, and what it showed of these."""
    outcomes, seen = {}, {}
    for name, outcome in data.items():
        key = name.removeprefix(NOTED)
        before = data.get(f"{SEEN}{key}")
        if not name.startswith(NOTED) or outcome not in Outcome.values or outcome == before:
            continue
        for attendance_id in keys_among(Attendance, [key]):
            outcomes[attendance_id] = outcome
            if before in Outcome.values:
                seen[attendance_id] = before
    return outcomes, seen


def _lines(roll: Roll, page: Page, typed: Mapping[str, str]) -> list[Line]:
    rows = list(page.object_list)
    known = {row.pk: row.outcome for row in rows}
    if roll.session:
        noted = SessionMark.objects.visible_to(roll.user).filter(session=roll.session, attendance__in=list(known))
        known = dict.fromkeys(known, Outcome.PENDING) | dict(noted.values_list("attendance_id", "outcome"))
    changed, _seen = _typed(typed)
    return [Line(row, known[row.pk], changed.get(row.pk, known[row.pk])) for row in rows]


def _counts(roll: Roll) -> list[tuple[str, str, int]]:
    """(outcome, its name, how many) of all whom the reader may mark, not of this page alone."""
    rows = roll.rows().order_by()
    if roll.session:
        marks = SessionMark.objects.visible_to(roll.user).filter(session=roll.session, attendance__in=rows.values("pk"))
        counted = Counter(dict(marks.order_by().values_list("outcome").annotate(people=Count("pk"))))
        counted[Outcome.PENDING] += rows.count() - counted.total()
    else:
        counted = Counter(dict(rows.values_list("outcome").annotate(people=Count("pk"))))
    return [(value, Outcome(value).label, counted[value]) for value in KEYS]
