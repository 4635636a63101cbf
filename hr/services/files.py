"""Private files: kept in `STORAGES["private"]`, registered as StoredFile with an owner and a last day."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from os import SEEK_END
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages

from hr.models import StoredFile
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User


@business_atomic
def keep_file(folder: str, file_name: str, content: bytes, *, actor: User | None, expires_at: datetime) -> StoredFile:
    """Store the bytes under a name of our own; the user's gives only its ending."""
    ending = PurePath(file_name).suffix.lower()[:10]
    name = storages["private"].save(f"{folder}/{uuid.uuid4().hex}{ending}", ContentFile(content))
    values = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "owner_id": actor.pk if actor else None,
        "expires_at": expires_at,
    }
    file, _created = StoredFile.objects.update_or_create(name=name, defaults=values)
    return file


def keep_stream(
    folder: str, file_name: str, stream: IO[bytes], *, sha256: str, actor: User, expires_at: datetime
) -> StoredFile:
    """The same for a file too large to be held in memory. In no transaction: it would last as long as the writing."""
    ending = PurePath(file_name).suffix.lower()[:10]
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    name = storages["private"].save(f"{folder}/{uuid.uuid4().hex}{ending}", File(stream))
    values = {"size": size, "sha256": sha256, "owner_id": actor.pk, "expires_at": expires_at}
    return _register(name, values, actor=actor)


def open_file(file: StoredFile) -> File:
    return storages["private"].open(file.name)


def read_file(file: StoredFile) -> bytes:
    with storages["private"].open(file.name) as stream:
        return bytes(stream.read())


@business_atomic
def _register(name: str, values: dict[str, Any], *, actor: User) -> StoredFile:
    file, _created = StoredFile.objects.update_or_create(name=name, defaults=values)
    return file


@business_atomic
def drop_file(file: StoredFile) -> None:
    storages["private"].delete(file.name)
    StoredFile.objects.filter(pk=file.pk).delete()
