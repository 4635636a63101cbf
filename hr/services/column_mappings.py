"""How somebody had a header read: the next file with the same header is read alike, without a question."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone

from hr.loading.options import Options
from hr.loading.recognition import Recall
from hr.models import ColumnMapping
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User


def remembered(resource: str, header_sha256: str, user: User | None) -> Options | None:
    """What the user chose the last time. `resource` is one of ImportJob.Resource."""
    if user is None:
        return None
    own = ColumnMapping.objects.filter(resource=resource, header_sha256=header_sha256, owner_id=user.pk)
    data = own.values_list("options", flat=True).first()
    return Options.from_json(data) if data is not None else None


def recall_for(resource: str, user: User | None) -> Recall:
    """`remembered`, to be asked by whoever reads the file and finds its header."""
    return partial(_recall, resource, user)


def _recall(resource: str, user: User | None, header_sha256: str) -> Options | None:
    return remembered(resource, header_sha256, user)


@business_atomic
def remember(resource: str, header_sha256: str, options: Options, *, actor: User) -> None:
    """Keep what of the options the next file is to be read by; nothing where all was as detected.

    What they say nothing of stays as it was remembered: it was what the file was read by.
    """
    kept = options.remembered().over(remembered(resource, header_sha256, actor) or Options())
    if not kept.as_json():
        return
    ColumnMapping.objects.update_or_create(
        resource=resource,
        header_sha256=header_sha256,
        owner_id=actor.pk,
        defaults={"options": kept.as_json(), "used_at": timezone.now()},
    )
