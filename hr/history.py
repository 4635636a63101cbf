"""What happened to a row, in the reader's words: who, when, from where, and each field old → new.

Personal fields are named to everybody who sees the row, their values only to who may see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from hr.models.base import BusinessModel
from hr.phones import display_phone

if TYPE_CHECKING:
    from core.models import User

BOOKKEEPING = {"id", "uid", "version", "created_at", "updated_at", "path", "search_text", "search_personal"}
NOTHING = "–"


@dataclass(frozen=True)
class FieldChange:
    """`hidden` values are personal, and not for this reader."""

    label: str
    old: str
    new: str
    hidden: bool = False

    def __str__(self) -> str:
        if self.hidden:
            return self.label
        return _("%(field)s «%(old)s» → «%(new)s»") % {"field": self.label, "old": self.old, "new": self.new}


@dataclass(frozen=True)
class Entry:
    """One write of one row. `changes` is empty for a unit that only moved along with one above it (`moved`), and where
    what belongs to the row was changed: the audience of an event, the questions of a form.
    """

    at: datetime
    who: str
    source: str
    kind: str
    reason: str
    changes: list[FieldChange] = field(default_factory=list)
    moved: bool = False

    def __str__(self) -> str:
        return _("%(who)s, %(at)s: %(changes)s") % {"who": self.who, "at": self.moment, "changes": self.summary}

    @property
    def moment(self) -> str:
        """Date and time to the minute, in the reader's format and the organisation's time zone."""
        return date_format(timezone.localtime(self.at), "SHORT_DATETIME_FORMAT")

    @property
    def summary(self) -> str:
        if self.kind == "-":
            return _("deleted")
        if self.changes:
            return ", ".join(map(str, self.changes))
        return _("moved along with a unit above") if self.moved else _("what belongs to it was changed")


def entries_of(row: BusinessModel, *, user: User | None, first: int = 0, count: int = 20) -> list[Entry]:
    """The writes of a row, latest first, from the `first`-th on. `user` None sees everything."""
    # One more, older than the page: its last entry is told by what it differs from.
    records = list(row.history.order_by("-history_id")[first : first + count + 1])  # type: ignore[attr-defined]
    return _told(type(row), records, _hidden_fields(row, user), user)[:count]


def count_of(row: BusinessModel) -> int:
    return row.history.count()  # type: ignore[attr-defined]


def what_changed_since(row: BusinessModel, version: int, *, user: User | None) -> str:
    """The refusal of a stale form: what others wrote after `version`, field by field."""
    records = list(row.history.filter(version__gte=version).order_by("-history_id"))  # type: ignore[attr-defined]
    told = zip(records, _told(type(row), records, _hidden_fields(row, user), user), strict=True)
    changes = " · ".join(str(entry) for record, entry in told if record.version > version)
    return _("Not saved, because it was changed since you opened it. %(changes)s") % {"changes": changes}


def columns_told(model: type[BusinessModel]) -> list[models.Field]:
    """What of a row is told. Of a user his name is kept beside his key, which says nothing to anybody."""
    columns = model._meta.concrete_fields
    return [column for column in columns if column.name not in BOOKKEEPING and not column.name.endswith("_by_id")]


def _hidden_fields(row: BusinessModel, user: User | None) -> frozenset[str]:
    personal = getattr(row, "PERSONAL_FIELDS", ())
    if not personal or user is None or type(row).objects.personal_to(user).filter(pk=row.pk).exists():
        return frozenset()
    return frozenset(personal)


def _told(model: type[BusinessModel], records: Sequence[Any], hidden: frozenset[str], user: User | None) -> list[Entry]:
    shown = columns_told(model)
    labels = _related_labels(shown, records, user)
    older: Sequence[Any] = [*records[1:], None]
    return [_entry(record, before, shown, hidden, labels) for record, before in zip(records, older, strict=True)]


def _entry(
    record: Any,
    before: Any | None,
    shown: Iterable[models.Field],
    hidden: frozenset[str],
    labels: dict[str, dict[int, str]],
) -> Entry:
    changes = []
    for column in shown if record.history_type != "-" else ():
        new = getattr(record, column.attname)
        # A first entry is told as it was created; one whose predecessor was cleaned away has nothing to differ from.
        old = getattr(before, column.attname) if before is not None else (new if record.history_type == "~" else None)
        if (new or None) != (old or None):
            label = str(column.verbose_name)
            if column.name in hidden:
                changes.append(FieldChange(label, _("hidden"), _("hidden"), hidden=True))
            else:
                changes.append(FieldChange(label, _text(column, old, labels), _text(column, new, labels)))
    return Entry(
        at=record.history_date,
        who=record.history_user_name or _("the system"),
        source=record.get_history_source_display(),
        kind=record.history_type,
        reason=record.history_change_reason or "",
        changes=changes,
        moved=before is not None and getattr(record, "path", "") != getattr(before, "path", ""),
    )


def _text(column: models.Field, value: Any, labels: dict[str, dict[int, str]]) -> str:
    if value in (None, ""):
        return NOTHING
    if column.is_relation:
        return labels[column.name][value]
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if column.name.endswith("_phone"):
        return display_phone(value)
    if isinstance(column, models.DateTimeField):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(column, models.DateField):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(column, models.BooleanField):
        return _("yes") if value else _("no")
    return number_format(value) if isinstance(value, Decimal) else str(value)


def _related_labels(
    shown: Iterable[models.Field], records: Sequence[Any], user: User | None
) -> dict[str, dict[int, str]]:
    """The names of those rows the records point at that the reader sees: one query per relation."""
    labels = {}
    for column in shown:
        if column.is_relation:
            keys = {getattr(record, column.attname) for record in records} - {None}
            rows = column.related_model._default_manager.all()
            seen = rows if user is None else rows.visible_to(user)
            found = {row.pk: str(row) for row in seen.filter(pk__in=keys)} if keys else {}
            # Who sees all rows misses only those that are gone.
            labels[column.name] = {
                key: found.get(key) or (f"#{key}" if seen is rows else _("not visible to you")) for key in keys
            }
    return labels
