import shutil
import sys

import pytest

from tests.backoffice.conftest import SYSTEM
from tests.deploy.conftest import run
from tests.upgrade import __main__ as check
from tests.upgrade.__main__ import ROOT, Program, compare

WHO = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """An empty one, in place of this; returns what commits a file to it."""
    monkeypatch.setattr(check, "ROOT", tmp_path)

    def git(*words):
        return run("git", *words, cwd=tmp_path, env=SYSTEM | WHO).strip()

    def commit(path):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
        git("add", ".")
        git("commit", "--quiet", "-m", path)
        return git("rev-parse", "HEAD")

    git("init", "--quiet")
    commit.git = git
    return commit


def test_before_the_first_release_the_old_program_is_what_the_newest_migration_found(repository):
    repository("hr/migrations/0001_initial.py")
    old = repository("README.md")
    repository("core/migrations/0002_more.py")
    repository("docs.md")

    assert check.last_release() == ""
    assert check.before_the_newest_migration() == old


def test_the_old_program_is_the_last_release(repository):
    for name in ("v1.9.0", "v1.10.0", "nightly"):
        repository(name)
        repository.git("tag", name)
    repository("next")

    assert check.last_release() == "v1.10.0"
    # A release is compared with the one before it.
    repository.git("tag", "v1.11.0")
    assert check.last_release() == "v1.10.0"


def test_a_release_that_was_not_noted_is_found(monkeypatch):
    def behind(tag, version):
        monkeypatch.setitem(check.RELEASED, "version", version)
        return check.behind(tag)

    assert behind("", None) == ""
    assert behind("v1.9.0", "1.9.0") == ""
    # Noted in the commit that is about to be tagged.
    assert behind("v1.9.0", "1.10.0") == ""
    assert behind("v1.10.0", "1.9.0").endswith("the last release is v1.10.0: make released VERSION=1.10.0")
    assert behind("v1.0.0", None).startswith("deploy/released.json is of None")


def test_a_shallow_clone_says_that_nothing_was_checked(repository, tmp_path, monkeypatch, capsys):
    repository("first")
    repository("second")
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{tmp_path}", str(shallow))
    monkeypatch.setattr(check, "ROOT", shallow)

    assert check.main([]) == 0
    assert "NOT CHECKED: this clone is shallow" in capsys.readouterr().out


@pytest.mark.slow
def test_a_column_that_the_old_program_does_not_fill_is_found(tmp_path):
    """The databases forget a `default`, so the old program's rows have nothing in it."""
    new = tmp_path / "new"
    shutil.copytree(ROOT, new, ignore=shutil.ignore_patterns(".*", "data", "benchmarks", "docs", "__pycache__"))
    model = new / "hr" / "models" / "employee.py"
    before, first, after = model.read_text().partition("    first_name = ")
    model.write_text(f"{before}    shoe = models.IntegerField(default=40)\n{first}{after}")
    environment = SYSTEM | {"ENV_FILE": "none", "APP_ENV": "testing"}
    run(sys.executable, "manage.py", "makemigrations", "hr", "--name", "shoe", cwd=new, env=environment)

    found = compare(Program(ROOT, data=tmp_path / "data"), Program(new, data=tmp_path / "data"))

    (finding,) = found
    assert finding.startswith("the old program on the new schema: nobody can be hired: IntegrityError: NOT NULL ")
    assert finding.endswith("hr_employee.shoe")
