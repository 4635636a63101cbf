"""Kubernetes through a kubectl that remembers a cluster in a file."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from releasing.clock import text
from releasing.context import Context
from releasing.criteria import Reading
from releasing.deploying import deploy
from releasing.errors import Failed, Refused
from releasing.kubernetes import NIGHTLY, KubernetesTarget, is_object, migration_in, tag_in
from releasing.metrics import Counts
from releasing.readings import read
from releasing.settings import Kubernetes, Settings
from releasing.verifying import verify

from tests.deploy.conftest import ROOT, kustomize
from tests.deploy.releasing.conftest import FrozenClock

KUBECTL = """#!{python} -SE
import json, pathlib, sys
here = pathlib.Path(__file__).parent
cluster = json.loads((here / "cluster.json").read_text())
words = sys.argv[1:]
if words[0] == "kustomize":
    sys.exit(print((here / "built.yaml").read_text()))
assert words[:2] == ["--namespace", "evaltrack"], words
words = words[2:]
with (here / "calls").open("a") as calls:
    calls.write(" ".join(words[:3] if words[0] == "exec" else words) + "\\n")
if " ".join(words[:2]) in cluster["broken"]:
    sys.exit("Error from server: " + " ".join(words[:2]))
option = dict(word.removeprefix("--").partition("=")[::2] for word in words if word.startswith("--"))
deployments = cluster["deployments"]

def pods(name):
    app, _, colour = name.rpartition("-")
    evicted = [{{"metadata": {{"name": f"{{name}}-gone"}}, "status": {{"phase": "Failed"}}}}] * cluster["evicted"]
    return evicted + [{{"metadata": {{"name": f"{{name}}-{{n}}"}}}} for n in range(deployments[name]["replicas"])]

def answer(path, colour):
    version = deployments[f"evaltrack-web-{{colour}}"]["image"].partition("@")[0].rpartition(":")[2]
    metrics = "\\n".join([f'evaltrack_build{{{{version="{{version}}"}}}} 1', 'evaltrack_up{{service="identity"}} 1',
                         'evaltrack_up{{service="business"}} 1', ""])
    login = '<link href="/static/a.css"><input name="csrfmiddlewaretoken" value="x">'
    return [302 if path == "/" else 200, {{"/metrics": metrics, "/login/": login}}.get(path, "ready"), [], 0.1]

if words[0] == "get" and words[1] == "pods":
    colour = "green" if "green" in option["selector"] else "blue"
    found = [pod for name in deployments if name.endswith(colour) and name[:-len(colour) - 1] in option["selector"]
             for pod in pods(name)]
    print(json.dumps({{"items": found}}))
elif words[0] == "get":
    if words[1] == "deployment":
        row = deployments[words[2]]
        pod = {{"containers": [{{"name": "evaltrack", "image": row["image"]}}]}}
        print(json.dumps({{"spec": {{"template": {{"spec": pod}}}}}}))
    else:
        print(json.dumps(cluster[words[1]]))
elif words[:2] == ["set", "image"]:
    for name in words[2:-1]:
        kind, name = name.split("/")
        (deployments[name] if kind == "deployment" else cluster[kind])["image"] = words[-1].removeprefix("evaltrack=")
elif words[0] == "scale":
    for name in words[1:]:
        if name.startswith("deployment/"):
            deployments[name.removeprefix("deployment/")]["replicas"] = int(option["replicas"])
elif words[0] == "patch":
    cluster["service"]["spec"]["selector"] |= json.loads(option["patch"])["spec"]["selector"]
elif words[0] == "exec":
    pod, (path, method, headers, body) = words[2], json.load(sys.stdin)
    assert headers["Host"] == "evaltrack.company.com"
    assert not pod.endswith("-gone") and body not in " ".join(words) or not body
    if method == "POST":
        sys.exit(1)
    print(json.dumps(answer(path, pod.split("-")[2])))
elif words[0] == "apply":
    (here / "applied.yaml").write_text(sys.stdin.read())
elif words[0] == "logs":
    print('{{"level": "error", "request_id": "r1"}}')
if words[0] in {{"set", "scale", "patch"}}:
    (here / "cluster.json").write_text(json.dumps(cluster))
