"""What the pipeline's jobs run: the scripts of deploy/pipeline, with GitHub, docker and bluegreen played by stubs."""

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.backoffice.conftest import SYSTEM
from tests.deploy.conftest import ROOT, run, tool

FOLDER = ROOT / "deploy" / "pipeline"
DIGEST, OTHER = (f"sha256:{letter * 64}" for letter in "ab")
COMMIT, NEWER = "c" * 40, "d" * 40
REVIEWED = {"protection_rules": [{"type": "required_reviewers", "reviewers": [{"type": "User"}]}]}


def status(state, digest, host="evaltrack-qa.company.com", at="2026-11-30T12:00:00Z"):
    return {"state": state, "environment_url": f"https://{host}/#{digest}", "created_at": at}


def behind(environment):
    return f"Refused: {environment} has {NEWER}, which is not in this commit: go back by a revert on develop.\n"


def newest(environment, page=1):
    return f"deployments?environment={environment}&per_page=100&page={page}"


class GitHub(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers["Authorization"] != "Bearer a-token":
            self.send_error(401)
            return
        answer = self.server.answers.get(self.path.removeprefix("/repos/company/evaltrack/"))
        text = json.dumps(answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def github():
    """What it answers, by path: this commit's one deployment in QA, with its `statuses`, and none anywhere else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    server.answers = {
        "environments/staging": REVIEWED,
        f"deployments?environment=qa&sha={COMMIT}&per_page=100": [{"id": 7}],
        "deployments/7/statuses?per_page=100": [status("success", DIGEST), status("in_progress", DIGEST)],
        **{newest(environment): [] for environment in ("qa", "staging", "production")},
    }
    server.variables = {
        "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
        "GITHUB_REPOSITORY": "company/evaltrack",
        "GITHUB_SHA": COMMIT,
        "GH_TOKEN": "a-token",
    }
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def passed(github):
    """Asks passed.py; returns how it ended, and what it said."""

    def ask(environment, digest=DIGEST):
        command = [sys.executable, str(FOLDER / "passed.py"), environment, digest]
        environment = SYSTEM | github.variables
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stderr

    return ask


def test_an_image_that_succeeded_in_the_environment_before_may_go_on(passed, github):
    assert passed("staging") == (0, "")
    # A newer deployment has made this one inactive.
    github.answers["deployments/7/statuses?per_page=100"].insert(0, status("inactive", DIGEST))
    assert passed("staging") == (0, "")


def test_qa_is_the_first(passed, github):
    del github.answers["deployments/7/statuses?per_page=100"]

    assert passed("qa") == (0, "")


@pytest.fixture
def there(github):
    """Something that puts deployments into an environment, each `(commit, when it succeeded or None)`, newest first."""

    def put(environment, deployments, page=1):
        listed = github.answers[newest(environment, page)] = []
        for number, (commit, at) in enumerate(deployments, 100 * page):
            listed.append({"id": number, "sha": commit})
            statuses = [status("waiting", OTHER)]
            if at:
                statuses = [status("inactive", OTHER), status("success", OTHER, at=at), *statuses]
            github.answers[f"deployments/{number}/statuses?per_page=100"] = statuses

    return put


@pytest.mark.parametrize("environment", ["qa", "staging"])
@pytest.mark.parametrize(("compared", "code"), [("ahead", 0), ("identical", 0), ("behind", 1), ("diverged", 1)])
def test_nothing_takes_the_place_of_what_it_does_not_contain(passed, github, there, environment, compared, code):
    there(environment, [(COMMIT, None), (NEWER, "2026-11-30T13:00:00Z")])
    github.answers[f"compare/{NEWER}...{COMMIT}"] = {"status": compared}

    assert passed(environment) == ((1, behind(environment)) if code else (0, ""))


def test_what_is_there_succeeded_last_whenever_it_began_to_wait(passed, github, there):
    there("qa", [(COMMIT, "2026-11-30T13:00:00Z"), (NEWER, "2026-11-30T14:00:00Z"), (COMMIT, "2026-11-30T12:00:00Z")])
    github.answers[f"compare/{NEWER}...{COMMIT}"] = {"status": "behind"}

    assert passed("qa") == (1, behind("qa"))


def test_what_is_there_is_found_behind_many_that_nobody_approved(passed, github, there):
    there("qa", [(COMMIT, None)] * 100)
    there("qa", [(NEWER, "2026-11-30T13:00:00Z")], page=2)
    github.answers[f"compare/{NEWER}...{COMMIT}"] = {"status": "behind"}

    assert passed("qa") == (1, behind("qa"))


def test_a_first_deployment_may_come_after_some_that_failed(passed, github, there):
    there("qa", [(NEWER, None)])
    there("qa", [], page=2)

    assert passed("qa") == (0, "")


@pytest.mark.parametrize(
    "statuses",
    [[], [status("success", OTHER)], [status("failure", DIGEST), status("in_progress", DIGEST)]],
    ids=["never there", "another image", "it failed"],
)
def test_an_image_that_did_not_succeed_there_goes_no_further(passed, github, statuses):
    github.answers["deployments/7/statuses?per_page=100"] = statuses

    assert passed("staging") == (1, f"Refused: {DIGEST} has not succeeded in qa at this commit.\n")


def test_production_asks_for_staging(passed, github):
    github.answers["environments/production"] = REVIEWED
    asked = f"deployments?environment=staging&sha={COMMIT}&per_page=100"
    github.answers[asked] = []

    assert passed("production") == (1, f"Refused: {DIGEST} has not succeeded in staging at this commit.\n")

    github.answers[asked] = [{"id": 8}]
    github.answers["deployments/8/statuses?per_page=100"] = [status("success", DIGEST, "evaltrack-staging.company.com")]
    assert passed("production") == (0, "")


@pytest.mark.parametrize(
    "rules",
    [[], [{"type": "branch_policy"}], [{"type": "required_reviewers", "reviewers": []}]],
    ids=["no rule", "another rule", "nobody"],
)
def test_an_environment_that_nobody_approves_is_refused(passed, github, rules):
    github.answers["environments/staging"] = {"protection_rules": rules}

    code, text = passed("staging")

    assert (code, text) == (1, "Refused: nobody has to approve staging: give the environment required reviewers.\n")


@pytest.mark.parametrize("environment", ["qa", "staging"])
def test_without_an_answer_nothing_goes_on(passed, github, environment):
    github.answers.clear()

    code, text = passed(environment)

    assert code == 1
    assert text.startswith("Refused: GitHub does not say what was deployed: ")


@pytest.mark.parametrize(("environment", "digest"), [("live", DIGEST), ("qa", "1.0.0"), ("qa", f"{DIGEST}; true")])
def test_only_a_known_environment_and_a_digest_are_taken(passed, environment, digest):
    assert passed(environment, digest)[0] == 1


# --- Known vulnerabilities --------------------------------------------------------------------------------------------
class Vulnerabilities(BaseHTTPRequestHandler):
    """OSV's answer, by the name of the package."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        self.server.asked.add(asked)
        known = {"id": "OSV-1", "published": "2026-01-01T00:00:00Z", "summary": "", "details": "", "affected": []}
        text = json.dumps({"vulns": [known]} if asked == self.server.vulnerable else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


@pytest.mark.deploy_tools
def test_a_known_vulnerability_in_any_lock_file_fails_the_audit(tmp_path):
    tool("pip-audit")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vulnerabilities)
    server.asked = set()
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    words = f"-s osv --osv-url http://127.0.0.1:{server.server_port}/ --cache-dir {tmp_path}"

    ended = {}
    for server.vulnerable in ("", "django", "zizmor"):
        command = ["make", "--old-file=.tools/.made", "audit", f"AUDIT_ARGS={words}"]
        ended[server.vulnerable] = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode
    server.shutdown()
    server.server_close()

    assert ended == {"": 0, "django": 2, "zizmor": 2}
    assert {"django", "mysqlclient", "pytest", "zizmor"} <= server.asked


# --- The scripts ------------------------------------------------------------------------------------------------------
def stub(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def tree(tmp_path):
    """deploy/pipeline in a folder, where bluegreen says what it was told, and fails at `FAIL_AT`."""
    shutil.copytree(FOLDER, tmp_path / "deploy" / "pipeline")
    stub(tmp_path / "deploy" / "bluegreen", 'echo "$@ $IMAGE_DIGEST" >> told; [ "$1" != "${FAIL_AT:-}" ]')
    return tmp_path


def roll_out(tree, **variables):
    script = tree / "deploy" / "pipeline" / "rollout.sh"
    done = subprocess.run([str(script)], env=SYSTEM | variables, capture_output=True, text=True, check=False)
    told = tree / "told"
    return done.returncode, told.read_text().splitlines() if told.exists() else []


def test_a_rollout_deploys_looks_and_switches(tree, github):
    told = [f"{verb} 1.0.0 {DIGEST}" for verb in ("deploy", "verify", "switch")]

    assert roll_out(tree, **github.variables, ENVIRONMENT="qa", VERSION="1.0.0", IMAGE_DIGEST=DIGEST) == (0, told)


def test_a_rollout_ends_with_its_first_failure(tree, github):
    told = [f"{verb} 1.0.0 {DIGEST}" for verb in ("deploy", "verify")]

    given = {"ENVIRONMENT": "qa", "VERSION": "1.0.0", "IMAGE_DIGEST": DIGEST, "FAIL_AT": "verify"}
    assert roll_out(tree, **github.variables, **given) == (1, told)


@pytest.mark.parametrize("missing", ["ENVIRONMENT", "VERSION", "IMAGE_DIGEST"])
def test_a_rollout_of_nothing_in_particular_touches_nothing(tree, missing):
    given = {"ENVIRONMENT": "qa", "VERSION": "1.0.0", "IMAGE_DIGEST": DIGEST}
    del given[missing]

    code, told = roll_out(tree, **given)

    assert (code != 0, told) == (True, [])


def test_a_rollout_asks_whether_the_image_may_go_there(tree):
    code, told = roll_out(tree, ENVIRONMENT="live", VERSION="1.0.0", IMAGE_DIGEST=DIGEST)

    assert (code, told) == (1, [])


def pushed(tmp_path, repo_digests):
    stub(
        tmp_path / "bin" / "docker",
        f"""
        echo "$*" >> {tmp_path}/told
        case $1 in
            login) cat > {tmp_path}/password ;;
            image) printf '%s\\n' {" ".join(repo_digests)} ;;
        esac
        """,
    )
    environment = SYSTEM | {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "REGISTRY_USERNAME": "robot",
        "REGISTRY_TOKEN": "a-secret",
    }
    command = [str(FOLDER / "push.sh"), "docker.io/company/evaltrack", "1.0.0"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_push_says_the_digest(tmp_path):
    done = pushed(tmp_path, [f"company/evaltrack@{DIGEST}"])

    assert (done.returncode, (tmp_path / "output").read_text()) == (0, f"digest={DIGEST}\n")
    assert (tmp_path / "password").read_text() == "a-secret"
    told = (tmp_path / "told").read_text()
    assert "a-secret" not in told
    assert told.splitlines()[:3] == [
        "load --quiet --input image.tar",
        "login --username robot --password-stdin docker.io",
        "push --quiet docker.io/company/evaltrack:1.0.0",
    ]


@pytest.mark.parametrize("digests", [[], [f"company/evaltrack@{DIGEST}", f"company/evaltrack@{OTHER}"]])
def test_a_push_without_one_digest_fails(tmp_path, digests):
    done = pushed(tmp_path, digests)

    assert done.returncode == 1
    assert not (tmp_path / "output").exists()


@pytest.fixture
def repository(tmp_path):
    """Runs git in the folder `tree`, which has this Makefile, deploy/pipeline and one commit."""
    shutil.copytree(FOLDER, tmp_path / "deploy" / "pipeline")
    shutil.copy(ROOT / "Makefile", tmp_path)
    environment = SYSTEM | {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*words):
        return run("git", *words, cwd=tmp_path, env=environment).strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "-m", "first")
    return git


def test_the_version_is_told_by_the_tags(repository, tmp_path):
    def version():
        return run(str(tmp_path / "deploy" / "pipeline" / "version.sh"), env=SYSTEM).strip()

    assert version() == f"0.0.0-g{repository('rev-parse', '--short=12', 'HEAD')}"

    repository("tag", "v1.2.0")
    assert version() == "1.2.0"

    repository("commit", "--quiet", "--allow-empty", "-m", "second")
    assert version() == f"1.2.0-1-g{repository('rev-parse', '--short', 'HEAD')}"


@pytest.mark.parametrize("tag", ["v1`id>here`", "v1$(id>here)", "v1;id>here", "v1.0.0+1", "v1.0.é"])
def test_a_tag_that_is_no_version_names_no_image(repository, tmp_path, tag):
    stub(tmp_path / "bin" / "docker", f"touch {tmp_path}/built")
    environment = SYSTEM | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    repository("tag", tag)

    ended = {}
    for command in ("deploy/pipeline/version.sh", "make image"):
        done = subprocess.run(
            command.split(), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        ended[command] = done.returncode, done.stdout
        assert f"The tag names no version of figures, letters, dots and hyphens: {tag}" in done.stderr

    assert ended == {"deploy/pipeline/version.sh": (1, ""), "make image": (2, "")}
    assert not (tmp_path / "built").exists()
    assert not (tmp_path / "here").exists()
