"""A plain host: systemd's units, unix sockets, and a link that says who is live (docs/deployment.md)."""

import os
import subprocess
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from releasing import backups
from releasing.backends import Backend, SocketBackend
from releasing.commands import run, succeeds
from releasing.errors import Failed
from releasing.settings import COLOURS, Settings
from releasing.targets import Say

WORK = ("worker", "clock")


class HostTarget:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.host = settings.host

    def live(self) -> str:
        try:
            colour = self.host.live_link.readlink().name
        except OSError as error:
            raise Failed(f"Nobody knows who is live: {error}. deploy/host/install makes the link.") from error
        if colour not in COLOURS:
            raise Failed(f"Nobody knows who is live: {self.host.live_link} leads to {colour}.")
        return colour

    def backends(self, colour: str) -> Sequence[Backend]:
        site, token, sockets = self.settings.site, self.settings.token(), self._sockets(colour)
        numbers = range(1, self.host.backends + 1)
        return [SocketBackend(f"{colour} {n}", sockets / str(n) / "web.sock", site, token) for n in numbers]

    def version_of(self, colour: str) -> str:
        try:
            said = tomllib.loads((self._program(colour) / "pyproject.toml").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ""
        version: str = said["project"]["version"]
        return version

    def install(self, colour: str, version: str, say: Say) -> None:
        program, tag = self._program(colour), f"v{version}"
        # What runs from a folder does not see its files change.
        self._systemctl("stop", f"evaltrack-web@{colour}.target")
        if (program / ".git").exists():
            say(f"fetching {tag} into {program}")
            git = ["git", "-C", str(program)]
            run([*git, "fetch", "--quiet", "--force", "--tags", self.host.repository])
            run([*git, "checkout", "--quiet", "--force", "--detach", f"refs/tags/{tag}"])
        else:
            say(f"cloning {tag} into {program}")
            run(["git", "clone", "--quiet", "--branch", tag, self.host.repository, str(program)])
        if (found := self.version_of(colour)) != version:
            raise Failed(f"{tag} of {self.host.repository} holds version {found or 'none'}, so it is no release.")
        commit = run(["git", "-C", str(program), "rev-parse", "HEAD"]).strip()
        (program / "COMMIT").write_text(f"{commit}\n", encoding="utf-8")
        variables = {"ENV_FILE": str(self.host.env_file)}
        say(f"installing: {' '.join(self.host.install)}")
        run(self.host.install, folder=program, variables=variables)
        say("collecting static files")
        run(self.host.collect_static, folder=program, variables=variables)

    def migrate(self, colour: str, version: str) -> None:
        self._systemctl("start", f"evaltrack-migrate@{colour}.service")

    def start_web(self, colour: str, version: str) -> None:
        self._systemctl("restart", f"evaltrack-web@{colour}.target")
        self._systemctl("enable", f"evaltrack-web@{colour}.target")

    def begin_to_stop_work(self, colour: str) -> None:
        """A process of its own waits, so that traffic need not."""
        units = self._work(colour)
        try:
            subprocess.Popen(
                [*self.host.systemctl, "stop", *units],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(f"{self.host.systemctl[0]} cannot be run: {error}") from error

    def stop_work(self, colour: str) -> None:
        for unit in self._work(colour):
            self._systemctl("disable", unit)
            self._systemctl("stop", unit)
            if self._is_active(unit):
                raise Failed(f"{unit} goes on although it was stopped.")

    def start_work(self, colour: str) -> None:
        for unit in self._work(colour):
            self._systemctl("enable", unit)
            self._systemctl("start", unit)
            if not self._is_active(unit):
                raise Failed(f"{unit} was started and is not active.")

    def works(self, colour: str) -> bool:
        return any(self._is_active(unit) for unit in self._work(colour))

    def point_traffic(self, colour: str) -> None:
        """A new link takes the old one's place; nginx follows it at its next request."""
        link = self.host.live_link
        aside = link.with_name(f"{link.name}.new")
        try:
            aside.unlink(missing_ok=True)
            aside.symlink_to(self._sockets(colour))
            os.replace(aside, link)
        except OSError as error:
            raise Failed(f"{link} cannot be changed: {error}") from error

    def after_switch(self, colour: str, version: str) -> str:
        return ""

    def log_lines(self, colour: str, since: datetime) -> list[str]:
        options = [f"--unit=evaltrack-*@{colour}.service", f"--since=@{since.timestamp():.0f}"]
        said = run([*self.host.journalctl, "--output=cat", "--no-pager", "--quiet", *options], timeout=30)
        return said.splitlines()

    def how_to_look(self, colour: str) -> str:
        return f"journalctl --unit='evaltrack-*@{colour}.service' --output=cat"

    def backup_fault(self, moment: datetime) -> str:
        return backups.fault_of(self.settings.backup.folder, hours=self.settings.backup.hours, moment=moment)

    def _program(self, colour: str) -> Path:
        return self.host.programs / colour

    def _sockets(self, colour: str) -> Path:
        return self.host.sockets / colour

    def _work(self, colour: str) -> list[str]:
        return [f"evaltrack-{name}@{colour}.service" for name in WORK]

    def _is_active(self, unit: str) -> bool:
        return succeeds([*self.host.systemctl, "is-active", "--quiet", unit])

    def _systemctl(self, verb: str, unit: str) -> None:
        run([*self.host.systemctl, verb, unit])