"""


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        (folder / "kubectl").write_text(KUBECTL.format(python=sys.executable))
        (folder / "kubectl").chmod(0o755)
        (folder / "built.yaml").write_text(BUILT)
        deployments = {
            f"evaltrack-{name}-{colour}": {
                "image": "docker.io/company/evaltrack:1.0.0",
                "replicas": 1 if name == "web" else 2 * (colour == "blue"),
            }
            for name in ("web", "worker", "clock")
            for colour in ("blue", "green")
        }
        self.write(
            deployments=deployments,
            service={"spec": {"selector": {"app": "evaltrack-web", "colour": "blue"}}},
            job={"status": {"conditions": [{"type": "Complete", "status": "True"}]}},
            cronjob={"status": {"lastSuccessfulTime": text(datetime(2027, 3, 7, 5, 30, tzinfo=UTC))}},
            broken=[],
            evicted=0,
        )
        overlay = folder / "overlay"
        overlay.mkdir()
        production = ROOT / "deploy" / "k8s" / "overlays" / "production" / "kustomization.yaml"
        (overlay / "kustomization.yaml").write_text(production.read_text())

    def write(self, **said):
        (self.folder / "cluster.json").write_text(json.dumps(said))

    def read(self):
        return json.loads((self.folder / "cluster.json").read_text())

    def change(self, **said):
        self.write(**(self.read() | said))

    def calls(self):
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if line.partition(" ")[0] not in {"get", "exec", "rollout"}]


BUILT = """apiVersion: v1
data:
  APP_NAME: EvalTrack
kind: ConfigMap
metadata:
  labels:
    app: evaltrack-config
  name: evaltrack-config-abc
  namespace: evaltrack
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: evaltrack-web-blue
spec:
  image: company/evaltrack:1.0.0
---
apiVersion: batch/v1
kind: Job
metadata:
  labels:
    app: evaltrack-migrate
  name: evaltrack-migrate
spec:
  template:
    spec:
      containers:
      - args:
        - migrate
        image: company/evaltrack:1.0.0
        name: evaltrack
