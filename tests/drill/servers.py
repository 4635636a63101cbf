"""The servers that only this drill has: the host's nginx, and a mail server that counts what it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers.nginx import Nginx, ports_of_host, rendered
from tests.servers.processes import free_ports, little_environment


class HostNginx(Nginx):
    """With the configuration that deploy/host/install put below `root`."""

    def __init__(self, root: Path) -> None:
        self.ports, self.authority = ports_of_host(), root / "tls" / "ca.pem"
        places = {
            "/etc/nginx/evaltrack": root / "etc" / "nginx" / "evaltrack",
            "/var/lib/evaltrack/live": root / "var" / "lib" / "evaltrack" / "live",
            "/run/evaltrack": root / "run" / "evaltrack",
            "/opt/evaltrack": root / "opt" / "evaltrack",
            "/var/log/nginx": root / "log",
            "/var/www/evaltrack-acme": root / "var" / "www" / "evaltrack-acme",
        }
        text = rendered((root / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text(), places, self.ports)
        environment, log = little_environment(root), root / "log" / "nginx.log"
        super().__init__(root / "nginx", text, port=self.ports[443], log=log, environment=environment)


class Mail:
    """Takes every mail, and counts."""

    def __init__(self) -> None:
        self.received = 0
        [self.port] = free_ports(1)
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        self.received += 1
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def end(self) -> None:
        self._controller.stop(no_assert=True)
