from django.db import models
from django.utils.translation import gettext_lazy as _

from hr.models.base import BusinessModel
from hr.querysets import StoredFileChunkQuerySet, StoredFileQuerySet


class StoredFile(BusinessModel):
    """A private file, kept in the database so that every process and host reads the same. Belongs to one user."""

    name = models.CharField(_("name"), max_length=255, unique=True)
    size = models.PositiveBigIntegerField(_("size"), default=0, help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True)
    owner_id = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, db_index=True)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class StoredFileChunk(BusinessModel):
    """One mebibyte of a file, or its shorter end."""

    SIZE = 1024 * 1024

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    objects = StoredFileChunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of a file")
        verbose_name_plural = _("parts of files")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="storedfilechunk_once")]
