"""What a reader may know of the personal data in a load: typed values, messages that repeat them, the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from hr.loading.identities import personal_scope
from hr.loading.kinds import KINDS
from hr.models import ImportJob, ImportRow
from hr.rights import PERSONAL
from hr.scope import facts_of, scope_for

if TYPE_CHECKING:
    from core.models import User

# What is wrong is the column, not what stands in it.
OF_COLUMNS = "personal"
# Digits of a national id; codes have fewer.
SHORTEST_ID = 6


class Discretion:
    """Of one load and one reader, with the rights of now; the user None is the system itself."""

    def __init__(self, job: ImportJob, user: User | None) -> None:
        self._job, self._user = job, user
        self._columns = KINDS[job.resource].resource.columns
        self._is_own = user is None or job.created_by_id == user.pk

    def is_personal(self, header: str, field: str | None) -> bool:
        """Whether a column of the file holds personal data, also one that its loader left out."""
        names = {field, KINDS[self._job.resource].resource.field_of(header) if header else None}
        return any(name in self._columns and self._columns[name].personal for name in names)

    @cached_property
    def file_is_personal(self) -> bool:
        """So is a file of which nobody knows the columns, if they might be."""
        columns = self._job.columns or self._job.reading.get("columns")
        if not columns:
            return any(column.personal for column in self._columns.values())
        return any(self.is_personal(header, field) for header, field in columns)

    @cached_property
    def hides_all(self) -> bool:
        """Whether the reader has no right to anybody's personal data but his own. Takes no query of its own: a list of
        loads asks for each of them.
        """
        if self._user is None:
            return False
        scope = scope_for(self._user, PERSONAL)
        own = facts_of(self._user).employee_id
        others = any(person != own for person in scope.employee_ids)
        return not (scope.everything or scope.unit_ids or scope.line_roots or others)

    @property
    def hides_file(self) -> bool:
        return self.hides_all and self.file_is_personal

    def hides(self, row: ImportRow) -> bool:
        """Whether the personal cells of a row are not for the reader."""
        return self.hides_of(self._person_of(row))

    def hides_of(self, person: int | None) -> bool:
        """The same by whom they are about; None is somebody yet unknown, whom only the file's loader knows."""
        if self._people is None:
            return False
        return person not in self._people if person else not self._is_own or self.hides_all

    def told(self, error: Mapping[str, Any], *, hidden: bool) -> dict[str, Any]:
        """An error, or a group of them, as the reader may know it."""
        if not hidden or not self._repeats(error):
            return dict(error)
        neutral = _("There is something wrong in this personal data, which you may not see.")
        message = error["message"] if error["cause"] == OF_COLUMNS else neutral
        return {**error, "value": "", "message": message, "fix": None}

    def _repeats(self, error: Mapping[str, Any]) -> bool:
        """Whether it may repeat personal data: what stands beyond the header came from any of the columns, and a boss
        may be named by the national id.
        """
        column = self._columns.get(error["field"])
        if error["field"] == "reports_to":
            return sum(character.isdigit() for character in error["value"]) >= SHORTEST_ID
        return column.personal if column else self.file_is_personal

    def _person_of(self, row: ImportRow) -> int | None:
        return row.object_id if self._job.resource == ImportJob.Resource.EMPLOYEES else row.employee_id

    @cached_property
    def _people(self) -> set[int] | None:
        return personal_scope(self._user) if any(column.personal for column in self._columns.values()) else None
