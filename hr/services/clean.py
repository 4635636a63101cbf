"""Values of a row in the form in which they are stored. Forms, files and commands all pass here, by the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.text import visible
from hr.countries import COUNTRIES
from hr.identifiers import normalize_national_id
from hr.models import Employee
from hr.models.base import BusinessModel
from hr.phones import normalize_phone


def clean_employee(values: Mapping[str, Any], *, country: str) -> dict[str, Any]:
    """The values, by field name or attname, as they are stored under attnames.

    `country` decides how a national id and phones are read unless the values name one. Raises DomainError on the
    field that cannot be read.
    """
    cleaned = by_attname(Employee, values)
    country = cleaned.get("country") or country
    if country not in COUNTRIES:
        raise DomainError(_("%(value)s is not a country.") % {"value": f"«{country}»"}, field="country")
    if cleaned.get("status", Employee.Status.ACTIVE) not in Employee.Status:
        raise DomainError(_("%(value)s is not a status.") % {"value": f"«{cleaned['status']}»"}, field="status")
    for name in ("first_name", "last_name"):
        if name in cleaned:
            cleaned[name] = visible(str(cleaned[name] or ""))
    if "code" in cleaned:
        cleaned["code"] = clean_code(cleaned["code"])
    if "work_email" in cleaned:
        cleaned["work_email"] = str(cleaned["work_email"] or "").strip().lower() or None
    if "national_id" in cleaned:
        with _on("national_id"):
            cleaned["national_id"] = normalize_national_id(country, cleaned["national_id"]) or None
    for name in ("work_phone", "private_phone"):
        if name in cleaned:
            with _on(name):
                cleaned[name] = normalize_phone(cleaned[name], country)
    return cleaned


def clean_catalogue(model: type[BusinessModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The same for rows with a code and a name or title: units, positions, events and their kinds."""
    cleaned = by_attname(model, values)
    if "code" in cleaned:
        cleaned["code"] = clean_code(cleaned["code"])
    for name in ("name", "title"):
        if name in cleaned:
            cleaned[name] = visible(str(cleaned[name] or ""))
    return cleaned


def clean_code(value: object) -> str:
    """Codes are upper case, without spaces around them."""
    return visible(str(value or "")).upper()


def clean_reason(reason: str, *, most: int = 200) -> str:
    """The reason of a step that needs one. Raises DomainError on `reason` without, or for one that is too long."""
    text = " ".join(reason.split())
    if not text:
        raise DomainError(_("Give a reason."), field="reason")
    if len(text) > most:
        raise DomainError(_("Give a reason of at most %(most)d characters.") % {"most": most}, field="reason")
    return text


def check_due_day(due_on: date) -> None:
    """Raise DomainError on `due_on` for a day that has passed."""
    if due_on < timezone.localdate():
        raise DomainError(_("Choose today or a later day."), field="due_on")


def check_fields(model: type[BusinessModel], values: Mapping[str, Any]) -> None:
    """Raise DomainError, on its field, for a value that its column cannot hold. Rules of several columns and
    uniqueness are the database's, see `constraint_error`.
    """
    for name, value in values.items():
        column: Any = model._meta.get_field(name)
        try:
            _check(column, value)
        except ValidationError as error:
            raise DomainError(" ".join(error.messages), field=column.name) from None


def _check(column: models.Field, value: Any) -> None:
    if value is None and not column.null:
        raise ValidationError(column.error_messages["null"], code="null")
    if value == "" and not column.blank:
        raise ValidationError(column.error_messages["blank"], code="blank")
    if value not in (None, ""):
        # `Field.clean` would also ask the database for every foreign key and build the list of countries.
        column.run_validators(value)


def by_attname(model: type[BusinessModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under the names of the columns (`org_unit_id`), rows replaced by their keys."""
    return {
        model._meta.get_field(name).attname: value.pk if isinstance(value, models.Model) else value
        for name, value in values.items()
    }


@contextmanager
def _on(field: str) -> Iterator[None]:
    """A value that cannot be read is an error on this field."""
    try:
        yield
    except DomainError as error:
        error.field = field
        raise
