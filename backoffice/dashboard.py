"""The first page: what waits for the reader, how things stand, and what he may begin with.

What is shown follows from rights and scope, not from the name of a role: HR finds the organisation, a manager his
team, everybody what is his own. Every number is counted by the rule of the list it leads to (docs/reports.md).
"""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import Invitation
from hr.admin.charts import rate_bars, rate_line
from hr.admin.counted import attendance_list, days, list_of
from hr.admin.imports import job_page
from hr.admin.mandatory import owed_and_labels
from hr.admin.report import told
from hr.admin.tiles import Tile, count_of, counted
from hr.figures import (
    MONTHS_SHOWN,
    Asked,
    Period,
    by_month,
    by_unit,
    largest,
    tallies,
    total,
    unit_lines,
    units_to_compare,
)
from hr.mandatory import Requirement, missing_counts, requirements
from hr.models import (
    Attendance,
    AttendanceCorrection,
    ChangeRequest,
    Employee,
    Evaluation,
    Event,
    ImportJob,
)
from hr.permissions import can_grade_anybody, can_take_rolls
from hr.report import named_months
from hr.rights import VIEW_ATTENDANCE
from hr.scope import answers_for_others, facts_of, has_role_right

COMING_DAYS, FAILED_DAYS = 30, 30
EVENTS_SHOWN, OWN_SHOWN, LOADS_SHOWN, UNITS_SHOWN = 6, 5, 5, 10
# Own rows are read to be counted; nobody has as many.
MOST_OWN = 200
REQUIREMENTS_SHOWN, UNIT_MONTHS = 4, 3
# Who is missing is asked of each person: of a larger organisation the page of it tells.
MOST_ASKED_ABOUT = 5000


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK. At most fifteen queries beyond what any page takes, each over what the user may see
    and of bounded time.
    """
    user: Any = request.user
    own = _own(user) if facts_of(user).employee_id is not None else {}
    rates = _rates(user) if answers_for_others(user, VIEW_ATTENDANCE) else {}
    people = _people(user) if answers_for_others(user) else []
    waiting = _waiting(user)
    found = counted([*people, *waiting])
    people, waiting = found[: len(people)], found[len(people) :]
    return context | {
        "waiting": [*waiting, *own.get("tiles", [])],
        "facts": [*people, *rates.get("tiles", [])] or own.get("facts", []),
        "rates": rates,
        "coming": _coming(user, people[1]) if people else {},
        "missing": _missing(user, people[0]) if people and rates else [],
        "own": own,
        "starts": _starts(user),
        "recent_loads": _recent_loads(user),
    }


# --- What waits -------------------------------------------------------------------------------------------------------
def _waiting(user: Any) -> list[Tile]:
    """What others wait for the reader to do, and what went wrong."""
    tiles = []
    if can_grade_anybody(user):
        submitted = Evaluation.objects.visible_to(user).gradable_by(user)
        link = list_of("evaluation", turn="grade")
        tiles.append(count_of(_("Evaluations to grade"), submitted, link, "grading", tone="waiting"))
    if can_take_rolls(user):
        asked = AttendanceCorrection.objects.visible_to(user).decidable_by(user)
        link = list_of("attendancecorrection", decision="mine")
        tiles.append(count_of(_("Corrections to decide"), asked, link, "edit_note", tone="waiting"))
    if has_role_right(user, "hr.decide_changerequest") and admin.site.is_registered(ChangeRequest):
        requests = ChangeRequest.objects.visible_to(user).decidable_by(user)
        link = list_of("changerequest", decision="mine")
        tiles.append(count_of(_("Change requests to decide"), requests, link, "contract_edit", tone="waiting"))
    return [*tiles, *_failed(user)]


def _failed(user: Any) -> list[Tile]:
    """Loads that came to nothing, of who may load or see them."""
    if not ImportJob.objects.open_to(user, "view"):
        return []
    today = timezone.localdate()
    lately = Period(today - timedelta(days=FAILED_DAYS), today)
    jobs = ImportJob.objects.visible_to(user).failed_between(lately.first, lately.last)
    link = list_of("importjob", state__exact="failed", **days("created_at", lately))
    note = _("in %(days)d days") % {"days": FAILED_DAYS}
    return [count_of(_("Failed loads"), jobs, link, "error", note=note, tone="alarm")]


# --- How things stand -------------------------------------------------------------------------------------------------
def _people(user: Any) -> list[Tile]:
    """How many work here, how many events come in the next weeks, and who has yet to get in."""
    active = Employee.objects.visible_to(user).active()
    soon = _soon()
    events = Event.objects.visible_to(user).coming_between(soon.first, soon.last)
    link = list_of("event", state__exact="published", **days("starts_at", soon))
    note = _("in %(days)d days") % {"days": COMING_DAYS}
    tiles = [
        count_of(_("Active people"), active, list_of("employee", status__exact="active"), "badge"),
        count_of(_("Events to come"), events, link, "event", note=note),
    ]
    if user.has_perm("core.view_invitation"):
        open_ones = Invitation.objects.visible_to(user).open()
        link = f"{reverse('admin:core_invitation_changelist')}?state=open"
        tiles.append(count_of(_("Invitations not yet accepted"), open_ones, link, "mail"))
    return tiles


def _coming(user: Any, tile: Tile) -> dict[str, Any]:
    """The first of these events by name."""
    soon = _soon()
    rows = Event.objects.visible_to(user).coming_between(soon.first, soon.last)
    return {"events": list(rows.order_by("starts_at", "pk")[:EVENTS_SHOWN]), "link": tile.link}


def _soon() -> Period:
    today = timezone.localdate()
    return Period(today, today + timedelta(days=COMING_DAYS))


def _rates(user: Any) -> dict[str, Any]:
    """The attendance rate by month, and by unit of late: whose unit it is has to be asked of every row."""
    asked, lately = Asked(user, Period.last_months()), Asked(user, Period.last_months(UNIT_MONTHS))
    by_months, by_units = tallies((asked, by_month(asked.period)), (lately, by_unit))
    tally = total(by_months)
    months = named_months(asked.period, by_months)
    compared = largest(unit_lines(units_to_compare(user), by_units), UNITS_SHOWN)
    link = attendance_list("rated", asked.period)
    note = _("in %(months)d months") % {"months": MONTHS_SHOWN}
    return {
        "tiles": [Tile(_("Attendance rate"), tally.rate, link, "how_to_reg", note, "%")],
        "months": {"chart": rate_line(months), "lines": [told(asked, line) for line in months]},
        "units": {"chart": rate_bars(compared), "lines": [told(lately, line) for line in compared]},
        "known": bool(tally.counted),
        "unit_months": UNIT_MONTHS,
        "report": reverse("admin:hr_attendance_report"),
    }


def _missing(user: Any, active: Tile) -> list[dict[str, Any]]:
    """Who has yet to attend what is mandatory."""
    if not 0 < int(active.value or 0) <= MOST_ASKED_ABOUT:
        return []
    asked = [Requirement(event) for event in requirements(user)[:REQUIREMENTS_SHOWN]]
    counts = missing_counts(asked, user)
    links = [reverse("admin:hr_event_missing", args=[each.event.pk]) for each in asked]
    return [
        {"title": each.title, "event": each.event, "count": count, "link": link}
        for each, count, link in zip(asked, counts, links, strict=True)
    ]


# --- One's own --------------------------------------------------------------------------------------------------------
def _own(user: Any) -> dict[str, Any]:
    """What the reader is to answer and to attend himself."""
    evaluations = Evaluation.objects.visible_to(user).to_answer_by(user).select_related("round")[:MOST_OWN]
    enrolments = Attendance.objects.visible_to(user).coming_for(user).select_related("event")[:MOST_OWN]
    to_answer, coming = list(evaluations), list(enrolments)
    to_confirm = [row for row in coming if row.waits_for_confirmation]
    # Of who is busy with others, the page of his own events tells it.
    is_busy = answers_for_others(user, VIEW_ATTENDANCE)
    answering, confirming = list_of("evaluation", turn="answer"), list_of("attendance", mine="confirm")
    return {
        "tiles": [
            Tile(_("Evaluations for you to answer"), len(to_answer), answering, "quiz", tone="waiting"),
            Tile(_("Events for you to confirm"), len(to_confirm), confirming, "event_available", tone="waiting"),
        ],
        "facts": [] if is_busy else _own_rate(user),
        "owed": [] if is_busy else owed_and_labels(user),
        "record": reverse("admin:hr_employee_change", args=[facts_of(user).employee_id]),
        "evaluations": to_answer[:OWN_SHOWN],
        "evaluations_link": answering if len(to_answer) > OWN_SHOWN else "",
        "enrolments": coming[:OWN_SHOWN],
        "enrolments_link": list_of("attendance", mine="coming") if len(coming) > OWN_SHOWN else "",
        "today": timezone.localdate(),
    }


def _own_rate(user: Any) -> list[Tile]:
    """Of who sees nobody else's attendance."""
    asked = Asked(user, Period.last_months())
    [found] = tallies((asked, by_month(asked.period)))
    tally = total(found)
    note = ngettext("of %(count)d in 12 months", "of %(count)d in 12 months", tally.counted) % {"count": tally.counted}
    return [Tile(_("Events you attended"), tally.came, attendance_list("came", asked.period), "how_to_reg", note)]


# --- Where to begin ---------------------------------------------------------------------------------------------------
def _starts(user: Any) -> list[dict[str, str]]:
    offered = [
        ("hr.import_employee", _("Load employees from a file"), "upload_file", "admin:hr_employee_import"),
        ("hr.add_event", _("Plan an event"), "event", "admin:hr_event_add"),
        ("hr.add_employee", _("Hire somebody"), "person_add", "admin:hr_employee_add"),
        ("core.add_user", _("Add a user"), "group_add", "admin:core_user_add"),
    ]
    return [
        {"title": title, "icon": icon, "link": reverse(url)}
        for permission, title, icon, url in offered
        if user.has_perm(permission)
    ]


def _recent_loads(user: Any) -> list[tuple[str, ImportJob]]:
    if not ImportJob.objects.open_to(user, "view"):
        return []
    return [(job_page(job), job) for job in ImportJob.objects.visible_to(user)[:LOADS_SHOWN]]
