"""Files as rows of `business`: every process and host reads the same, and they travel with the backup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils import timezone
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.models import StoredFile, StoredFileChunk
from hr.services.writing import business_atomic

MAX_BYTES = 50 * 1024 * 1024
# Of files that are made here, by the folder they are kept in.
LARGER = {"exports": 500 * 1024 * 1024}
# A file of which hr/services/files.py says nothing else, because its process was killed, goes after this.
UNREGISTERED_KEPT = timedelta(days=1)
_IN_MEMORY = 4 * 1024 * 1024


class FileTooLarge(DomainError):
    """More bytes than a stored file may have."""


@deconstructible
class StoredFileStorage(Storage):
    """`STORAGES["private"]`. There is no address to fetch a file from: pages hand it out to whom it belongs."""

    def _save(self, name: str, content: File) -> str:
        _store(name, content)
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("Stored files are written once; open them with 'rb'.")
        stream = cast(IO[bytes], SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115  (the File closes it)
        for data in _chunks(self._row(name)):
            stream.write(data)
        stream.seek(0)
        return File(stream, name)

    def delete(self, name: str) -> None:
        StoredFile.objects.filter(name=name).delete()

    def exists(self, name: str) -> bool:
        return StoredFile.objects.filter(name=name).exists()

    def size(self, name: str) -> int:
        return self._row(name).size

    def get_created_time(self, name: str) -> datetime:
        return self._row(name).created_at

    def get_modified_time(self, name: str) -> datetime:
        return self._row(name).updated_at

    @staticmethod
    def _row(name: str) -> StoredFile:
        try:
            return StoredFile.objects.get(name=name)
        except StoredFile.DoesNotExist:
            raise FileNotFoundError(name) from None


def _store(name: str, content: File) -> None:
    """Chunk by chunk, each committed by itself unless the caller has a transaction: a large file holds nobody up."""
    limit = LARGER.get(name.partition("/")[0], MAX_BYTES)
    file = _begin(name)
    digest, size = hashlib.sha256(), 0
    for number, data in enumerate(content.chunks(StoredFileChunk.SIZE)):
        size += len(data)
        if size > limit:
            _drop(file)
            raise FileTooLarge(_("The file is larger than %(limit)d MB.") % {"limit": limit // 1024**2})
        digest.update(data)
        _add(file, number, data)
    file.size, file.sha256 = size, digest.hexdigest()
    _end(file)


@business_atomic
def _begin(name: str) -> StoredFile:
    return StoredFile.objects.create(name=name, expires_at=timezone.now() + UNREGISTERED_KEPT)


@business_atomic
def _add(file: StoredFile, number: int, data: bytes) -> None:
    StoredFileChunk.objects.create(file=file, number=number, data=data)


@business_atomic
def _end(file: StoredFile) -> None:
    file.save(update_fields=["size", "sha256"])


@business_atomic
def _drop(file: StoredFile) -> None:
    file.delete()


def _chunks(file: StoredFile) -> Iterator[bytes]:
    """One chunk at a time: a result of fifty would be held twice, by the driver and here."""
    number = 0
    while chunk := _chunk(file, number):
        yield bytes(chunk.data)
        number += 1


def _chunk(file: StoredFile, number: int) -> Any:
    return StoredFileChunk.objects.filter(file=file, number=number).first()
