from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.context import current_change
from hr.querysets import HistoryQuerySet


class BusinessModel(models.Model):
    """What every table of `hr` has. `version` rises by one at each write, so that a stale form is recognised."""

    objects: Any

    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        """Left to the database: it answers on the field (`constraint_error`), and without a query per rule."""


class HistoryStamp(models.Model):
    """Who made a change, and where it came from, beside the row's values in every history table."""

    SOURCES = [
        ("ui", _("screen")),
        ("import", _("file")),
        ("self-service", _("self-service")),
        ("job", _("background job")),
        ("cli", _("command")),
    ]

    history_user_name = models.CharField(_("changed by"), max_length=200, blank=True, default="")
    history_source = models.CharField(_("source"), max_length=16, blank=True, default="", choices=SOURCES)
    history_request_id = models.CharField(max_length=64, blank=True, default="")
    history_job_id = models.BigIntegerField(null=True)

    objects = HistoryQuerySet.as_manager()

    class Meta:
        abstract = True


def history_stamp() -> dict[str, object]:
    """The stamp's columns for a history row written now."""
    change = current_change()
    return {
        "history_user_id": change.user_id,
        "history_user_name": change.user_name,
        "history_source": change.source,
        "history_request_id": change.request_id,
        "history_job_id": change.job_id,
    }


def _stamp(historical, _user) -> None:
    for name, value in history_stamp().items():
        setattr(historical, name, value)


class _Records(HistoricalRecords):
    """History is read by the key of its row, or by day. The library would index whatever its model has unique or names
    another row by: six indexes of an employee's history that every write has to keep.
    """

    def copy_fields(self, model: type[models.Model]) -> dict[str, Any]:
        fields: dict[str, Any] = super().copy_fields(model)
        for name, field in fields.items():
            field.db_index = name == model._meta.pk.name
        return fields


def history() -> HistoricalRecords:
    """A history table in the database of the row, naming its user by id and name: the user lives elsewhere."""
    return _Records(
        bases=[HistoryStamp],
        history_user_id_field=models.BigIntegerField(null=True),
        history_user_getter=lambda historical: historical.history_user_name or None,
        history_user_setter=_stamp,
        get_user=lambda **_kwargs: None,
        use_base_model_db=True,
    )
