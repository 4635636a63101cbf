from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hr.models.base import BusinessModel
from hr.querysets import ImportJobQuerySet, ImportRowQuerySet


class ImportJob(BusinessModel):
    """One file on its way in. The row is the truth; a task on the queue is only a wake-up."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("being checked")
        CHECKED = "checked", _("to be confirmed")
        APPLYING = "applying", _("being written")
        APPLIED = "applied", _("written")
        PARTLY_APPLIED = "partly_applied", _("partly written")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Resource(models.TextChoices):
        EMPLOYEES = "employees", _("employees")
        UNITS = "units", _("units")
        POSITIONS = "positions", _("positions")
        ATTENDANCE = "attendance", _("attendance")

    NEXT = {
        State.UPLOADED: {State.CHECKED, State.FAILED, State.CANCELLED},
        State.CHECKED: {State.UPLOADED, State.APPLYING, State.CANCELLED},
        State.APPLYING: {State.APPLIED, State.PARTLY_APPLIED, State.CHECKED, State.FAILED},
    }

    resource = models.CharField(_("what"), max_length=16, choices=Resource.choices)
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.UPLOADED)
    file = models.ForeignKey("hr.StoredFile", on_delete=models.PROTECT, null=True, verbose_name=_("file"))
    file_name = models.CharField(_("file name"), max_length=255)
    # Of attendance: the event all rows are about, where it was chosen with the file.
    event = models.ForeignKey(
        "hr.Event", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("event")
    )
    accept_valid = models.BooleanField(_("write the valid rows even if others are faulty"), default=False)
    create_missing = models.BooleanField(_("create unknown units and positions"), default=False)
    language = models.CharField(max_length=2, default="es")
    columns = models.JSONField(default=list, help_text="[[header, field name or null], …] as found in the file")
    missing = models.JSONField(default=dict, help_text='{"org_unit": {"Ventas Norte": 37}, "position": {…}}')
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(pgettext_lazy("rows", "new"), default=0)
    updated = models.PositiveIntegerField(pgettext_lazy("rows", "changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(_("faulty"), default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="of what the check found; apply does exactly that")
    error = models.TextField(_("error"), blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(_("written at"), null=True)
    created_by_id = models.BigIntegerField(null=True, db_index=True)
    created_by_name = models.CharField(_("loaded by"), max_length=200, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("load")
        verbose_name_plural = _("loads")
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "heartbeat_at"], name="importjob_waiting")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_resource_display()})"


class ImportRow(BusinessModel):
    """What the check found for one row of the file. Unchanged rows are counted, not stored."""

    class Verdict(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        FAULTY = "faulty", _("faulty")

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(_("row"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    label = models.CharField(_("who"), max_length=200, blank=True)
    object_id = models.BigIntegerField(null=True)
    # Of attendance: whom and what the row is about, also where nobody is enrolled yet.
    employee_id = models.BigIntegerField(null=True)
    event_id = models.BigIntegerField(null=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    written_version = models.PositiveIntegerField(null=True)
    errors = models.JSONField(default=list, help_text='[{"column", "value", "message"}, …]')

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("row of a load")
        verbose_name_plural = _("rows of a load")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="importrow_once")]
        indexes = [models.Index(fields=["job", "verdict", "number"], name="importrow_by_verdict")]
