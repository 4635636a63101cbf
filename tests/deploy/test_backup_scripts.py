"""The scripts of the backup CronJob, with programs in the place of the servers' own."""

import os
import subprocess

import pytest

from tests.deploy.conftest import ROOT

SCRIPTS = ROOT / "deploy" / "k8s" / "base" / "backup"
GOOD_DUMP = "echo 'INSERT INTO hr_employee VALUES (1);'; echo '-- Dump completed on 2026-11-30'"
LISTED = "echo '3400; 0 16385 TABLE DATA public core_user evaltrack_user'"
GOOD_PG_DUMP = 'for word in "$@"; do case $word in --file=*) echo dump > "${word#--file=}" ;; esac; done'


@pytest.fixture
def back_up(tmp_path):
    """Runs a script with these programs on the PATH; returns its result and the names in the backup folder."""
    programs, backup = tmp_path / "bin", tmp_path / "backup"
    programs.mkdir()
    backup.mkdir()

    def go(script, **scripts):
        for name, text in scripts.items():
            (programs / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {tmp_path}/commands\n{text}\n')
            (programs / name).chmod(0o755)
        variables = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "BACKUP_DIR": str(backup),
            "DB_PASSWORD": "sentinel",
            "DB_PGSQL_PASSWORD": "sentinel",
        }
        for name in ("HOST", "PORT", "DATABASE", "USERNAME"):
            variables |= {f"DB_{name}": "x", f"DB_PGSQL_{name}": "x"}
        result = subprocess.run(
            ["bash", str(SCRIPTS / script)], env=variables, capture_output=True, text=True, timeout=30, check=False
        )
        return result, sorted(path.name for path in backup.iterdir())

    return go


def test_the_business_dump_is_kept_with_its_sum(back_up, tmp_path):
    result, names = back_up("business.sh", mysqldump=GOOD_DUMP)

    assert result.returncode == 0, result.stderr
    assert [name.split(".", 1)[1] for name in names] == ["sql.gz", "sql.gz.sha256"]
    subprocess.run(["sha256sum", "--check", "--quiet", names[1]], cwd=tmp_path / "backup", check=True)


@pytest.mark.parametrize("dump", ["echo 'INSERT INTO hr_employee'", "exit 2", f"{GOOD_DUMP}; exit 2", "true"])
def test_a_business_dump_that_is_cut_off_fails_and_leaves_nothing(back_up, dump):
    result, names = back_up("business.sh", mysqldump=dump)

    assert result.returncode != 0
    assert names == []


def test_the_identity_dump_is_kept_and_old_ones_go(back_up, tmp_path):
    for name, days in (("identity-old.dump", 20), ("business-old.sql.gz", 20), ("business-new.sql.gz", 1)):
        path = tmp_path / "backup" / name
        path.touch()
        os.utime(path, (path.stat().st_mtime - days * 86400,) * 2)

    result, names = back_up("identity.sh", pg_dump=GOOD_PG_DUMP, pg_restore=LISTED)

    assert result.returncode == 0, result.stderr
    kinds = [(name.partition("-")[0], name.split(".", 1)[1]) for name in names]
    assert kinds == [("business", "sql.gz"), ("identity", "dump"), ("identity", "dump.sha256")]


@pytest.mark.parametrize(
    ("dump", "listed"), [(GOOD_PG_DUMP, "true"), (GOOD_PG_DUMP, "exit 1"), ("exit 1", LISTED), ("true", "exit 1")]
)
def test_an_identity_dump_without_data_fails_and_leaves_nothing(back_up, dump, listed):
    result, names = back_up("identity.sh", pg_dump=dump, pg_restore=listed)

    assert result.returncode != 0
    assert names == []


@pytest.mark.parametrize(
    ("script", "programs"),
    [
        ("business.sh", {"mysqldump": GOOD_DUMP}),
        ("identity.sh", {"pg_dump": GOOD_PG_DUMP, "pg_restore": LISTED}),
    ],
)
def test_no_password_stands_on_a_command_line(back_up, tmp_path, script, programs):
    back_up(script, **programs)

    assert "sentinel" not in (tmp_path / "commands").read_text()
