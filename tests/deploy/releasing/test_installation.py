"""What deploy/host/install leaves of it, and what deploy/ says of the plan."""

import re
import subprocess
import sys
import tomllib

import pytest
from releasing import contacts
from releasing.checklists import ITEMS
from releasing.settings import Settings, load

from tests.deploy.conftest import ROOT

CONFIGURATION = ROOT / "deploy" / "bluegreen.toml"


def test_the_configuration_that_is_shipped_names_every_default():
    said = tomllib.loads(CONFIGURATION.read_text())

    assert load(CONFIGURATION) == Settings()
    for section in ("host", "kubernetes", "window", "backup", "verify", "criteria", "watch"):
        assert set(said[section]) == set(vars(getattr(Settings(), section))), section
    assert set(said) == set(vars(Settings()))


def test_it_says_what_the_plan_says():
    settings = load(CONFIGURATION)

    assert vars(settings.window) == {  # with the plan's lines
        "days": ["sunday"],  # 137
        "begins": "02:00",  # 138
        "ends": "04:00",
        "zone": "America/Caracas",  # GMT-4
    }
    criteria = settings.criteria
    assert (criteria.error_rate, criteria.error_minutes, criteria.mean_seconds) == (0.05, 5, 2)  # 253, 254
    assert criteria.critical_lines == 0  # 255
    assert (settings.watch.minutes, settings.time_scale) == (30, 1)  # 284
    assert settings.is_production


def test_it_agrees_with_the_units_and_nginx(host):
    settings = load(CONFIGURATION).host
    site = (host / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text()

    assert re.findall(r"server unix:(\S+)/\d/web.sock ", site) == [str(settings.live_link)] * settings.backends
    assert f"root {settings.programs};" in site
    assert f"unix:{settings.sockets}/$colour/$backend/web.sock" in site


def test_an_installed_one_runs_for_this_host(host):
    program = host / "usr" / "local" / "sbin" / "bluegreen"
    configuration = host / "etc" / "evaltrack" / "bluegreen.toml"

    assert load(configuration).site == "evaltrack.company.com"
    said = subprocess.run(
        [sys.executable, "-S", "-E", str(program), "--config", str(configuration), "checklist", "1.2.0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout.count("open.")) == (0, 17), said.stderr


def test_the_token_is_long_and_not_for_everybody(host):
    path = host / "etc" / "evaltrack" / "monitoring-token"

    assert re.fullmatch(r"[0-9a-f]{64}", path.read_text())
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_program_needs_only_the_standard_library():
    for path in (ROOT / "deploy" / "releasing").glob("*.py"):
        for name in re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE):
            assert name in sys.stdlib_module_names | {"releasing"}, f"{path.name} imports {name}"


# --- Whom to ask ------------------------------------------------------------------------------------------------------
def test_four_leads_can_be_reached():
    team = tomllib.loads(contacts.PATH.read_text())["team"]

    assert list(team) == ["devops_lead", "backend_lead", "qa_lead", "product_owner"]
    for lead in team.values():
        assert set(lead) == {"name", "email", "phone"}
        assert re.fullmatch(r"[\w.]+@[\w.]+", lead["email"])
        assert re.fullmatch(r"\+[\d ]{8,}", lead["phone"])


def test_it_escalates_as_the_plan_says():
    levels = [(row["level"], row["who"], row["after_minutes"]) for row in contacts.escalation()]

    assert levels == [(1, "Development team", 15), (2, "DevOps Lead", 30), (3, "CTO", 60)]


@pytest.mark.parametrize("page", ["releasing.md"])
def test_the_page_names_the_same_people(page):
    text = (ROOT / "docs" / page).read_text()

    for lead in tomllib.loads(contacts.PATH.read_text())["team"].values():
        assert re.search(rf"\| {lead['name']} \| {lead['email']} \| {re.escape(lead['phone'])} \|", text)
    for row in contacts.escalation():
        assert f"| {row['level']} | {row['after_minutes']} minutes | {row['who']} | {row['email']} |" in text


def test_the_page_names_every_item():
    text = (ROOT / "docs" / "releasing.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (program|person) \|", text, re.MULTILINE)

    assert rows == [(item.name, item.text, item.by) for item in ITEMS]
