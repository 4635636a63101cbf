"""What may be asked of HR about a person: the fields, their values as the text a request keeps, and both in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from hr.countries import country_name
from hr.models import ChangeRequest, Employee

if TYPE_CHECKING:
    from core.models import User

# Rows are asked for in words: who asks does not see those there are to choose from.
ROWS = ("org_unit", "position", "reports_to")
ASKABLE = (
    "first_name",
    "last_name",
    "country",
    "national_id",
    "birth_date",
    "work_email",
    "code",
    "hired_on",
    *ROWS,
)
# What may be wrong about somebody who is not one of a manager's people.
WRONG = ("org_unit", "reports_to")
NOTHING = "–"
COLUMNS: dict[str, Any] = {column.name: column for column in Employee._meta.concrete_fields}


def text_of(employee: Employee, field: str) -> str:
    """The value as a request keeps it: of a row its key, of nothing ''."""
    return as_text(getattr(employee, COLUMNS[field].attname))


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def value_of(field: str, text: str) -> Any:
    """The value that `as_text` made the text of, for the fields that are no rows."""
    value = COLUMNS[field].to_python(text or None)
    return "" if value is None and not COLUMNS[field].null else value


def label_of(field: str) -> str:
    """In words; a field that is gone, which an old request may name, by its name."""
    column = COLUMNS.get(field)
    return str(column.verbose_name) if column else field


def name_values(requests: Iterable[ChangeRequest], user: User) -> None:
    """Set on each what the reader sees of it: `what`, `old_words`, `new_words`. One query per relation at most."""
    requests = list(requests)
    readable = _readable(requests, user)
    names = _names(requests, user)
    for request in requests:
        request.what = capfirst(label_of(request.field) or request.get_kind_display())  # type: ignore[attr-defined]
        if request.pk in readable:
            old = names.get((request.field, request.old)) if request.field in ROWS else in_words(request, request.old)
            new = request.new if request.field in ROWS else in_words(request, request.new)
            gone = _("not visible to you") if request.old else NOTHING
            request.old_words, request.new_words = old or gone, new or NOTHING  # type: ignore[attr-defined]
        else:
            request.old_words = request.new_words = _("hidden")  # type: ignore[attr-defined]


def in_words(request: ChangeRequest, text: str) -> str:
    """A value that is no row, in the reader's language."""
    if not text:
        return NOTHING
    if request.field == "country":
        return country_name(text)
    if isinstance(COLUMNS.get(request.field), models.DateField):
        return date_format(value_of(request.field, text), "SHORT_DATE_FORMAT")
    return text


def _readable(requests: Iterable[ChangeRequest], user: User) -> set[int]:
    """Personal values are read by who may see such data of the person."""
    personal = [request.pk for request in requests if request.field in Employee.PERSONAL_FIELDS]
    plain = {request.pk for request in requests} - set(personal)
    if not personal:
        return plain
    return plain | set(ChangeRequest.objects.personal_to(user).filter(pk__in=personal).values_list("pk", flat=True))


def _names(requests: Iterable[ChangeRequest], user: User) -> dict[tuple[str, str], str]:
    """The rows that were the old values, of those the reader sees: one's own boss is no secret."""
    found: dict[tuple[str, str], str] = {}
    for field in ROWS:
        keys = {request.old for request in requests if request.field == field and request.old.isdecimal()}
        if keys:
            rows = COLUMNS[field].related_model.objects
            seen = rows.visible_to(user) | rows.boss_of(user) if field == "reports_to" else rows.visible_to(user)
            found |= {(field, str(row.pk)): str(row) for row in seen.filter(pk__in=keys)}
    return found
