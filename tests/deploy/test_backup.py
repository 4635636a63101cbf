"""Backup, restore and rehearsal on the embedded databases; test_backup_on_servers.py has the servers."""

import fcntl
import json
import os
import re
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from django.db import connections

from tests.deploy.conftest import tool
from tests.deploy.recovery import Recovery
from tests.factories import make_employee, make_unit, make_user

pytestmark = pytest.mark.skipif(connections["default"].vendor != "sqlite", reason="asked on the embedded databases")


@pytest.fixture
def recovery(db, tmp_path):
    """A demo's two files with somebody in each."""
    tool("zstd")
    employee = make_employee("Ana", "Pérez", code="E1", org_unit=make_unit("Ventas", code="VEN"))
    make_user("ana", employee=employee)
    data = tmp_path / "data"
    data.mkdir()
    for alias, name in (("default", "identity"), ("business", "business")):
        connections[alias].ensure_connection()
        path = data / f"{name}.sqlite3"
        path.write_bytes(connections[alias].connection.serialize())
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA journal_mode = WAL")
    return Recovery(tmp_path / "backups", APP_DATA_DIR=str(data))


@pytest.fixture
def keys(tmp_path):
    """Two pairs of public key and the file with the secret one."""
    made = []
    for name in ("right", "wrong"):
        path = tmp_path / name
        said = subprocess.run([tool("age-keygen"), "-o", str(path)], capture_output=True, text=True, check=True).stderr
        made.append((said.split()[-1], str(path)))
    return made


def business(recovery):
    return closing(sqlite3.connect(f"{recovery.variables['APP_DATA_DIR']}/business.sqlite3", isolation_level=None))


