import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from releasing.backups import fault_of

NOW = datetime(2027, 3, 7, 6, 30, tzinfo=UTC)


@pytest.fixture
def back_up(tmp_path):
    def make(*, hours_ago=1, stamp="20270307T053000Z", **changed):
        folder = tmp_path / stamp
        folder.mkdir()
        (folder / "identity.dump").write_bytes(b"dump")
        said = {
            "made_at": (NOW - timedelta(hours=hours_ago)).isoformat().replace("+00:00", "Z"),
            "files": {"identity.dump": {"sha256": hashlib.sha256(b"dump").hexdigest(), "bytes": 4}},
        }
        (folder / "manifest.json").write_text(json.dumps(said | changed))
        return folder

    return make


def fault(folder):
    return fault_of(folder, hours=24, moment=NOW)


def test_a_fresh_one_will_do(back_up, tmp_path):
    back_up()

    assert fault(tmp_path) == ""


def test_there_is_none(tmp_path):
    (tmp_path / "20270307T060000Z").mkdir()  # without a manifest it is none

    assert fault(tmp_path) == f"There is no backup in {tmp_path}."
    assert fault(tmp_path / "nowhere") == f"There is no backup in {tmp_path / 'nowhere'}."


def test_it_is_too_old(back_up, tmp_path):
    folder = back_up(hours_ago=24.5)

    assert fault(tmp_path) == f"The newest backup, {folder}, is 24.5 hours old; 24 hours are allowed."


def test_the_newest_counts(back_up, tmp_path):
    back_up(hours_ago=48, stamp="20270305T063000Z")
    back_up()

    assert fault(tmp_path) == ""


def test_a_file_was_changed_or_is_gone(back_up, tmp_path):
    dump = back_up() / "identity.dump"
    dump.write_bytes(b"dumb")
    assert fault(tmp_path) == f"{dump} is not what was written: its checksum differs."

    dump.unlink()
    assert fault(tmp_path).startswith("A file of the newest backup cannot be read: ")


@pytest.mark.parametrize("changed", [{"made_at": "yesterday"}, {"files": {"x": {}}}, {"made_at": None}, {"files": []}])
def test_a_manifest_that_says_nothing_is_no_backup(back_up, tmp_path, changed):
    back_up(**changed)

    assert "does not say what it should" in fault(tmp_path)


def test_a_manifest_without_files_is_no_backup(back_up, tmp_path):
    back_up(files={})

    assert "names no file" in fault(tmp_path)


def test_a_backup_from_the_future_is_none(back_up, tmp_path):
    back_up(hours_ago=-1)

    assert "from the future" in fault(tmp_path)
