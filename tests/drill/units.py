"""A stand-in for systemd: it reads the units that deploy/host/install puts on a host, and does what they say.

What it knows: specifiers %i and %j, drop-ins, `Type=` exec, notify and oneshot, `Wants=` of a target, `Restart=always`,
`RestartSec=`, `KillMode=mixed`, `TimeoutStopSec=`, `RuntimeDirectory=`, `StateDirectory=`, `Environment=`. What
confines a process is left out: `systemd-analyze` looks at that (tests/deploy/test_units.py).
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.processes import end, little_environment, signal_group, start

# Places of the host, each of which is in the drill's folder.
PLACES = ("/opt/evaltrack", "/run/evaltrack", "/etc/evaltrack", "/var/lib/evaltrack", "/var/backups/evaltrack")
READY_SECONDS = 120.0

Settings = dict[str, list[str]]


@dataclass
class Service:
    """One service of the host. `wanted` until it is stopped: what ends by itself is started again."""

    name: str
    settings: Settings
    lock: threading.RLock = field(default_factory=threading.RLock)
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    failed: bool = False
    starts: int = 0

    def last(self, name: str, default: str = "") -> str:
        return self.settings.get(name, [default])[-1]

    def words(self, name: str) -> list[str]:
        return [word for line in self.settings.get(name, []) for word in shlex.split(line)]

    @property
    def pid(self) -> int:
        """Of its main process; 0 without one."""
        return self.process.pid if self.process is not None and self.process.poll() is None else 0

    @property
    def state(self) -> str:
        return "active" if self.pid else "failed" if self.failed else "activating" if self.wanted else "inactive"


class UnitError(Exception):
    """A unit that is not there, or did not start."""


class Units:
    """The services below `root`, and in `programs` a `systemctl` and a `journalctl` for them."""

    def __init__(self, root: Path, logs: Path) -> None:
        self.root, self.logs = root, logs
        self.folder = root / "etc" / "systemd" / "system"
        self.programs = root / "bin"
        self.enabled: set[str] = set()
        self._services: dict[str, Service] = {}
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._server = _Server(str(root / "systemd.sock"), self)
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        self.programs.mkdir(exist_ok=True)
        self._write_program("systemctl", root / "systemd.sock")
        self._write_program("journalctl", logs)

    def _write_program(self, name: str, place: Path) -> None:
        words = [sys.executable, "-I", "-S", str(Path(__file__).with_name(f"{name}.py")), str(place)]
        program = self.programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        program.chmod(0o755)

    # --- What is asked of it -----------------------------------------------------------------------------------------
    def service(self, name: str) -> Service:
        """As `evaltrack-worker@blue`, with or without its suffix. Raises UnitError."""
        name = name if "." in name else f"{name}.service"
        with self._lock:
            if name not in self._services:
                self._services[name] = Service(name, self.settings_of(name))
            return self._services[name]

    def services(self) -> list[Service]:
        with self._lock:
            return list(self._services.values())

    def start(self, names: Iterable[str]) -> None:
        self._each(self._start, self._spread(names))

    def stop(self, names: Iterable[str]) -> None:
        self._each(self._stop, self._spread(names))

    def restart(self, names: Iterable[str]) -> None:
        self._each(self._restart, self._spread(names))

    def kill(self, name: str, number: signal.Signals) -> None:
        """All processes of a service. Raises UnitError if it does not run."""
        if not (leader := self.service(name).pid):
            raise UnitError(f"{name} does not run.")
        signal_group(leader, number)

    def is_active(self, name: str) -> bool:
        return all(self.service(each).state == "active" for each in self._spread([name]))

    def read_again(self) -> None:
        """What is running goes on as it was started."""
        for service in self.services():
            service.settings = self.settings_of(service.name)

    def end(self) -> None:
        """Everything, at once and without waiting for what it has in hand."""
        self._ended.set()
        for service in self.services():
            service.wanted = False
            if service.process is not None:
                end(service.process, with_signal=signal.SIGKILL, seconds=10)
        self._server.shutdown()
        self._server.server_close()

    # --- Units -------------------------------------------------------------------------------------------------------
    def _spread(self, names: Iterable[str]) -> list[str]:
        """The services of these units: of a target those it wants, which are part of it."""
        found = []
        for name in names:
            if name.endswith(".target"):
                found += [word for line in self.settings_of(name).get("Wants", []) for word in line.split()]
            else:
                found.append(name)
        return found

    def settings_of(self, name: str) -> Settings:
        """What the unit and its drop-ins say, each name with its lines, in this host's places."""
        prefix, _at, rest = name.partition("@")
        instance, _dot, kind = rest.rpartition(".")
        template = self.folder / f"{prefix}@.{kind}"
        if not instance or not template.is_file():
            raise UnitError(f"Unit {name} not found.")
        folders = [f"{prefix.split('-')[0]}-.{kind}.d", f"{prefix}@.{kind}.d", f"{name}.d"]
        files = [template, *(path for each in folders for path in sorted((self.folder / each).glob("*.conf")))]
        found: defaultdict[str, list[str]] = defaultdict(list)
        for line in (line for file in files for line in file.read_text().splitlines()):
            setting, equals, value = line.strip().partition("=")
            if not equals or setting.startswith("#"):
                continue
            value = value.replace("%i", instance).replace("%j", prefix.rpartition("-")[2])
            found[setting].append(self._here(value))
        return dict(found)

    def _here(self, text: str) -> str:
        for place in PLACES:
            text = re.sub(rf"(?<![\w/]){place}\b", f"{self.root}{place}", text)
        return text

    @staticmethod
    def _each(act: object, names: Sequence[str]) -> None:
        """All of them side by side; raises the first error."""
        errors: list[Exception] = []

        def work(name: str) -> None:
            try:
                act(name)  # type: ignore[operator]
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=[name]) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    # --- Services ----------------------------------------------------------------------------------------------------
    def _start(self, name: str) -> None:
        service = self.service(name)
        with service.lock:
            if service.wanted and service.pid:
                return
            service.wanted, service.failed = True, False
            self._spawn(service)

    def _stop(self, name: str) -> None:
        service = self.service(name)
        service.wanted = False
        with service.lock:
            service.failed = False
            if service.process is not None:
                end(service.process, with_signal=signal.SIGTERM, seconds=float(service.last("TimeoutStopSec", "90")))
                self._clear(service)

    def _restart(self, name: str) -> None:
        self._stop(name)
        self._start(name)

    def _spawn(self, service: Service) -> None:
        """Start its process, and wait as its type says. Raises UnitError."""
        kind = service.last("Type", "simple")
        self._make_folders(service)
        ready = self._ready_socket(service) if kind == "notify" else None
        log = self.logs / f"{service.name.removesuffix('.service')}.log"
        service.process = start(
            service.words("ExecStart"),
            log=log,
            environment=self._environment(service, notify=ready),
            cwd=Path(service.last("WorkingDirectory", "/")),
        )
        service.starts += 1
        if kind == "oneshot":
            service.wanted = False
            if code := service.process.wait():
                service.failed = True
                raise UnitError(f"{service.name} ended with {code}.")
            return
        threading.Thread(target=self._keep, args=[service, service.process], daemon=True).start()
        if ready is not None:
            self._wait_for(service, ready)

    def _keep(self, service: Service, process: subprocess.Popen[bytes]) -> None:
        """Restart=always: what ends without having been stopped is started again."""
        process.wait()
        signal_group(process.pid, signal.SIGKILL)
        if not self._is_wanted(service, process):
            return
        self._clear(service)
        time.sleep(float(service.last("RestartSec", "0.1")))
        with service.lock:
            if self._is_wanted(service, process):
                with suppress(UnitError):
                    self._spawn(service)

    def _is_wanted(self, service: Service, process: subprocess.Popen[bytes]) -> bool:
        """Whether it is to run, and nobody else has started it again."""
        always = service.last("Restart") == "always"
        return always and service.wanted and service.process is process and not self._ended.is_set()

    def _make_folders(self, service: Service) -> None:
        for setting, place in (("RuntimeDirectory", "run"), ("StateDirectory", "var/lib")):
            for name in service.words(setting):
                (self.root / place / name).mkdir(parents=True, exist_ok=True)

    def _clear(self, service: Service) -> None:
        for name in service.words("RuntimeDirectory"):
            shutil.rmtree(self.root / "run" / name, ignore_errors=True)

    def _environment(self, service: Service, *, notify: socket.socket | None) -> dict[str, str]:
        """Little but what the unit says, as systemd has it."""
        given = little_environment(self.root) | {"TMPDIR": str(self.root / "tmp")}
        given |= {"NOTIFY_SOCKET": notify.getsockname()} if notify else {}
        return given | dict(word.split("=", 1) for word in service.words("Environment"))

    def _ready_socket(self, service: Service) -> socket.socket:
        path = self.root / "tmp" / f"{service.name}.{service.starts}"
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(str(path))
        return ready

    def _wait_for(self, service: Service, ready: socket.socket) -> None:
        """Until its process says that it is ready."""
        until = time.monotonic() + READY_SECONDS
        ready.settimeout(0.2)
        try:
            while time.monotonic() < until and service.pid:
                with suppress(TimeoutError):
                    if b"READY=1" in ready.recv(4096).split(b"\n"):
                        return
            service.failed = True
            raise UnitError(f"{service.name} did not start.")
        finally:
            Path(ready.getsockname()).unlink(missing_ok=True)
            ready.close()