def test_a_backup_is_one_folder_for_its_owner_alone(recovery):
    recovery.well("backup")

    (name,) = recovery.names()
    manifest = recovery.manifest()
    assert datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) == datetime.fromisoformat(
        manifest["made_at"]
    ).replace(microsecond=0)
    assert manifest["watermark"].startswith(manifest["made_at"][:23])
    assert manifest["version"] == "0.1.0"
    assert set(manifest["files"]) == {"identity.sqlite3.zst", "business.sqlite3.zst"}
    for file, row in manifest["files"].items():
        content = (recovery.newest() / file).read_bytes()
        assert row == {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
    assert manifest["databases"]["business"]["tables"]["hr_employee"]["rows"] == 1
    modes = {stat.S_IMODE(path.stat().st_mode) for path in recovery.newest().iterdir()}
    assert (modes, stat.S_IMODE(recovery.newest().stat().st_mode)) == ({0o600}, 0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="asked as root alone")
def test_what_root_makes_belongs_to_whom_the_folder_does(recovery):
    recovery.folder.mkdir()
    os.chown(recovery.folder, 10001, 10002)

    recovery.well("backup")

    owners = {(path.stat().st_uid, path.stat().st_gid) for path in recovery.folder.rglob("*")}
    assert owners == {(10001, 10002)}


def test_what_is_written_afterwards_is_in_neither_database(recovery):
    """A writer that is in a transaction is waited for, and what it wrote belongs to the backup."""
    with business(recovery) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE hr_employee SET first_name = 'Before'")
        process = recovery.start("backup")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        writer.execute("COMMIT")
        said = "".join(process.communicate(timeout=60))
        assert process.returncode == 0, said
        writer.execute("UPDATE hr_employee SET first_name = 'After'")

    recovery.well("restore", "--business", str(recovery.folder / "b"), "--identity", str(recovery.folder / "i"))

    with closing(sqlite3.connect(recovery.folder / "b")) as restored:
        assert restored.execute("SELECT first_name FROM hr_employee").fetchall() == [("Before",)]


def test_a_rehearsal_restores_compares_and_reconciles(recovery, tmp_path):
    recovery.well("backup", BACKUP_METRICS_DIR=str(tmp_path))
    with business(recovery) as writer:
        writer.execute("UPDATE hr_employee SET first_name = 'After'")

    said = recovery.well("restore", "--rehearse", BACKUP_METRICS_DIR=str(tmp_path))

    assert "Each table holds what was dumped." in said
    assert "Both restored databases agree." in said
    assert not (tmp_path / "data" / "rehearsal").exists()
    figures = "".join((tmp_path / f"evaltrack_{name}.prom").read_text() for name in ("backup", "rehearsal"))
    values = dict(re.findall(r"^(\w+) (\S+)$", figures, re.MULTILINE))
    now = datetime.now(UTC).timestamp()
    assert now - 60 < float(values["evaltrack_backup_last_success_seconds"]) < now
    assert now - 60 < float(values["evaltrack_rehearsal_last_success_seconds"]) < now
    assert int(values["evaltrack_backup_bytes"]) == sum(row["bytes"] for row in recovery.manifest()["files"].values())


def test_a_rehearsal_notices_one_changed_row(recovery):
    recovery.well("backup")
    with business(recovery) as writer:
        writer.execute("UPDATE hr_employee SET first_name = 'Other'")
    # Another one's rows under this one's sums, and every checksum of a file right.
    manifest = recovery.manifest()
    recovery.well("backup")
    changed = json.loads((recovery.newest() / "manifest.json").read_text())
    changed["databases"] = manifest["databases"]
    (recovery.newest() / "manifest.json").write_text(json.dumps(changed))

    code, said = recovery.run("restore", "--rehearse")

    assert code == 1
    assert "business: hr_employee has as many rows, but not the same ones" in said
    assert said.count("but not the same ones") == 1


def test_a_rehearsal_notices_databases_that_disagree(recovery):
    with business(recovery) as writer:
        writer.execute("UPDATE hr_employee SET uid = '00000000000000000000000000000001'")
    recovery.well("backup")

    code, said = recovery.run("restore", "--rehearse")

    assert code == 1
    assert '"accounts_without_employee": {\n      "differences": [\n        {' in said


def test_what_is_encrypted_wants_its_key(recovery, keys):
    (public, secret), (_other, wrong) = keys
    recovery.well("backup", BACKUP_RECIPIENTS=public)
    assert {path.suffix for path in recovery.newest().iterdir()} == {".age", ".json"}
    assert all(path.read_bytes().startswith(b"age-encryption.org/v1\n") for path in recovery.newest().glob("*.age"))

    into = ["--identity", str(recovery.folder / "i"), "--business", str(recovery.folder / "b")]
    without = recovery.run("restore", *into)
    mistaken = recovery.run("restore", *into, BACKUP_KEY_FILE=wrong)
    recovery.well("restore", *into, BACKUP_KEY_FILE=secret)

    assert without[0] == mistaken[0] == 1
    assert "BACKUP_KEY_FILE must name the file with the key" in without[1]
    assert "no identity matched any of the recipients" in mistaken[1]


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "business.sqlite3.zst has "),
        (lambda path: path.write_bytes(b"x" + path.read_bytes()[1:]), "business.sqlite3.zst has another checksum"),
        (lambda path: path.unlink(), "business.sqlite3.zst is missing"),
        (lambda path: path.with_name("manifest.json").unlink(), "There is no backup in "),
    ],
    ids=["cut off", "one byte", "gone", "no manifest"],
)
def test_a_damaged_backup_is_not_restored(recovery, harm, complaint):
    recovery.well("backup")
    target = recovery.folder / "i"
    harm(recovery.newest() / "business.sqlite3.zst")

    code, said = recovery.run("restore", "--identity", str(target), "--business", f"{target}2")

    assert (code, target.exists()) == (1, False)
    assert complaint in said


def test_data_is_overwritten_only_by_name(recovery):
    recovery.well("backup")
    with business(recovery) as writer:
        writer.execute("UPDATE hr_employee SET first_name = 'After'")
    names = [f"{recovery.variables['APP_DATA_DIR']}/{name}.sqlite3" for name in ("identity", "business")]

    refused = recovery.run("restore")
    half = recovery.run("restore", "--overwrite", names[0])
    other = recovery.run("restore", "--overwrite", names[0], "--overwrite", "elsewhere")
    with business(recovery) as reader:
        kept = reader.execute("SELECT first_name FROM hr_employee").fetchone()
    recovery.well("restore", "--overwrite", names[0], "--overwrite", names[1])

    assert [refused[0], half[0], other[0], kept] == [1, 1, 1, ("After",)]
    assert f"{names[1]} has tables" in half[1]
    with business(recovery) as reader:
        assert reader.execute("SELECT first_name FROM hr_employee").fetchone() == ("Ana",)


