import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.backoffice.conftest import settings_of  # noqa: F401  (a fixture)

ROOT = Path(__file__).parents[2]
OVERLAYS = ["qa", "staging", "production"]
READERS = r"env\.\w+\(\s*[\"']([A-Z_]+)[\"']"


def tool(name):
    """The path of a program that checks deploy/. Without it the test is skipped, or fails where
    REQUIRE_DEPLOY_TOOLS=1 (CI)."""
    folders = [str(ROOT / ".tools" / "bin"), os.environ.get("PATH", ""), "/usr/sbin"]
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        message = f"no {name} found: make check-deploy installs it, or Debian's package does"
        if os.environ.get("REQUIRE_DEPLOY_TOOLS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path


def run(*command, **options):
    """Runs a command, and fails with what it said."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)
    assert result.returncode == 0, f"{command[0]} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
    return result.stdout + result.stderr


class Manifests(list):
    """The objects that an overlay builds."""

    def of(self, kind):
        return {row["metadata"]["name"]: row for row in self if row["kind"] == kind}

    def pods(self):
        """The pod template of everything that runs, by kind and name."""
        found = {}
        for row in self:
            spec = row.get("spec", {})
            spec = spec.get("jobTemplate", {}).get("spec", spec)
            if "template" in spec and "spec" in spec["template"]:
                found[f"{row['kind']}/{row['metadata']['name']}"] = spec["template"]
        return found

    def containers(self):
        """All containers, each with the pod it is in."""
        return {
            f"{name}/{container['name']}": (pod["spec"], container)
            for name, pod in self.pods().items()
            for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
        }

    def config(self):
        (config,) = [row for name, row in self.of("ConfigMap").items() if name.startswith("evaltrack-config-")]
        return config["data"]


@pytest.fixture(scope="session", params=OVERLAYS)
def built(request):
    """What `kubectl kustomize` makes of an overlay."""
    return build(request.param)


def build(overlay):
    return Manifests(yaml.safe_load_all(kustomize(overlay)))


def kustomize(overlay):
    return run(tool("kubectl"), "kustomize", str(ROOT / "deploy" / "k8s" / "overlays" / overlay))


@pytest.fixture(scope="session")
def production():
    return build("production")


@pytest.fixture(scope="session")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="session")
def known_variables():
    """Every variable the product reads, with the form that names a file for each secret."""
    sources = [*(ROOT / "backoffice").glob("*.py"), ROOT / "deploy" / "gunicorn.conf.py"]
    text = "\n".join(path.read_text() for path in sources)
    names = set(re.findall(READERS, text)) | {"ENV_FILE"}
    return names | {f"{name}_FILE" for name in re.findall(r"env\.secret\(\"([A-Z_]+)\"\)", text)}


@pytest.fixture
def host(tmp_path):
    """What deploy/host/install puts on a host, in a folder of its own."""
    run(
        str(ROOT / "deploy" / "host" / "install"),
        "evaltrack.company.com",
        "/etc/ssl/evaltrack.crt",
        "/etc/ssl/evaltrack.key",
        env=os.environ | {"DESTDIR": str(tmp_path)},
    )
    return tmp_path
