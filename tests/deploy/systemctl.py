"""In the place of systemctl where there is no systemd: `systemctl.py FOLDER start|stop|restart|enable|disable|is-active
UNIT…` runs the units of deploy/host/systemd with their paths below FOLDER.

What it cannot do it leaves out: nothing is restarted, hardened, or run as another user. FOLDER/variables is the
environment of all services, one NAME=value in a line; FOLDER/log/UNIT is what each wrote.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "host" / "systemd"
PATIENCE_SECONDS = 60


class Unit:
    def __init__(self, folder, name):
        self.folder = folder
        self.kind, self.colour, self.suffix = re.fullmatch(r"([\w-]+)@(\w+)\.(\w+)", name).groups()
        self.name = name
        text = (UNITS / f"{self.kind}@.{self.suffix}").read_text()
        self.said = dict(re.findall(r"^(\w+)=(.*)$", self.filled(text), re.MULTILINE))
        self.pid_file = folder / "units" / name
        self.enabled = folder / "enabled" / name

    def filled(self, text):
        """With the colour, the number, and the host's folders below ours."""
        number = self.kind.rpartition("-")[2]
        text = text.replace("%i", self.colour).replace("%j", number)
        return re.sub(r"(?<=[ =:])/(opt|run|var|etc)/", rf"{self.folder}/\1/", text)

    @property
    def parts(self):
        """Those of a target."""
        return [Unit(self.folder, name) for name in self.said.get("Wants", "").split() if name.startswith("evaltrack-")]

    @property
    def pid(self):
        """Of the running process, or None."""
        try:
            pid = int(self.pid_file.read_text())
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        return None if state == "Z" else pid

    def is_active(self):
        return all(part.is_active() for part in self.parts) if self.suffix == "target" else self.pid is not None

    def start(self):
        if self.suffix == "target":
            for part in self.parts:
                part.start()
        elif not self.is_active():
            self.run()

    def run(self):
        variables = os.environ | dict(
            line.split("=", 1) for line in (self.folder / "variables").read_text().splitlines()
        )
        variables |= dict(pair.split("=", 1) for pair in self.said.get("Environment", "").split())
        socket = Path(variables.get("WEB_BIND", "").removeprefix("unix:") or "/")
        if "RuntimeDirectory" in self.said:
            socket.parent.mkdir(parents=True, exist_ok=True)
        log = self.folder / "log" / self.name
        log.parent.mkdir(exist_ok=True)
        with log.open("ab") as file:
            process = subprocess.Popen(
                self.said["ExecStart"].split(),
                cwd=self.said["WorkingDirectory"],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        if self.said["Type"] == "oneshot":
            if process.wait() != 0:
                sys.exit(f"Job for {self.name} failed; see {log}.")
            return
        self.pid_file.parent.mkdir(exist_ok=True)
        self.pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.said["Type"] == "notify" and not socket.is_socket():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"Job for {self.name} failed; see {log}.")
            time.sleep(0.05)

    def stop(self):
        for part in self.parts:
            part.stop()
        if pid := self.pid:
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + float(self.said.get("TimeoutStopSec", 90))
            while self.pid and time.monotonic() < deadline:
                time.sleep(0.02)
            if self.pid:
                os.killpg(pid, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)


def main(folder, verb, *units):
    for name in (unit for unit in units if not unit.startswith("-")):
        unit = Unit(Path(folder), name if "." in name else f"{name}.service")
        if verb == "enable":
            unit.enabled.parent.mkdir(exist_ok=True)
            unit.enabled.touch()
        elif verb == "disable":
            unit.enabled.unlink(missing_ok=True)
        elif verb == "is-active":
            return 0 if unit.is_active() else 3
        elif verb == "restart":
            unit.stop()
            unit.start()
        else:
            {"start": unit.start, "stop": unit.stop}[verb]()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
