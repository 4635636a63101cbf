"""People of a load: hired and changed as the verbs do it, and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import NotFound
from core.models import User
from core.text import fold
from hr.loading.apply_rows import RowWriter, reason_of
from hr.loading.references import by_depth, create_named, name_to_create
from hr.loading.turns import Turn, require_fit
from hr.models import Attendance, Employee, ImportJob, ImportRow, OutboxMessage
from hr.services.accounts import INVITED
from hr.services.automatic_enrolment import remove_untouched, untouched
from hr.services.codes import CodeMaker
from hr.services.employees import change_checked, hire_checked
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from hr.models.base import BusinessModel

Status = Employee.Status


class EmployeeWriter(RowWriter):
    """`above` is the boss, who may be another new person of the load."""

    above = "reports_to"

    def __init__(self, model: type[BusinessModel] = Employee) -> None:
        super().__init__(model)
        self.codes: CodeMaker | None = None

    def write(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        self.here = {}
        self.refuse_moved([turn for turn in turns if not turn.is_new], job, seen="read_version")
        require_fit(turns)
        made = create_named(turns, job, actor=actor)
        self._make_codes([turn for turn in turns if turn.is_new and not turn.after.get("code")], job)
        for level in by_depth(turns, self.above):
            values = self.values_of(level, [_with_keys(turn.after | turn.made, made) for turn in level], job)
            require_fit(level)
            if changed := [turn for turn in level if not turn.is_new]:
                self.set_values(changed, values, actor=actor)
            if new := [turn for turn in level if turn.is_new]:
                self.note_new(new, hire_checked([values[turn.pk] for turn in new], actor=actor))
        self.note_versions(turns)

    def set_values(
        self,
        turns: Sequence[Turn],
        values: Mapping[int, Mapping[str, Any]],
        *,
        actor: User | None,
        reason: str = "",
    ) -> None:
        changes = {turn.object_id: self.as_python(values[turn.pk]) for turn in turns if turn.object_id}
        try:
            change_checked(changes, actor=actor, reason=reason)
        except NotFound as error:
            if error.field is None:
                error.message = _("You may not change this one any more.")
            raise

    def _make_codes(self, turns: Sequence[Turn], job: ImportJob) -> None:
        if not turns:
            return
        if self.codes is None:
            self.codes = CodeMaker(taken=_codes_in(job))
        for turn, code in zip(turns, self.codes.next(len(turns)), strict=True):
            turn.made["code"] = code

    # --- Taking back --------------------------------------------------------------------------------------------
    def refuse_used(self, turns: Sequence[Turn], job: ImportJob) -> None:
        going = {turn.object_id: turn for turn in turns if turn.object_id}
        for keys in batched(sorted(going), BATCH):
            uids = dict(Employee.objects.filter(pk__in=keys).order_by().values_list("uid", "pk"))
            for uid in User.objects.filter(employee_uid__in=uids.keys()).values_list("employee_uid", flat=True):
                going[uids[uid]].refuse(_("The person has an account."))
        for payload in OutboxMessage.objects.filter(kind=INVITED, done_at=None).values_list("payload", flat=True):
            if turn := going.get(payload["employee_id"]):
                turn.refuse(_("The person was invited to log in."))
        super().refuse_used([turn for turn in turns if not turn.problem], job)

    def _referred(self, link: Any, keys: Iterable[int]) -> set[int]:
        """A place that the clock gave, and nobody touched, goes with the person."""
        found: set[int] = super()._referred(link, keys)
        if link.model is not Attendance:
            return found
        for batch in batched(sorted(found), BATCH):
            touched = Attendance.objects.filter(employee__in=batch).exclude(pk__in=untouched(batch).values("pk"))
            found -= set(batch) - set(touched.order_by().values_list("employee_id", flat=True).distinct())
        return found

    def remove(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        remove_untouched([turn.object_id for turn in turns if turn.object_id], reason=reason_of(job))
        super().remove(turns, job=job, actor=actor)

    def restore(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        """An end that is no status of its own way back takes the way over `active`."""
        values = self.values_of(turns, [turn.before for turn in turns], job)
        self._restore_ends(turns, values)
        suspended = [turn for turn in turns if turn.before.get("status") == Status.SUSPENDED]
        if ended := self._among(suspended, Status.TERMINATED):
            active = {"status": Status.ACTIVE}
            self.set_values(ended, {turn.pk: active for turn in ended}, actor=actor, reason=reason_of(job))
        self.set_values(turns, values, actor=actor, reason=reason_of(job))

    def _among(self, turns: Iterable[Turn], status: str) -> list[Turn]:
        """Those whose status is this now."""
        turns = list(turns)
        keys: set[int] = set()
        for batch in batched([turn.object_id for turn in turns], BATCH):
            keys.update(Employee.objects.filter(pk__in=batch, status=status).values_list("pk", flat=True))
        return [turn for turn in turns if turn.object_id in keys]

    @staticmethod
    def _restore_ends(turns: Sequence[Turn], values: dict[int, dict[str, Any]]) -> None:
        """Who was rehired lost the day of the end, which the row of the load need not name: history does."""
        rehired = {
            turn.object_id: turn
            for turn in turns
            if turn.before.get("status") == Status.TERMINATED and not turn.before.get("ended_on")
        }
        for batch in batched(rehired, BATCH):
            entries = Employee.history.filter(id__in=batch).order_by("history_id")
            for key, version, ended_on in entries.values_list("id", "version", "ended_on"):
                if version == rehired[key].read_version:
                    values[rehired[key].pk]["ended_on"] = ended_on and ended_on.isoformat()


def _with_keys(after: Mapping[str, Any], made: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """The values with the keys of what was created in place of its names."""
    if not made:
        return dict(after)
    values = dict(after)
    for field, keys in made.items():
        if name := name_to_create(values.get(field)):
            values[field] = keys[fold(name)]
    return values


def _codes_in(job: ImportJob) -> set[str]:
    """The codes that the file itself gives, of the pattern's beginning."""
    prefix = re.split("#+", settings.EMPLOYEE_CODE_PATTERN)[0]
    rows = ImportRow.objects.filter(job=job, verdict=ImportRow.Verdict.NEW).order_by()
    codes = rows.values_list("after__code", flat=True).iterator(chunk_size=5000)
    return {code for code in codes if code and code.startswith(prefix)}
