"""What notifications are about: how a row is named, and which page shows it. Only rows that exist for the reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from hr.change_requests import label_of
from hr.models import AttendanceCorrection, ChangeRequest, Employee, Evaluation, Event, ExportLog, ImportJob

if TYPE_CHECKING:
    from core.models import User
    from hr.models.base import BusinessModel


@dataclass(frozen=True)
class Subject:
    """`related` is what `name` reads of other rows; `page` the admin's page of the row. `moment` says of a message's
    payload how things stood then, where that is told with the name.
    """

    model: type[BusinessModel]
    name: Callable[[Any], str] = str
    related: tuple[str, ...] = ()
    page: str = "change"
    moment: Callable[[Mapping[str, Any]], str] | None = None

    def told(self, row: Any, payload: Mapping[str, Any]) -> str:
        """The name of the row, as a message with this payload tells it."""
        moment = self.moment(payload) if self.moment else ""
        return f"{self.name(row)}: {moment}" if moment else self.name(row)

    def link(self, key: int) -> str | None:
        """The address of the page, None while there is none."""
        opts = self.model._meta
        try:
            return reverse(f"admin:{opts.app_label}_{opts.model_name}_{self.page}", args=[key])
        except NoReverseMatch:
            return None


EMPLOYEE = Subject(Employee)
EVENT = Subject(Event, lambda event: event.title)
EVALUATION = Subject(Evaluation, lambda evaluation: evaluation.round.title, ("round",))
# To whom grades it: whose it is.
GRADING = Subject(
    Evaluation, lambda evaluation: f"{evaluation.employee.full_name}: {evaluation.round.title}", ("round", "employee")
)
CORRECTION = Subject(
    AttendanceCorrection,
    lambda correction: f"{correction.attendance.employee.full_name}: {correction.attendance.event.title}",
    ("attendance__employee", "attendance__event"),
)
CHANGE_REQUEST = Subject(
    ChangeRequest,
    lambda request: " – ".join(
        [request.get_kind_display(), *([request.employee.full_name] if request.employee else [])]
    ),
    ("employee",),
)

_LOAD_STATES: dict[str, Any] = dict(ImportJob.State.choices)
# By what a load becomes.
_DECISIONS: dict[str, Any] = {
    ImportJob.State.APPLYING: _("approved"),
    ImportJob.State.CHECKED: _("not approved"),
    ImportJob.State.MAPPED: _("the data changed, so that it is checked again"),
}
# Its state now is another than when it was told.
LOAD = Subject(ImportJob, lambda job: job.file_name)
ENDED_LOAD = replace(LOAD, moment=lambda payload: str(_LOAD_STATES.get(payload.get("state", ""), "")))
DECIDED_LOAD = replace(LOAD, moment=lambda payload: str(_DECISIONS.get(payload.get("state", ""), "")))

# To who asked: the person may no longer be his to see.
OWN_REQUEST = Subject(
    ChangeRequest,
    lambda request: " – ".join(filter(None, [request.get_kind_display(), label_of(request.field)])),
)

EXPORT = Subject(ExportLog)


def visible_rows(keys: Iterable[tuple[Subject, int]], user: User) -> dict[tuple[Subject, int], BusinessModel]:
    """Those of the rows that exist for the user: one question per model."""
    wanted: dict[Subject, set[int]] = defaultdict(set)
    for subject, key in keys:
        wanted[subject].add(key)
    return {
        (subject, key): row
        for subject, ids in wanted.items()
        for key, row in subject.model.objects.visible_to(user).select_related(*subject.related).in_bulk(ids).items()
    }
