"""The host of the drill: a folder with everything of a production in it, from /etc to the databases."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.drill import releases
from tests.drill.releases import ROOT
from tests.drill.servers import HostNginx, Mail
from tests.drill.units import Units
from tests.servers.databases import BUSINESS, IDENTITY, USER, MariaDB, PostgreSQL, Redis
from tests.servers.nginx import HOST, make_certificate
from tests.servers.processes import little_environment, marked, signal_group, wait_until

PROGRAM = Path(__file__).with_name("program")
PASSWORD = "loopback-for-some-minutes"
COLOURS = ("blue", "green")
EMPLOYEES = 300
# The plan's prod.env, as far as it is not about addresses and passwords.
PRODUCTION = {"APP_ENV": "production", "APP_NAME": "EvalTrack", "APP_TIMEZONE": "America/Caracas", "LOG_LEVEL": "info"}


@dataclass
class Ground:
    """What runs, and where it is."""

    root: Path
    postgresql: PostgreSQL
    mariadb: MariaDB
    redis: Redis
    nginx: HostNginx
    mail: Mail
    units: Units
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def servers(self) -> tuple[PostgreSQL, MariaDB, Redis]:
        return self.postgresql, self.mariadb, self.redis

    @property
    def live(self) -> str:
        """The colour that nginx asks."""
        return self.live_link.readlink().name

    @property
    def live_link(self) -> Path:
        return self.root / "var" / "lib" / "evaltrack" / "live"

    def copy_of(self, colour: str) -> Path:
        return self.root / "opt" / "evaltrack" / colour

    def environment(self) -> dict[str, str]:
        """Of an administrator at work on this host."""
        path = f"{self.units.programs}:{os.environ['PATH']}:/usr/sbin"
        own = {"PATH": path, "HOME": str(self.root), "TMPDIR": str(self.root / "tmp"), "ENV_FILE": str(self.env_file)}
        return little_environment(self.root) | own

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def env_file(self) -> Path:
        return self.root / "etc" / "evaltrack" / "prod.env"

    def run(
        self,
        command: Sequence[str],
        *,
        fine: Sequence[int] = (0,),
        seconds: float = 300,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as an administrator does, in the folder of the live colour. Raises ChildProcessError."""
        process = subprocess.Popen(
            command,
            cwd=self.copy_of(self.live),
            env=self.environment() | dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=seconds)
        except BaseException:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
            raise
        with (self.root / "log" / "commands.log").open("a") as log:
            log.write(f"$ {' '.join(command)}\n{out}{err}[{process.returncode}]\n")
        if process.returncode not in fine:
            raise ChildProcessError(f"{' '.join(command)} ended with {process.returncode}:\n{out}{err}")
        return subprocess.CompletedProcess(list(command), process.returncode, out, err)

    def manage(
        self, *arguments: str, fine: Sequence[int] = (0,), variables: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        return self.run([".venv/bin/python", "manage.py", *arguments], fine=fine, variables=variables)

    def shell(self, code: str) -> Any:
        """What the code prints last, as JSON."""
        return json.loads(self.manage("shell", "-v0", "-c", code).stdout.splitlines()[-1])

    def web_units(self, colour: str) -> list[str]:
        return [f"evaltrack-web-{number}@{colour}" for number in (1, 2)]

    def work_units(self, colour: str) -> list[str]:
        return [f"evaltrack-{name}@{colour}" for name in ("worker", "clock")]

    def started(self) -> dict[str, int]:
        """How often each unit that runs was started."""
        return {service.name: service.starts for service in self.units.services() if service.pid}


@contextmanager
def laid_out(tell: Callable[[str], None]) -> Iterator[Ground]:
    """A host with both colours in place, blue live and at work, and people in its databases. Nothing of it is left.

    Raises AssertionError if a process was.
    """
    # The path of a socket may have 107 characters, whatever TMPDIR says.
    root = Path(tempfile.mkdtemp(prefix="drill-", dir="/tmp"))
    root.chmod(0o711)  # PostgreSQL passes through
    ground: Ground | None = None
    try:
        tell(f"laying out a host in {root}")
        ground = _prepare(root)
        tell("starting its servers")
        _start_servers(ground)
        tell("making databases, and people in them")
        _fill(ground)
        tell("starting web, worker and clock")
        _start_units(ground)
        yield ground
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):
            tails(root)
        _leave(root, ground)
        raise
    left = _leave(root, ground)
    assert not left, f"processes were left behind: {left}"


