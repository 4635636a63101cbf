import os
import shutil
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from backoffice.locks import folder_lock
from backoffice.processes import Gone, Process, run_together
from hr.demo.accounts import ACCOUNTS, PASSWORD
from hr.demo.life import wants_life
from hr.models import Employee

ENVIRONMENTS = {"demo", "local"}


class Command(BaseCommand):
    help = "Prepares the demo's databases and runs web, worker and clock until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--reset", action="store_true", help="Throw the demo's data away, and start nothing.")

    def handle(self, *args: Any, host: str, port: int, reset: bool, **options: Any) -> None:
        if settings.APP_ENV not in ENVIRONMENTS:
            raise CommandError(
                _("The demo runs with APP_ENV=demo or local, and this is %(environment)s.")
                % {"environment": settings.APP_ENV}
            )
        if reset:
            self.reset()
            return
        refuse_taken_port(host, port)
        with folder_lock(settings.APP_DATA_DIR, alone=False):
            self.prepare()
            self.run_processes(host, port)

    def reset(self) -> None:
        if settings.DB_CONNECTION != "sqlite":
            raise CommandError(_("Only the embedded databases can be thrown away; drop those on servers by hand."))
        try:
            with folder_lock(settings.APP_DATA_DIR, alone=True):
                for path in demo_files():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        except BlockingIOError:
            raise CommandError(_("The demo is running on this data. Stop it first.")) from None
        self.stdout.write(_("The demo's data is gone; `make demo` makes it anew."))

    def prepare(self) -> None:
        call_command("migrate_all", verbosity=0)
        if not get_user_model().objects.exists() or not Employee.objects.exists() or wants_life():
            self.stdout.write(_("Making the demo's data ..."))
            call_command("seed_demo")

    def run_processes(self, host: str, port: int) -> None:
        # The children bind and build links from the same two variables.
        os.environ |= {"HOST": host, "PORT": str(port)}
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        config = str(settings.BASE_DIR / "deploy" / "gunicorn.conf.py")
        processes = [
            Process("web", [sys.executable, "-m", "gunicorn", "-c", config], stop_signal=signal.SIGINT),
            Process("worker", [*manage, "worker"]),
            Process("clock", [*manage, "clock"]),
        ]
        address = f"http://{reachable(host)}:{port}/"
        try:
            run_together(processes, ready=lambda: answers(address), announce=lambda: self.announce(address))
        except Gone as error:
            raise CommandError(
                _("The %(process)s process ended %(times)d times in a row; its last lines are above.")
                % {"process": error.process.name, "times": error.process.failures}
            ) from None
        self.stdout.write("\n" + _("Stopped. The data is kept; `make demo-reset` throws it away."))

    def announce(self, address: str) -> None:
        names = ", ".join(account.username for account in ACCOUNTS)
        self.stdout.write("\n" + _("%(name)s is at %(address)s") % {"name": settings.APP_NAME, "address": address})
        self.stdout.write(
            _("Log in as %(names)s; the password is %(password)s. Ctrl-C stops it.")
            % {"names": names, "password": PASSWORD}
        )
        self.stdout.flush()


def demo_files() -> list[Path]:
    """What the demo wrote, and nothing else that may lie in the data folder."""
    data = settings.APP_DATA_DIR
    patterns = ["identity.sqlite3*", "business.sqlite3*", "media", "mail", "logs", "migrate.lock"]
    return [path for pattern in patterns for path in data.glob(pattern)]


def reachable(host: str) -> str:
    """The name to open in a browser on this machine."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104
        return "localhost"
    return f"[{host}]" if ":" in host else host


def refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                _("Cannot listen on %(address)s: %(reason)s. Another port: make demo PORT=%(other)d")
                % {"address": f"{host}:{port}", "reason": error.strerror, "other": port + 1}
            ) from None


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