def test_old_ones_go_and_the_newest_stay(recovery):
    recovery.well("backup")
    content = (recovery.newest() / "manifest.json").read_text()
    now = datetime.now(UTC)
    for days in (3, 20, 30, 40):
        made_at = now - timedelta(days=days)
        folder = recovery.folder / f"{made_at:%Y%m%dT%H%M%SZ}"
        folder.mkdir()
        (folder / "manifest.json").write_text(content.replace(recovery.manifest()["made_at"], made_at.isoformat()))
    (recovery.folder / "notes").mkdir()
    before = recovery.names()

    first = recovery.run("backup", BACKUP_COPY_COMMAND="false")
    after_failure = recovery.names()
    recovery.well("backup", BACKUP_KEEP_AT_LEAST="4", BACKUP_KEEP_DAYS="14")

    assert first[0] == 1
    assert "but was not copied elsewhere" in first[1]
    assert set(before) <= set(after_failure)
    gone = set(after_failure) - set(recovery.names())
    assert gone == set(sorted(before)[: len(gone)])
    assert len([name for name in recovery.names() if name != "notes"]) == 4
    recovery.well("backup", BACKUP_KEEP_AT_LEAST="1", BACKUP_KEEP_DAYS="14")
    left = [name for name in recovery.names() if name != "notes"]
    assert f"{now - timedelta(days=3):%Y%m%dT%H%M%SZ}" in left
    assert not any(name.startswith(f"{now - timedelta(days=20):%Y%m%d}") for name in left)


def test_what_is_being_restored_is_not_deleted_however_old_it_is(recovery):
    recovery.well("backup")
    old = datetime.now(UTC) - timedelta(days=40)
    folder = recovery.folder / f"{old:%Y%m%dT%H%M%SZ}"
    folder.mkdir()
    (folder / "manifest.json").write_text((recovery.newest() / "manifest.json").read_text())
    descriptor = os.open(folder, os.O_RDONLY)

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    recovery.well("backup", BACKUP_KEEP_AT_LEAST="1", BACKUP_KEEP_DAYS="14")
    kept = folder.exists()
    os.close(descriptor)
    recovery.well("backup", BACKUP_KEEP_AT_LEAST="1", BACKUP_KEEP_DAYS="14")

    assert (kept, folder.exists()) == (True, False)


def test_a_restore_keeps_its_backup_to_itself(recovery):
    recovery.well("backup")
    descriptor = os.open(recovery.newest(), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    code, said = recovery.run("restore", "--overwrite", "business")

    os.close(descriptor)
    assert (code, "Another one is at work" in said) == (1, True)
    assert "is no backup" in recovery.run("restore", "20200101T000000Z")[1]


def test_it_is_copied_elsewhere_when_it_is_whole(recovery, tmp_path):
    far = tmp_path / "far"
    far.mkdir()

    recovery.well("backup", BACKUP_COPY_COMMAND=f'cp -a "$1" {far}/')

    (copy,) = far.iterdir()
    assert sorted(path.name for path in copy.iterdir()) == sorted(path.name for path in recovery.newest().iterdir())


@pytest.mark.parametrize("stop", ["terminate", "kill"])
def test_a_backup_that_is_stopped_leaves_none(recovery, tmp_path, stop):
    """It stands still where a compressor does that never ends."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "zstd").write_text("#!/bin/sh\ntouch $0.begun\nexec sleep 30\n")
    (programs / "zstd").chmod(0o755)
    process = recovery.start("backup", PATH=f"{programs}:{os.environ['PATH']}")
    while not (programs / "zstd.begun").exists():
        assert process.poll() is None

    getattr(process, stop)()
    process.communicate(timeout=30)

    left = recovery.names()
    assert [name for name in left if not name.startswith(".unfinished-")] == []
    assert stop == "kill" or left == []
    assert recovery.run("restore", "--list") == (0, "")
    recovery.well("backup")
    assert len(recovery.names()) == 1


def test_two_at_once_are_refused(recovery, tmp_path):
    recovery.folder.mkdir()
    with subprocess.Popen(
        ["flock", str(recovery.folder), "sh", "-c", "echo held; read line"], stdin=-1, stdout=-1
    ) as other:
        other.stdout.readline()

        code, said = recovery.run("backup")

        other.communicate(b"\n")
    assert (code, recovery.names()) == (1, [])
    assert "Another one is at work" in said


def test_figures_that_nobody_can_read_fail_it(recovery, tmp_path):
    code, said = recovery.run("backup", BACKUP_METRICS_DIR=str(tmp_path / "nowhere"))

    assert code == 1
    assert said.splitlines()[-1].startswith("backup: [Errno 2] No such file or directory: ")


def test_nothing_is_no_backup(recovery):
    with business(recovery) as writer:
        for (name,) in writer.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not name.startswith("sqlite_"):
                writer.execute(f'DROP TABLE "{name}"')

    code, said = recovery.run("backup")

    assert (code, recovery.names()) == (1, [])
    assert "There is nothing in " in said


def test_a_production_is_never_taken_for_two_files(recovery):
    code, said = recovery.run("backup", APP_ENV="production")

    assert (code, recovery.names()) == (1, [])
    assert "DB_CONNECTION is not pgsql" in said