"""


@pytest.fixture
def cluster(tmp_path):
    return Cluster(tmp_path)


@pytest.fixture
def context(cluster, said, monkeypatch):
    monkeypatch.delenv("IMAGE_DIGEST", raising=False)
    kubernetes = Kubernetes(kubectl=[str(cluster.folder / "kubectl")], overlay=cluster.folder / "overlay")
    settings = Settings(target="kubernetes", records=cluster.folder / "releases", kubernetes=kubernetes)
    frozen = FrozenClock()
    return Context(
        settings,
        KubernetesTarget(settings),
        say=said.append,
        now=frozen.now,
        monotonic=frozen.monotonic,
        sleep=frozen.sleep,
    )


def test_deploy_migrates_before_the_web_pods_come(context, cluster):
    deploy(context, "1.1.0")

    image = "evaltrack=docker.io/company/evaltrack:1.1.0"
    assert cluster.calls() == [
        f"set image deployment/evaltrack-worker-green deployment/evaltrack-clock-green {image}",
        "delete job evaltrack-migrate --ignore-not-found --wait=true",
        "apply --filename=-",
        f"set image deployment/evaltrack-web-green {image}",
    ]
    applied = (cluster.folder / "applied.yaml").read_text()
    assert applied.count("image:") == 1
    assert "\n        image: docker.io/company/evaltrack:1.1.0\n" in applied
    assert "name: evaltrack-config-abc" in applied
    assert context.target.live() == "blue"


def test_the_image_may_be_named_by_its_digest(context, cluster, monkeypatch):
    digest = f"sha256:{'a' * 64}"
    monkeypatch.setenv("IMAGE_DIGEST", digest)
    context = replace(context, target=KubernetesTarget(context.settings))

    deploy(context, "1.1.0-12-g0a1b2c3")
    context.target.start_work("green")

    image = f"docker.io/company/evaltrack:1.1.0-12-g0a1b2c3@{digest}"
    rows = cluster.read()["deployments"]
    assert {rows[f"evaltrack-{name}-green"]["image"] for name in ("web", "worker", "clock")} == {image}
    assert f"image: {image}\n" in (cluster.folder / "applied.yaml").read_text()
    assert cluster.read()["cronjob"]["image"] == image
    assert context.target.version_of("green") == "1.1.0-12-g0a1b2c3"
    assert context.target.after_switch("green", "1.1.0-12-g0a1b2c3").endswith(f", their digest {digest}.")
    # Back again: the other colour keeps its own.
    context.target.start_work("blue")
    assert cluster.read()["cronjob"]["image"] == "docker.io/company/evaltrack:1.0.0"


def test_what_is_no_digest_is_refused(context, monkeypatch):
    monkeypatch.setenv("IMAGE_DIGEST", "latest")

    with pytest.raises(Refused, match="IMAGE_DIGEST=latest is no digest"):
        KubernetesTarget(context.settings)


def test_work_and_traffic_move_by_scale_and_selector(context, cluster):
    target = context.target

    target.stop_work("blue")
    target.start_work("green")
    target.point_traffic("green")

    nightly = "cronjob/evaltrack-reconcile cronjob/evaltrack-backup cronjob/evaltrack-rehearsal"
    assert cluster.calls() == [
        "scale deployment/evaltrack-worker-blue deployment/evaltrack-clock-blue --replicas=0",
        "scale deployment/evaltrack-worker-green --replicas=2",
        "scale deployment/evaltrack-clock-green --replicas=2",
        f"set image {nightly} evaltrack=docker.io/company/evaltrack:1.0.0",
        'patch service evaltrack-web --type=merge --patch={"spec": {"selector": {"colour": "green"}}}',
    ]
    assert cluster.read()["service"]["spec"]["selector"] == {"app": "evaltrack-web", "colour": "green"}
    assert (target.live(), target.works("blue"), target.works("green")) == ("green", False, True)


def test_a_pod_is_looked_at_from_inside(context):
    findings = verify(context, "blue", "1.0.0")

    assert [finding.fault for finding in findings] == [""] * 4
    assert findings[0].text == "evaltrack-web-blue-0 is ready"
    assert read(context.target.backends("blue")) == {"evaltrack-web-blue-0": Reading(Counts())}


def test_what_is_asked_stands_on_no_command_line_and_in_no_complaint(context):
    (backend,) = context.target.backends("blue")

    with pytest.raises(Failed) as error:
        backend.ask("/login/", method="POST", body="username=u&password=sentinel")

    assert "evaltrack-web-blue-0 does not answer" in str(error.value)
    assert "sentinel" not in str(error.value)
    assert "sentinel" not in str(error.value.__cause__)


def test_pods_that_were_evicted_are_not_there(context, cluster):
    cluster.change(evicted=1)
    target = context.target

    target.stop_work("blue")
    target.start_work("green")

    assert [backend.name for backend in target.backends("blue")] == ["evaltrack-web-blue-0"]
    assert (target.works("blue"), target.works("green")) == (False, True)


def test_what_runs_by_night_keeps_nobody_waiting(context, cluster):
    cluster.change(broken=["set image"])

    with pytest.raises(Failed, match="set image"):
        context.target.start_work("green")

    assert context.target.works("green")


def test_the_log_is_that_of_all_pods_since_then(context, cluster):
    assert context.target.log_lines("green", context.now()) == ['{"level": "error", "request_id": "r1"}']

    (call,) = cluster.calls()
    assert call == (
        "logs --selector=app in (evaltrack-web, evaltrack-worker, evaltrack-clock), colour=green --tail=-1"
        " --max-log-requests=20 --since-time=2027-03-07T06:30:00.000Z"
    )


def test_what_the_cluster_refuses_is_said(context, cluster):
    cluster.change(broken=["patch service"])

    with pytest.raises(Failed, match="Error from server: patch service"):
        context.target.point_traffic("green")

    assert context.target.live() == "blue"


def test_a_migration_that_fails_ends_it_with_its_log(context, cluster):
    cluster.change(job={"status": {"conditions": [{"type": "Failed", "status": "True"}]}})

    with pytest.raises(Failed, match=r'The Job evaltrack-migrate failed: {"level": "error"'):
        deploy(context, "1.1.0")


def test_a_colour_without_pods_is_not_ready(context, cluster):
    rows = cluster.read()["deployments"]
    rows["evaltrack-web-green"]["replicas"] = 0
    cluster.change(deployments=rows)

    (backend,) = context.target.backends("green")

    with pytest.raises(Failed, match="a pod of evaltrack-web-green is not there"):
        backend.ask("/health/ready")


@pytest.mark.parametrize(
    ("hours", "fault"),
    [(1, ""), (23, ""), (26, "The CronJob evaltrack-backup last succeeded 26.0 hours ago; 24 hours are allowed.")],
)
def test_the_backup_is_the_cron_jobs(context, hours, fault):
    moment = datetime(2027, 3, 7, 5, 30, tzinfo=UTC) + timedelta(hours=hours)

    assert context.target.backup_fault(moment) == fault


def test_a_backup_that_never_was_is_none(context, cluster):
    cluster.change(cronjob={})

    assert context.target.backup_fault(context.now()) == "The CronJob evaltrack-backup never succeeded."


def test_an_overlay_that_says_otherwise_is_named(context, cluster):
    assert context.target.after_switch("green", "1.1.0") == (
        f"Write into {cluster.folder}/overlay/kustomization.yaml, or whoever applies it undoes this: the component"
        " ../../live/green, the tag 1.1.0 for evaltrack-green, the tag 1.1.0 for evaltrack."
    )


def test_an_overlay_that_says_the_same_needs_no_hand(context, cluster):
    path = cluster.folder / "overlay" / "kustomization.yaml"
    path.write_text(path.read_text().replace("live/blue", "live/green").replace("1.0.0", "1.1.0"))

    assert context.target.after_switch("green", "1.1.0") == ""


def test_tags_of_an_overlay():
    said = (ROOT / "deploy" / "k8s" / "overlays" / "production" / "kustomization.yaml").read_text()

    assert [tag_in(said, name) for name in ("evaltrack-blue", "evaltrack-green", "evaltrack", "other")] == [
        *["1.0.0"] * 3,
        "",
    ]


@pytest.mark.deploy_tools
@pytest.mark.parametrize("overlay", ["qa", "staging", "production"])
def test_the_migration_is_found_in_what_each_overlay_builds(overlay):
    found = migration_in(kustomize(overlay), "docker.io/company/evaltrack:9.9.9")

    assert found.count("\nkind: Job\n") == found.count("\nkind: ConfigMap\n") == 1
    assert found.count("image: docker.io/company/evaltrack:9.9.9") == found.count("image: ") == 1


def test_names_in_the_middle_of_an_object_are_not_its_own():
    assert not is_object(
        "kind: Job\nmetadata:\n  name: other\nspec:\n  name: evaltrack-migrate\n", "Job", "evaltrack-migrate"
    )


@pytest.mark.deploy_tools
def test_the_objects_it_names_are_there(production):
    deployments = production.of("Deployment")
    for colour in ("blue", "green"):
        for name in ("web", "worker", "clock"):
            pod = deployments[f"evaltrack-{name}-{colour}"]["spec"]["template"]
            assert pod["metadata"]["labels"]["colour"] == colour
            assert pod["metadata"]["labels"]["app"] == f"evaltrack-{name}"
            assert [row["name"] for row in pod["spec"]["containers"]] == ["evaltrack"]
    settings = Kubernetes()
    live = {name: row["spec"]["replicas"] for name, row in deployments.items() if name.endswith("-blue")}
    assert (live["evaltrack-worker-blue"], live["evaltrack-clock-blue"]) == (settings.workers, settings.clocks)
    jobs = {name: row["spec"]["jobTemplate"]["spec"]["template"] for name, row in production.of("CronJob").items()}
    assert {name: [row["name"] for row in pod["spec"]["containers"]] for name, pod in jobs.items()} == {
        name: ["evaltrack"] for name in NIGHTLY
    }
    assert "evaltrack-web" in production.of("Service")
    assert {row["metadata"]["namespace"] for row in production if row["kind"] == "Deployment"} >= {settings.namespace}
