"""What notifications are about: how a row is named, and which page shows it. Only rows that exist for the reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from hr.change_requests import label_of
from hr.models import AttendanceCorrection, ChangeRequest, Employee, Evaluation, Event, ExportLog, ImportJob

if TYPE_CHECKING:
    from core.models import User
    from hr.models.base import BusinessModel


@dataclass(frozen=True)
class Subject:
    """`related` is what `name` reads of other rows; `page` the admin's page of the row."""

    model: type[BusinessModel]
    name: Callable[[Any], str] = str
    related: tuple[str, ...] = ()
    page: str = "change"

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

LOAD = Subject(ImportJob, lambda job: f"{job.file_name}: {job.get_state_display()}")

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
