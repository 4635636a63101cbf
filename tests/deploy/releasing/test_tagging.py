import os
import re
import subprocess

import pytest
from releasing import tagging
from releasing.errors import Refused
from releasing.tagging import entries_of, image_names, release

from tests.deploy.conftest import ROOT, run

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2027-03-05

### Added
- A thing.

## [1.1.0]

## [1.0.0]
- The first.
"""
PYPROJECT = '[project]\nname = "evaltrack"\nversion = "1.0.0"\n\n[tool.x]\nversion = "9"\n'


def git(folder, *words):
    return run("git", "-C", str(folder), *words)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ana@example.com")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "CHANGELOG.md").write_text(CHANGELOG)
    (tree / "pyproject.toml").write_text(PYPROJECT)
    (tree / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tree / "deploy").mkdir()
    (tree / "deploy" / "released.json").write_text('{"version": "1.2.0"}')
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "all")
    return tree


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A docker on the PATH that ends with this code and writes down what it was told."""

    def install(code):
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "docker").write_text(f'#!/bin/sh\necho "$PWD $*" >>{tmp_path}/calls\nexit {code}\n')
        (programs / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        return tmp_path / "calls"

    return install


def test_what_migrations_must_keep_is_noted_first(tree, docker):
    docker(1)
    (tree / "deploy" / "released.json").write_text('{"version": null}')
    git(tree, "commit", "-qam", "before the first")

    with pytest.raises(Refused, match=r"make released VERSION=1\.2\.0, and commit"):
        release(tree, "1.2.0", registry="docker.io")

    assert git(tree, "tag") == ""


def test_it_becomes_a_commit_and_a_tag(tree, docker, capsys):
    docker(1)

    release(tree, "1.2.0", registry="docker.io")

    assert (tree / "pyproject.toml").read_text() == PYPROJECT.replace('"1.0.0"', '"1.2.0"')
    assert git(tree, "log", "-1", "--format=%s %D").startswith("release: 1.2.0 HEAD -> ")
    assert git(tree, "tag", "--points-at", "HEAD") == "v1.2.0\n"
    assert git(tree, "cat-file", "-t", "v1.2.0") == "tag\n"
    assert git(tree, "status", "--porcelain") == ""
    commit = git(tree, "rev-parse", "HEAD").strip()
    said = capsys.readouterr().out
    assert f"v1.2.0 is {commit}. Push it: git push origin HEAD v1.2.0\n" in said
    assert 'docker build --pull --build-arg VERSION="1.2.0" --build-arg COMMIT="$(git rev-parse HEAD)"' in said
    assert '-t "docker.io/company/evaltrack:1.2.0" -t "evaltrack-web:v1.2.0" .' in said


def test_where_an_engine_answers_the_image_is_built(tree, docker, capsys):
    calls = docker(0)

    release(tree, "1.2.0", registry="registry.company.com")

    (_asked, built) = calls.read_text().splitlines()
    commit, created = git(tree, "show", "--no-patch", "--format=%H %cI", "HEAD").split()
    local, remote = image_names("1.2.0", "registry.company.com")
    assert built == (
        f"{tree} build --pull --build-arg VERSION=1.2.0 --build-arg COMMIT={commit}"
        f" --label org.opencontainers.image.created={created} -t {remote} -t {local} ."
    )
    taken = re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(re.findall(r"--build-arg (\w+)=", built)) <= set(taken)
    assert f"Built: {local}, {remote}" in capsys.readouterr().out


def test_the_images_have_the_plans_names():
    assert image_names("1.0.0", "docker.io") == ["evaltrack-web:v1.0.0", "docker.io/company/evaltrack:1.0.0"]


def refusal(tree, version):
    before = git(tree, "rev-parse", "HEAD")
    with pytest.raises(Refused) as refused:
        release(tree, version, registry="docker.io")
    assert git(tree, "rev-parse", "HEAD") == before
    return str(refused.value)


def test_a_tree_with_changes_is_refused(tree):
    (tree / "new").touch()

    assert "There are changes that no commit holds; commit or discard them:\n?? new" in refusal(tree, "1.2.0")


def test_a_tag_that_is_there_is_refused(tree):
    git(tree, "tag", "v1.2.0")

    assert refusal(tree, "1.2.0") == "v1.2.0 is there already; what was released stays. Take the next number."


@pytest.mark.parametrize("version", ["1.3.0", "1.1.0", "2.0"])
def test_a_version_of_which_the_changelog_says_nothing_is_refused(tree, version):
    assert f"CHANGELOG.md says nothing under ## [{version}]." in refusal(tree, version)
    assert git(tree, "tag") == ""


def test_entries_of_the_changelog(tree):
    assert (entries_of(tree, "1.2.0"), entries_of(tree, "1.1.0")) == (["- A thing."], [])
    assert entries_of(tree, "1.0.0") == ["- The first."]
    assert len(entries_of(ROOT, "Unreleased")) > 20


@pytest.mark.parametrize("version", ["1.2", "latest", ""])
def test_what_is_no_version_is_refused_before_anything(version, capsys):
    assert tagging.main([version]) == 2

    assert "is no version: say three numbers, like 1.2.0" in capsys.readouterr().err


def test_make_hands_version_and_registry_over():
    words = ["make", "-n", "release", "VERSION=1.2.0", "REGISTRY=registry.company.com"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)

    assert 'deploy/release "1.2.0" --registry "registry.company.com"' in result.stdout
