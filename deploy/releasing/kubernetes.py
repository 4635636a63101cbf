"""Kubernetes through kubectl: Deployments of both colours, and a Service that selects one (deploy/k8s)."""

import json
import os
import re
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from releasing import clock
from releasing.backends import Backend, NoBackend, PodBackend
from releasing.backups import in_words
from releasing.commands import run
from releasing.errors import Failed, Refused
from releasing.settings import COLOURS, Settings
from releasing.targets import Say

SERVICE, MIGRATION, BACKUP = "evaltrack-web", "evaltrack-migrate", "evaltrack-backup"
# CronJobs of no colour, which run the live version.
NIGHTLY = ["evaltrack-reconcile", BACKUP, "evaltrack-rehearsal"]
CONTAINER = "evaltrack"
ENDED = {"Failed", "Succeeded"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# As long as a migration may take, by its Job.
MIGRATION_SECONDS = 2 * 60 * 60
# Longer than a worker is given to finish what it has in hand.
STOP_SECONDS = 180
START_SECONDS = 300


class KubernetesTarget:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.kubernetes = settings.kubernetes
        self.kubectl = [*settings.kubernetes.kubectl, "--namespace", settings.kubernetes.namespace]
        # The very image that was tried elsewhere, whatever its tag names by now.
        self.digest = os.environ.get("IMAGE_DIGEST", "")
        if self.digest and not DIGEST.fullmatch(self.digest):
            raise Refused(f"IMAGE_DIGEST={self.digest} is no digest: say sha256: and 64 figures, or nothing.")
        self._replicas = {"worker": settings.kubernetes.workers, "clock": settings.kubernetes.clocks}

    def live(self) -> str:
        selector = self._get("service", SERVICE)["spec"]["selector"]
        colour = selector.get("colour", "")
        if colour not in COLOURS:
            raise Failed(f"Nobody knows who is live: the Service {SERVICE} selects {selector}.")
        return str(colour)

    def backends(self, colour: str) -> Sequence[Backend]:
        pods = [pod["metadata"]["name"] for pod in self._pods(f"app={SERVICE},colour={colour}")]
        found: list[Backend] = [PodBackend(name, self.kubectl, self.settings.site) for name in sorted(pods)]
        return found or [NoBackend(f"a pod of {SERVICE}-{colour}")]

    def version_of(self, colour: str) -> str:
        """The tag of the image; '' where it has none."""
        name = self._image_of(colour).partition("@")[0]
        return name.rpartition("/")[2].partition(":")[2]

    def install(self, colour: str, version: str, say: Say) -> None:
        """Worker and clock have no pods yet; the web processes get the image when the databases are ready for it."""
        say(f"{self._image(version)} for worker and clock of {colour}")
        self._set_image([f"deployment/evaltrack-{name}-{colour}" for name in self._replicas], self._image(version))

    def migrate(self, colour: str, version: str) -> None:
        """A Job cannot be changed, so the last one goes first."""
        built = run([*self.kubernetes.kubectl, "kustomize", str(self.kubernetes.overlay)])
        self._run("delete", "job", MIGRATION, "--ignore-not-found", "--wait=true")
        self._run("apply", "--filename=-", given=migration_in(built, self._image(version)))
        deadline = time.monotonic() + MIGRATION_SECONDS
        while time.monotonic() < deadline:
            status = self._get("job", MIGRATION).get("status", {})
            ended = {row["type"] for row in status.get("conditions", []) if row["status"] == "True"}
            if "Complete" in ended:
                return
            if "Failed" in ended:
                raise Failed(f"The Job {MIGRATION} failed: {self._end_of_log(f'job/{MIGRATION}')}")
            time.sleep(2)
        raise Failed(f"The Job {MIGRATION} did not end within {MIGRATION_SECONDS} s.")

    def start_web(self, colour: str, version: str) -> None:
        self._set_image([f"deployment/{SERVICE}-{colour}"], self._image(version))
        self._wait_for_rollout(f"{SERVICE}-{colour}")

    def begin_to_stop_work(self, colour: str) -> None:
        self._run("scale", *[f"deployment/{name}" for name in self._work(colour)], "--replicas=0")

    def stop_work(self, colour: str) -> None:
        self.begin_to_stop_work(colour)
        deadline = time.monotonic() + STOP_SECONDS
        while pods := self._working_pods(colour):
            if time.monotonic() > deadline:
                raise Failed(f"{', '.join(pods)} go on although there should be none.")
            time.sleep(1)

    def start_work(self, colour: str) -> None:
        """What runs by night is the live version's, too; it comes last, as people wait for the others."""
        for name, replicas in self._replicas.items():
            self._run("scale", f"deployment/evaltrack-{name}-{colour}", f"--replicas={replicas}")
        for name in self._work(colour):
            self._wait_for_rollout(name)
        self._set_image([f"cronjob/{name}" for name in NIGHTLY], self._image_of(colour))

    def works(self, colour: str) -> bool:
        return bool(self._working_pods(colour))

    def point_traffic(self, colour: str) -> None:
        patch = json.dumps({"spec": {"selector": {"colour": colour}}})
        self._run("patch", "service", SERVICE, "--type=merge", f"--patch={patch}")

    def after_switch(self, colour: str, version: str) -> str:
        """Who applies the overlay later must not undo the switch."""
        path = self.kubernetes.overlay / "kustomization.yaml"
        try:
            said = path.read_text(encoding="utf-8")
        except OSError as error:
            return f"{path} cannot be read ({error}): whoever applies the overlay undoes this switch."
        wanted = {f"evaltrack-{colour}": version, "evaltrack": version}
        missing = [f"the tag {tag} for {name}" for name, tag in wanted.items() if tag_in(said, name) != tag]
        if self.digest and f"digest: {self.digest}" not in said:
            missing.append(f"their digest {self.digest}")
        if f"live/{colour}" not in said:
            missing.insert(0, f"the component ../../live/{colour}")
        return f"Write into {path}, or whoever applies it undoes this: {', '.join(missing)}." if missing else ""

    def log_lines(self, colour: str, since: datetime) -> list[str]:
        selector = f"app in ({SERVICE}, {', '.join(f'evaltrack-{name}' for name in self._replicas)}), colour={colour}"
        options = ["--tail=-1", "--max-log-requests=20", f"--since-time={clock.text(since)}"]
        return self._run("logs", f"--selector={selector}", *options).splitlines()

    def how_to_look(self, colour: str) -> str:
        return f"{' '.join(self.kubectl)} logs --selector=colour={colour} --tail=-1 --max-log-requests=20"

    def backup_fault(self, moment: datetime) -> str:
        status, hours = self._get("cronjob", BACKUP).get("status", {}), self.settings.backup.hours
        if "lastSuccessfulTime" not in status:
            return f"The CronJob {BACKUP} never succeeded."
        age = moment - datetime.fromisoformat(status["lastSuccessfulTime"])
        if age > timedelta(hours=hours):
            return f"The CronJob {BACKUP} last succeeded {in_words(age)} ago; {hours:g} hours are allowed."
        return ""

    def _image(self, version: str) -> str:
        return f"{self.kubernetes.image}:{version}" + (f"@{self.digest}" if self.digest else "")

    def _image_of(self, colour: str) -> str:
        pod = self._get("deployment", f"{SERVICE}-{colour}")["spec"]["template"]["spec"]
        (image,) = [row["image"] for row in pod["containers"] if row["name"] == CONTAINER]
        return str(image)

    def _set_image(self, objects: Sequence[str], image: str) -> None:
        self._run("set", "image", *objects, f"{CONTAINER}={image}")

    def _wait_for_rollout(self, deployment: str) -> None:
        self._run("rollout", "status", f"deployment/{deployment}", f"--timeout={START_SECONDS}s")

    def _work(self, colour: str) -> list[str]:
        return [f"evaltrack-{name}-{colour}" for name in self._replicas]

    def _working_pods(self, colour: str) -> list[str]:
        """Those that end are among them: they still work."""
        apps = ", ".join(f"evaltrack-{name}" for name in self._replicas)
        return [pod["metadata"]["name"] for pod in self._pods(f"app in ({apps}), colour={colour}", ending=True)]

    def _pods(self, selector: str, *, ending: bool = False) -> list[dict[str, Any]]:
        pods: list[dict[str, Any]] = self._get("pods", f"--selector={selector}")["items"]
        # One that was evicted stays on the list, and runs nothing.
        running = [pod for pod in pods if pod.get("status", {}).get("phase") not in ENDED]
        return [pod for pod in running if ending or "deletionTimestamp" not in pod["metadata"]]

    def _end_of_log(self, name: str) -> str:
        try:
            return self._run("logs", name, "--tail=15").strip()
        except Failed as error:
            return str(error)

    def _get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._run("get", kind, name, "--output=json"))
        return found

    def _run(self, *words: str, given: str | None = None) -> str:
        return run([*self.kubectl, *words], given=given, timeout=START_SECONDS + 60)


