from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hr.models.base import BusinessModel
from hr.querysets import ExportLogQuerySet


class ExportLog(BusinessModel):
    """One file that went out: who took it, which rows, and its hash. A large one is made by the worker: the row is the
    truth, a task only a wake-up.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("being made")
        DONE = "done", pgettext_lazy("export", "done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    what = models.CharField(_("what"), max_length=40, help_text="name of the kind of rows, or of the report")
    format = models.CharField(_("format"), max_length=4, choices=[("csv", "CSV"), ("xlsx", "XLSX")])
    query = models.TextField(_("filter"), blank=True, help_text="query string of the list it was asked from")
    columns = models.JSONField(_("columns"), default=list, help_text="field names, in their order")
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.RUNNING)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(_("hash"), max_length=64, blank=True, help_text="of the file, once it is whole")
    file = models.ForeignKey("hr.StoredFile", on_delete=models.SET_NULL, null=True, verbose_name=_("file"))
    file_name = models.CharField(_("file name"), max_length=255, blank=True)
    language = models.CharField(max_length=2, default="es")
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(null=True)
    # None where the file goes out with the answer to the request, and no worker makes it.
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    created_by_id = models.BigIntegerField(null=True, db_index=True)
    created_by_name = models.CharField(_("exported by"), max_length=200, blank=True)

    objects = ExportLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "heartbeat_at"], name="exportlog_waiting")]

    def __str__(self) -> str:
        return self.file_name or self.what
