"""Both languages of docs/deployment.md say the same, and no page names what is not there."""

import re
import subprocess
from datetime import date

import pytest
from django.core.management import get_commands
from releasing import settings
from releasing.checklists import ITEMS

from tests.deploy.conftest import ROOT, run

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
ENGLISH, SPANISH = ROOT / "docs" / "deployment.md", ROOT / "docs" / "deployment.es.md"
BOTH = pytest.mark.parametrize("page", [ENGLISH, SPANISH], ids=["english", "spanish"])
EVERY = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
# What a shell, TOML or SQL says to people. Translated, unlike the commands.
COMMENT = re.compile(r"^#.*|^-- .*| {2,}# .*", re.MULTILINE)
TREES = r"backoffice|benchmarks|core|deploy|docs|fixtures|hr|locale|tests|\.ci|\.github"
# Not kubectl's deploy/NAME.
PATH = re.compile(rf"(?!deploy/evaltrack-)(?:{TREES})(?:/[\w.*-]+)+/?")


def prose(page):
    return BLOCK.sub("", page.read_text())


def blocks(page):
    """The language and the lines of each block of code, without its comments."""
    return [
        (language, [line.strip() for line in COMMENT.sub("", body).splitlines()])
        for _indent, language, body in BLOCK.findall(page.read_text())
    ]


def commands(page):
    return [line for _language, lines in blocks(page) for line in lines]


def code(page):
    """All that is set in a code font, of a block each line."""
    return re.findall(r"`([^`\n]+)`", prose(page)) + commands(page)


def anchors(page):
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for _level, title in HEADING.findall(prose(page))}


# --- Two languages ----------------------------------------------------------------------------------------------------
def test_both_languages_have_the_same_sections():
    english, spanish = [[level for level, _title in HEADING.findall(prose(page))] for page in (ENGLISH, SPANISH)]

    assert len(english) > 5
    assert english == spanish


def test_both_languages_have_the_same_commands():
    assert blocks(ENGLISH) == blocks(SPANISH)
    assert "docker compose restart nginx" in commands(SPANISH)


def test_both_languages_are_of_the_same_version_and_days():
    words = {
        ENGLISH: r"Version (.+) · created (.+) · updated (.+) · \[Español\]\(deployment\.es\.md\)",
        SPANISH: r"Versión (.+) · creado (.+) · actualizado (.+) · \[English\]\(deployment\.md\)",
    }
    english, spanish = [re.fullmatch(said, page.read_text().splitlines()[2]).groups() for page, said in words.items()]

    assert english == spanish
    assert date.fromisoformat(english[1]) <= date.fromisoformat(english[2])


def test_the_spanish_page_has_each_item_of_the_checklists():
    lists = {"Pre-despliegue": "before", "Durante el despliegue": "during", "Post-despliegue": "after"}
    by = {"una persona": "person", "el programa": "program"}
    rows = re.findall(r"^\| (?:\*\*(.+)\*\*|`([a-z-]+)`) \|.*?\| ?(.*?) ?\|$", SPANISH.read_text(), re.MULTILINE)
    found, when = [], ""
    for heading, name, closed_by in rows:
        if heading:
            when = lists[heading]
        else:
            found.append((when, name, by[closed_by]))

    assert found == [(item.when, item.name, item.by) for item in ITEMS]


# --- What deployment.md has people do ---------------------------------------------------------------------------------
@BOTH
def test_units_are_ones_that_are_installed(page):
    named = {
        word
        for line in commands(page)
        for said in re.findall(r"systemctl [a-z]+ ([^&]+)", line)
        for word in said.split()
        if word.startswith("evaltrack-")
    }
    units = {re.sub(r"@\w+", "@", name) for name in named}

    assert "evaltrack-web@.target" in units
    for unit in units:
        file = unit if unit.endswith((".target", ".timer")) else f"{unit}.service"
        assert (ROOT / "deploy" / "host" / "systemd" / file).is_file(), unit


@BOTH
def test_commands_of_the_program_are_ones_it_has(page):
    named = {name for line in code(page) for name in re.findall(r"\bmanage(?:\.py)? ([a-z_]+)", line)}

    assert {"bootstrap", "collectstatic", "sendtestemail"} <= named
    assert named <= set(get_commands())


@BOTH
def test_variables_are_ones_that_something_reads(page, known_variables):
    named = {name for line in code(page) for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b(?!\.)", line)}
    compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    assert "MONITORING_TOKEN_FILE" in named
    assert named <= known_variables | compose


@BOTH
def test_every_build_is_told_its_commit(page):
    builds = [line for line in commands(page) if "--build" in line]

    assert len(builds) == 2
    assert [line for line in builds if "COMMIT=$(git rev-parse HEAD)" not in line] == []


@BOTH
def test_the_configuration_of_a_release_is_understood(page, tmp_path):
    (said,) = [lines for language, lines in blocks(page) if language == "toml"]
    (tmp_path / "production.toml").write_text("\n".join(said))

    found = settings.load(tmp_path / "production.toml")

    assert (found.target, found.kubernetes.namespace) == ("kubernetes", "evaltrack")
    assert (ROOT / found.kubernetes.overlay / "kustomization.yaml").is_file()


@pytest.mark.deploy_tools
@BOTH
def test_objects_are_ones_that_kubernetes_gets(page, production):
    kinds = {"job": "Job", "deploy": "Deployment", "cronjob": "CronJob"}
    lines = [line for line in commands(page) if line.startswith("kubectl")]
    named = {row for line in lines for row in re.findall(r"\b(job|deploy|cronjob)[/ ](evaltrack-[\w-]+)", line)}

    assert ("deploy", "evaltrack-web-blue") in named
    assert named <= {(word, name) for word, kind in kinds.items() for name in production.of(kind)}


# --- Every page -------------------------------------------------------------------------------------------------------
@EVERY
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", prose(page)):
        name, _hash, anchor = link.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


@EVERY
def test_paths_in_code_are_there(page):
    for said in code(page):
        for word in said.split():
            if PATH.fullmatch(word):
                assert any(ROOT.glob(word.rstrip("/"))), word


@EVERY
def test_make_has_the_targets_that_are_named(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for said in code(page) for name in re.findall(r"(?:^|&& |\d )make ([a-z][a-z-]*)", said)}

    assert named <= targets


# --- make help --------------------------------------------------------------------------------------------------------
def test_help_shows_every_target_in_two_columns():
    said = run("make", "--no-print-directory", "help", cwd=ROOT).splitlines()
    targets = re.findall(r"^([a-z-]+):(?!=).*## (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    (width,) = {len(line) - len(line.split(maxsplit=1)[1]) for line in said}
    assert said == [f"{name:{width}}{meaning}" for name, meaning in targets]


def test_no_target_is_taken_for_a_file():
    """A folder `test` must not keep `make test` from running."""
    text = (ROOT / "Makefile").read_text()
    database = subprocess.run(
        ["make", "--print-data-base", "--question", "help"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", database, re.MULTILINE)

    assert set(re.findall(r"^([a-z-]+):(?!=)", text, re.MULTILINE)) <= set(phony.split())
