"""What the page of a load tells: counts, groups of errors, effects, rows; and what its reader may do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hr.admin.import_after import WRITTEN, gone_of
from hr.admin.import_effects import effects_of
from hr.admin.import_mapping import read_as
from hr.admin.import_rows import cards_of, groups_of, shown_rows
from hr.admin.labels import LOAD_LABELS, load_state
from hr.loading import jobs
from hr.loading.discretion import Discretion
from hr.loading.jobs import MOVED_SINCE
from hr.loading.kinds import Kind
from hr.loading.options import Reading
from hr.models import Event, ImportJob, ImportRow
from hr.permissions import can_approve_load, can_create_positions, can_create_units, can_undo_load
from hr.resources.base import is_advice
from hr.services import imports
from hr.services.accounts import can_invite

if TYPE_CHECKING:
    from core.models import User

State = ImportJob.State
Verdict, Undone = ImportRow.Verdict, ImportRow.Undone
ROWS_A_PAGE = 50
GROUPS_SHOWN = 6
MADE_SHOWN = 100


def preview(request: HttpRequest, job: ImportJob, kind: Kind, site: str) -> dict[str, Any]:
    """The context of the page, in every state in which nothing is under way."""
    user: Any = request.user
    rows = ImportRow.objects.visible_to(user).filter(job=job)
    creatable = creatable_by(user, kind)
    asked, found = _asked(request, job, rows)
    page = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("p"))
    own, waiting = job.created_by_id == user.pk, job.state == State.CHECKED
    key, state = load_state(job, own=own)
    groups = groups_of(job, kind, user=user, chosen=asked["cause"], creatable=creatable if own else ())
    first_sight = page.number == 1 and not (asked["q"] or asked["cause"] is not None)
    return {
        **asked,
        "title": _("Load: %(file)s") % {"file": job.file_name},
        "job": job,
        "state": state,
        "error": error_of(job, own=own),
        "badge": LOAD_LABELS.get(key, ""),
        "cards": cards_of(job),
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "rows": shown_rows(page.object_list, job, kind, site, user=user),
        "event": Event.objects.visible_to(user).filter(pk=job.event_id).first() if job.event_id else None,
        "own": own,
        "waiting": waiting,
        "groups": groups[:GROUPS_SHOWN],
        "more_groups": groups[GROUPS_SHOWN:],
        "lists": {group.list_id: group.choices for group in groups if own and waiting and group.widget == "list"},
        "effects": effects_of(job, user)
        if first_sight and job.state in (State.CHECKED, State.AWAITING_APPROVAL)
        else [],
        "may_create": creatable & job.missing.keys(),
        "missing": [
            (kind.resource.columns[name].header, sorted(found.items(), key=lambda item: (-item[1], item[0])))
            for name, found in job.missing.items()
        ],
        "missing_count": sum(len(found) for found in job.missing.values()),
        "creates": job.create_missing and bool(creatable),
        "modes": ImportJob.Mode.choices,
        "to_write": job.created + job.updated,
        "unknown_columns": [
            header for header, field in job.columns if field is None and header and not is_advice(header)
        ],
        "read_as": read_as(job),
        "notes": Reading.from_json(job.reading).notes,
        "made": list(rows.filter(verdict=Verdict.MADE).order_by("pk").values_list("label", flat=True)[:MADE_SHOWN])
        if job.create_missing
        else [],
        "gone": gone_of(job, rows) if job.full_roster else None,
        "of_people": kind.name == ImportJob.Resource.EMPLOYEES,
        "has_rows": page.paginator.count > 0 or bool(asked["q"]) or asked["cause"] is not None,
        "is_written": job.state in (*WRITTEN, State.PARTLY_UNDONE),
        "approval": approval_of(job) if job.state == State.AWAITING_APPROVAL else [],
        "may_decide": job.state == State.AWAITING_APPROVAL and can_approve_load(user, job),
        "can_invite": own and hired(job) and can_invite(user),
        "can_undo": is_undoable(job) and can_undo_load(user, job),
        "has_file": own and job.file_id is not None and not Discretion(job, user).hides_file,
    }


def _asked(request: HttpRequest, job: ImportJob, rows: QuerySet) -> tuple[dict[str, Any], QuerySet]:
    """The filters of the address, as far as they mean something, and the rows they leave."""
    offered = [verdict for verdict, count in _counts(job) if count]
    show = request.GET.get("show") or (Verdict.FAULTY if job.failed else "")
    kept = show == Undone.KEPT and job.kept
    show = show if show in offered or kept else ""
    cause = request.GET.get("cause", "")
    place = int(cause) if cause.isdecimal() and int(cause) < len(job.causes) else None
    words = " ".join(request.GET.get("q", "").split())
    rows = rows.filter(number__isnull=False)  # without those missing from the file
    if place is not None:
        show, rows = Verdict.FAULTY, rows.filter(causes__contains=f",{place},")
    if show:
        rows = rows.filter(undone=show) if kept else rows.filter(verdict=show)
    if words:
        named = Q(label__icontains=words)
        rows = rows.filter(named | Q(number=int(words)) if words.isdecimal() and len(words) < 8 else named)
    return {"show": show, "cause": place, "q": words}, rows.order_by("number", "pk")


def _counts(job: ImportJob) -> list[tuple[str, int]]:
    return [(Verdict.NEW, job.created), (Verdict.CHANGED, job.updated), (Verdict.FAULTY, job.failed)]


def approval_of(job: ImportJob) -> list[str]:
    """Why somebody else has to approve it: each limit that it passes."""
    told = {
        "rows": _("It writes %(found)s rows; up to %(allowed)s need no approval."),
        "terminations": _("It ends the employment of %(found)s people; up to %(allowed)s need no approval."),
        "moves": _("It changes the boss or unit of %(found)s people; up to %(allowed)s need no approval."),
    }
    return [
        told[reason["limit"]] % {"found": _number(reason["found"]), "allowed": _number(reason["allowed"])}
        for reason in job.approval_reasons
    ]


def error_of(job: ImportJob, *, own: bool) -> str:
    """What went wrong, as this reader may act on it: in his language where it is kept for both."""
    if own or job.error != MOVED_SINCE:
        return jobs.error_of(job)
    return _("The data changed since the preview. Nothing was written: who loads it has to confirm the new preview.")


def is_undoable(job: ImportJob) -> bool:
    return job.state in WRITTEN and job.undo_until is not None and job.undo_until > timezone.now()


def creatable_by(user: User, kind: Kind) -> set[str]:
    """The fields whose unknown values this user may have created."""
    if kind.name != ImportJob.Resource.EMPLOYEES:
        return set()
    rights = {"org_unit": can_create_units(user), "position": can_create_positions(user)}
    return {name for name, allowed in rights.items() if allowed}


def hired(job: ImportJob) -> bool:
    """Whether the load brought new people in."""
    return job.resource == ImportJob.Resource.EMPLOYEES and job.created > 0 and job.state in WRITTEN


def progress_of(job: ImportJob) -> dict[str, Any]:
    """What is being done now, how far it is, and in words how fast and how long still."""
    step = {
        State.UPLOADED: _("The file is being read"),
        State.MAPPED: _("The rows are being checked"),
        State.APPLYING: _("The rows are being written"),
        State.UNDOING: _("The load is being undone"),
    }[State(job.state)]
    progress = imports.progress(job)
    if job.state == State.MAPPED and progress.to_do and progress.done >= progress.to_do:
        # All is checked: how long the rest takes, the rate does not tell.
        step, progress = _("The preview is being stored"), imports.Progress(0, 0)
    return {
        "step": _("Being cancelled") if job.cancel_asked else step,
        "progress": progress,
        "facts": list(_facts(job, progress)),
    }


def _facts(job: ImportJob, progress: imports.Progress) -> Iterator[str]:
    if progress.to_do:
        text = ngettext("%(done)s of %(n)s row", "%(done)s of %(n)s rows", progress.to_do)
        yield text % {"done": _number(progress.done), "n": _number(progress.to_do)}
    elif job.rows:
        yield ngettext("%(n)s row", "%(n)s rows", job.rows) % {"n": _number(job.rows)}
    if progress.rate:
        rate = round(progress.rate) or 1
        yield ngettext("%(n)s row a second", "%(n)s rows a second", rate) % {"n": _number(rate)}
    if progress.seconds_left is not None:
        minutes = round(progress.seconds_left / 60)
        if minutes:
            yield ngettext("about %(n)d minute left", "about %(n)d minutes left", minutes) % {"n": minutes}
        else:
            yield _("less than a minute left")


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)
