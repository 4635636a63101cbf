from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hr.models.base import BusinessModel
from hr.querysets import ColumnMappingQuerySet, ImportJobQuerySet, ImportRowQuerySet


class ImportJob(BusinessModel):
    """One file on its way in. The row is the truth; a task on the queue is only a wake-up."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("being read")
        MAPPED = "mapped", _("being checked")
        CHECKED = "checked", _("to be confirmed")
        AWAITING_APPROVAL = "awaiting_approval", _("awaiting approval")
        APPLYING = "applying", _("being written")
        APPLIED = "applied", _("written")
        PARTLY_APPLIED = "partly_applied", _("partly written")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        PARTLY_UNDONE = "partly_undone", _("partly undone")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Resource(models.TextChoices):
        EMPLOYEES = "employees", _("employees")
        UNITS = "units", _("units")
        POSITIONS = "positions", _("positions")
        ATTENDANCE = "attendance", _("attendance")

    class Mode(models.TextChoices):
        BOTH = "both", _("add new rows and change known ones")
        CREATE = "create", _("only add new rows")
        UPDATE = "update", _("only change known rows")

    NEXT = {
        State.UPLOADED: {State.MAPPED, State.FAILED, State.CANCELLED},
        State.MAPPED: {State.UPLOADED, State.CHECKED, State.FAILED, State.CANCELLED},
        State.CHECKED: {State.UPLOADED, State.MAPPED, State.AWAITING_APPROVAL, State.APPLYING, State.CANCELLED},
        State.AWAITING_APPROVAL: {State.MAPPED, State.CHECKED, State.APPLYING, State.CANCELLED},
        State.APPLYING: {State.APPLIED, State.PARTLY_APPLIED, State.UNDOING, State.MAPPED, State.FAILED},
        # Written again: those who are missing from the file.
        State.APPLIED: {State.UNDOING, State.APPLYING},
        State.PARTLY_APPLIED: {State.UNDOING, State.APPLYING},
        State.UNDOING: {State.UNDONE, State.PARTLY_UNDONE, State.FAILED, State.CANCELLED},
    }

    resource = models.CharField(_("what"), max_length=16, choices=Resource.choices)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.UPLOADED)
    file = models.ForeignKey("hr.StoredFile", on_delete=models.PROTECT, null=True, verbose_name=_("file"))
    file_name = models.CharField(_("file name"), max_length=255)
    # Of attendance: the event all rows are about, where it was chosen with the file.
    event = models.ForeignKey(
        "hr.Event", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("event")
    )
    accept_valid = models.BooleanField(_("write the valid rows even if others are faulty"), default=False)
    create_missing = models.BooleanField(_("create unknown units and positions"), default=False)
    mode = models.CharField(_("which rows to write"), max_length=8, choices=Mode.choices, default=Mode.BOTH)
    full_roster = models.BooleanField(_("the file names everybody who works here"), default=False)
    options = models.JSONField(default=dict, help_text="how the loader wants the file read (hr/loading/options.py)")
    reading = models.JSONField(default=dict, help_text="what was found in the file; {} until it is read")
    causes = models.JSONField(default=list, help_text="errors grouped: [{cause, field, value, message, rows, fix}, …]")
    language = models.CharField(max_length=2, default="es")
    columns = models.JSONField(default=list, help_text="[[header, field name or null], …] as found in the file")
    missing = models.JSONField(default=dict, help_text='{"org_unit": {"Ventas Norte": 37}, "position": {…}}')
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(pgettext_lazy("rows", "new"), default=0)
    updated = models.PositiveIntegerField(pgettext_lazy("rows", "changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    failed = models.PositiveIntegerField(_("faulty"), default=0)
    error = models.TextField(_("error"), blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    # Of the step that runs: rows done and to be done, and since when.
    rows_done = models.PositiveIntegerField(default=0)
    rows_to_do = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    cancel_asked = models.BooleanField(default=False)
    approval_reasons = models.JSONField(default=list, help_text='[{"limit", "allowed", "found"}, …]')
    approved_by_id = models.BigIntegerField(null=True)
    approved_by_name = models.CharField(_("approved by"), max_length=200, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True)
    refusal = models.TextField(_("reason of the refusal"), blank=True)
    undo_until = models.DateTimeField(_("can be undone until"), null=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by_id = models.BigIntegerField(null=True)
    undone_by_name = models.CharField(_("undone by"), max_length=200, blank=True)
    removed = models.PositiveIntegerField(pgettext_lazy("rows", "removed"), default=0)
    restored = models.PositiveIntegerField(pgettext_lazy("rows", "restored"), default=0)
    kept = models.PositiveIntegerField(pgettext_lazy("rows", "kept"), default=0)
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the file's bytes")
    applied_at = models.DateTimeField(_("written at"), null=True)
    created_by_id = models.BigIntegerField(null=True, db_index=True)
    created_by_name = models.CharField(_("loaded by"), max_length=200, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("load")
        verbose_name_plural = _("loads")
        ordering = ["-id"]
        permissions = [("approve_importjob", "Can approve loads of others")]
        indexes = [
            models.Index(fields=["state", "heartbeat_at"], name="importjob_waiting"),
            models.Index(fields=["resource", "sha256"], name="importjob_same_file"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_resource_display()})"


class ImportRow(BusinessModel):
    """What the check found for one row of the file. Unchanged rows are counted, not stored."""

    class Verdict(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        FAULTY = "faulty", _("faulty")
        MISSING = "missing", _("missing from the file")
        # A unit or position that rows of the file name and nobody knew: `after` is {"org_unit": {"create": name}}.
        MADE = "made", _("created with them")

    class Undone(models.TextChoices):
        REMOVED = "removed", pgettext_lazy("row", "removed")
        RESTORED = "restored", pgettext_lazy("row", "restored")
        KEPT = "kept", pgettext_lazy("row", "kept")

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="lines")
    # None of a person who is missing from the file, and of what is created with its rows.
    number = models.PositiveIntegerField(_("row"), null=True)
    step = models.PositiveIntegerField(null=True, help_text="its turn among the rows that are written")
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    label = models.CharField(_("who"), max_length=200, blank=True)
    object_id = models.BigIntegerField(null=True)
    # Of attendance: whom and what the row is about, also where nobody is enrolled yet.
    employee_id = models.BigIntegerField(null=True)
    event_id = models.BigIntegerField(null=True)
    # Stored values by field, as hr/loading/rows.py says; pages render them.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    read_version = models.PositiveIntegerField(null=True, help_text="of the row it changes, when it was checked")
    written_version = models.PositiveIntegerField(null=True, help_text="None until it is written")
    errors = models.JSONField(default=list, help_text='[{"column", "field", "value", "message", "cause"}, …]')
    causes = models.CharField(max_length=200, blank=True, help_text=",3,17,: places in ImportJob.causes")
    cells = models.JSONField(default=list, help_text="of a faulty row, as they stand in the file")
    undone = models.CharField(max_length=8, blank=True, choices=Undone.choices)
    kept_because = models.CharField(_("why it was kept"), max_length=200, blank=True)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("row of a load")
        verbose_name_plural = _("rows of a load")
        ordering = ["number"]
        # Not unique: a row of a matrix of sessions is as many rows as it has marks.
        indexes = [
            models.Index(fields=["job", "number"], name="importrow_by_number"),
            models.Index(fields=["job", "verdict", "number"], name="importrow_by_verdict"),
            models.Index(fields=["job", "step"], name="importrow_by_step"),
        ]


class ColumnMapping(BusinessModel):
    """How somebody had a header read; the next file with the same header is read alike."""

    resource = models.CharField(_("what"), max_length=16, choices=ImportJob.Resource.choices)
    header_sha256 = models.CharField(max_length=64, help_text="of the header's folded cells")
    options = models.JSONField(default=dict, help_text="as ImportJob.options")
    owner_id = models.BigIntegerField(null=True)
    used_at = models.DateTimeField(_("used at"))

    objects = ColumnMappingQuerySet.as_manager()

    class Meta:
        verbose_name = _("remembered columns")
        verbose_name_plural = _("remembered columns")
        ordering = ["-used_at"]
        constraints = [
            models.UniqueConstraint(fields=["resource", "header_sha256", "owner_id"], name="columnmapping_once")
        ]