def migration_in(built: str, image: str) -> str:
    """The migration Job of a built overlay with this image, and the configuration that it reads."""
    wanted = [
        document
        for document in re.split(r"^---$", built, flags=re.MULTILINE)
        if is_object(document, "Job", MIGRATION) or is_object(document, "ConfigMap", r"evaltrack-config-\w+")
    ]
    if len(wanted) != 2:
        raise Failed(f"The overlay builds {len(wanted)} objects of the migration, not its Job and its configuration.")
    return "---".join(re.sub(r"^(\s+image: ).*$", rf"\g<1>{image}", row, flags=re.MULTILINE) for row in wanted)


def is_object(document: str, kind: str, name: str) -> bool:
    """Whether kustomize wrote this kind and name; it orders what it writes."""
    return bool(
        re.search(rf"^kind: {kind}$", document, re.MULTILINE)
        and re.search(rf"^metadata:\n(?:  .*\n)*?  name: {name}$", document, re.MULTILINE)
    )


def tag_in(kustomization: str, name: str) -> str:
    """The tag that an overlay gives an image; '' if it gives none."""
    found = re.search(rf"^  - name: {name}\n(?:    .*\n)*?    newTag: [\"']?([^\"'\n]+)", kustomization, re.MULTILINE)
    return found[1] if found else ""