# --- What `systemctl` says -------------------------------------------------------------------------------------------
class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, units: Units) -> None:
        self.units = units
        super().__init__(path, _Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        arguments = json.loads(self.rfile.readline())
        try:
            code, text = carry_out(self.server.units, arguments)  # type: ignore[attr-defined]
        except UnitError as error:
            code, text = 1, str(error)
        with suppress(BrokenPipeError):
            self.wfile.write(json.dumps({"code": code, "text": text}).encode() + b"\n")


def carry_out(units: Units, arguments: Sequence[str]) -> tuple[int, str]:
    """What `systemctl` does with these arguments: its exit code and what it prints."""
    options = {word for word in arguments if word.startswith("-")}
    verb, *names = [word for word in arguments if not word.startswith("-")]
    if verb in ("start", "stop", "restart"):
        getattr(units, verb)(names)
        return 0, ""
    if verb in ("enable", "disable"):
        for name in names:
            units.settings_of(name if "." in name else f"{name}.service")
        units.enabled = units.enabled | set(names) if verb == "enable" else units.enabled - set(names)
        if "--now" in options:
            (units.start if verb == "enable" else units.stop)(names)
        return 0, ""
    if verb == "is-active":
        states = ["active" if units.is_active(name) else "inactive" for name in names]
        return (0 if "active" in states else 3), "" if options & {"-q", "--quiet"} else "\n".join(states)
    if verb == "is-enabled":
        states = ["enabled" if name in units.enabled else "disabled" for name in names]
        return (0 if "enabled" in states else 1), "" if options & {"-q", "--quiet"} else "\n".join(states)
    if verb in ("daemon-reload", "reset-failed"):
        units.read_again()
        return 0, ""
    raise UnitError(f"The drill's systemctl does not know {' '.join(arguments)}.")