def _leave(root: Path, ground: Ground | None) -> list[str]:
    """End everything and take the folder away; returns what did not end by itself, and was killed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for part in (ground.units, ground.nginx, *ground.servers, ground.mail) if ground is not None else ():
        try:
            part.end()
        except Exception:
            traceback.print_exc()
    with suppress(TimeoutError):
        wait_until(lambda: not marked(root), seconds=5, what="everything has ended")
    left = []
    for process in marked(root):
        with suppress(OSError):
            left.append(Path(f"/proc/{process}/cmdline").read_text().replace("\0", " "))
            os.kill(process, signal.SIGKILL)
    shutil.rmtree(root, ignore_errors=True)
    return left


def tails(root: Path, *, lines: int = 15) -> None:
    """The last lines of every log, for who has to find out why."""
    for path in sorted((root / "log").glob("*.log")):
        if path.name != "evaltrack.log":
            text = "\n".join(line[:400] for line in path.read_text(errors="replace").splitlines()[-lines:])
            print(f"--- {path.name}\n{text}", file=sys.stderr)


def _prepare(root: Path) -> Ground:
    """Everything that is a file."""
    for name in ("log", "nginx", "tls", "tmp", "var/backups/evaltrack"):
        (root / name).mkdir(parents=True, exist_ok=True)
    certificate, key = make_certificate(root / "tls")
    subprocess.run(
        [str(ROOT / "deploy" / "host" / "install"), HOST, str(certificate), str(key)],
        env=os.environ | {"DESTDIR": str(root)},
        check=True,
    )
    link = root / "var" / "lib" / "evaltrack" / "live"
    link.unlink()
    link.symlink_to(root / "run" / "evaltrack" / "blue")
    servers = PostgreSQL(root, PASSWORD), MariaDB(root, PASSWORD), Redis(root, PASSWORD)
    ground = Ground(root, *servers, HostNginx(root), Mail(), Units(root, root / "log"))
    ground.variables = _variables(ground)
    ground.env_file.write_text("".join(f"{name}={value}\n" for name, value in ground.variables.items()))
    _write_drop_in(ground)
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(server.prepare) for server in servers] + [pool.submit(_install_program, ground)]
        for job in jobs:
            job.result()
    return ground


def _variables(ground: Ground) -> dict[str, str]:
    """Of prod.env."""
    postgresql, mariadb, redis = ground.servers
    return PRODUCTION | {
        "APP_KEY": secrets.token_urlsafe(48),
        "APP_URL": f"https://{HOST}",
        "DB_CONNECTION": "pgsql",
        "DB_PGSQL_HOST": "127.0.0.1",
        "DB_PGSQL_PORT": str(postgresql.port),
        "DB_PGSQL_DATABASE": IDENTITY,
        "DB_PGSQL_USERNAME": USER,
        "DB_PGSQL_PASSWORD": PASSWORD,
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(mariadb.port),
        "DB_DATABASE": BUSINESS,
        "DB_USERNAME": USER,
        "DB_PASSWORD": PASSWORD,
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis.port),
        "REDIS_PASSWORD": PASSWORD,
        "MAIL_MAILER": "smtp",
        "MAIL_HOST": "127.0.0.1",
        "MAIL_PORT": str(ground.mail.port),
        "MAIL_ENCRYPTION": "none",
        "MONITORING_TOKEN_FILE": str(ground.root / "etc" / "evaltrack" / "monitoring-token"),
    }


def _write_drop_in(ground: Ground) -> None:
    """Both colours run the settings of the program and two middlewares more (program/)."""
    folder = ground.root / "etc" / "systemd" / "system"
    values = {"DJANGO_SETTINGS_MODULE": "drill_settings", "PYTHONPATH": PROGRAM, "DRILL_FOLDER": ground.root / "drill"}
    (ground.root / "drill").mkdir()
    for number in (1, 2):
        drop_in = folder / f"evaltrack-web-{number}@.service.d" / "drill.conf"
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\n" + "".join(f"Environment={name}={value}\n" for name, value in values.items()))


def _install_program(ground: Ground) -> None:
    """Blue as an administrator puts it there the first time (docs/deployment.md)."""
    releases.publish(ground.repository)
    releases.clone(ground.repository, releases.FIRST, ground.copy_of("blue"))
    ground.run(releases.INSTALL)
    ground.manage("collectstatic", "--noinput")


def _start_servers(ground: Ground) -> None:
    ground.mail.start()
    with ThreadPoolExecutor() as pool:
        for job in [pool.submit(server.start) for server in ground.servers]:
            job.result()
    ground.postgresql.create()
    ground.mariadb.create()


def _fill(ground: Ground) -> None:
    ground.units.start(["evaltrack-migrate@blue"])
    # Accounts whose password is known are refused in production.
    seed = ["seed_demo", "--employees", str(EMPLOYEES), "--without-events"]
    ground.manage(*seed, variables={"APP_ENV": "local"})


def _start_units(ground: Ground) -> None:
    ground.run(["systemctl", "enable", "--now", "evaltrack-web@blue.target", *ground.work_units("blue")])
    ground.nginx.start()
