import hashlib
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from hr.models import StoredFile, StoredFileChunk
from hr.storage import LARGER, MAX_BYTES, FileTooLarge, StoredFileStorage

CONTENT = bytes(range(256)) * 6000  # a mebibyte and a half


@pytest.fixture
def storage(db):
    return storages["private"]


def test_private_files_are_rows_of_the_business_database(storage):
    assert isinstance(storage, StoredFileStorage)


def test_a_file_comes_back_as_it_was_in_chunks_of_a_mebibyte(storage):
    name = storage.save("imports/a.xlsx", ContentFile(CONTENT))

    assert storage.open(name).read() == CONTENT
    assert [len(chunk.data) for chunk in StoredFileChunk.objects.all()] == [1024 * 1024, len(CONTENT) - 1024 * 1024]
    file = StoredFile.objects.get()
    assert (file.size, file.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_an_empty_file_is_a_file(storage):
    name = storage.save("imports/empty", ContentFile(b""))

    assert (storage.exists(name), storage.size(name), storage.open(name).read()) == (True, 0, b"")


def test_the_same_name_again_becomes_another(storage):
    first = storage.save("imports/a.csv", ContentFile(b"one"))
    second = storage.save("imports/a.csv", ContentFile(b"two"))

    assert first != second
    assert (storage.open(first).read(), storage.open(second).read()) == (b"one", b"two")


def test_a_deleted_file_is_gone_with_its_chunks(storage):
    name = storage.save("imports/a.csv", ContentFile(b"one"))

    storage.delete(name)

    assert not storage.exists(name)
    assert not StoredFileChunk.objects.exists()
    with pytest.raises(FileNotFoundError):
        storage.open(name)


def test_a_file_over_the_limit_leaves_nothing_behind(storage):
    with pytest.raises(FileTooLarge):
        storage.save("imports/large", ContentFile(b"x" * (MAX_BYTES + 1)))

    assert not StoredFile.objects.exists()


def test_files_that_are_made_here_may_be_larger_and_have_a_limit_too(storage, monkeypatch):
    monkeypatch.setattr("hr.storage.MAX_BYTES", 10)
    monkeypatch.setitem(LARGER, "exports", 20)

    storage.save("exports/large", ContentFile(b"x" * 11))
    with pytest.raises(FileTooLarge):
        storage.save("exports/too-large", ContentFile(b"x" * 21))
    with pytest.raises(FileTooLarge):
        storage.save("imports/large", ContentFile(b"x" * 11))

    assert [file.name for file in StoredFile.objects.all()] == ["exports/large"]


def test_what_nobody_registered_goes_after_a_day(storage):
    """A killed process leaves the beginning of a file."""
    storage.save("exports/half", ContentFile(b"x"))

    left = StoredFile.objects.get().expires_at - timezone.now()

    assert timedelta(hours=23) < left <= timedelta(days=1)
