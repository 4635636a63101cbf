"""nginx as deploy/host/install leaves it, on loopback: other ports, and folders in the place of the host's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import trustme

from tests.servers.processes import Process, free_ports, listens, program

HOST = "evaltrack.company.com"


def ports_of_host() -> dict[int, int]:
    """A free one for each that it listens at."""
    return dict(zip((80, 443, 8081), free_ports(3), strict=True))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """`certificate.crt` and `certificate.key` for HOST, which are returned, and `ca.pem`, which vouches for it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    chain, key = folder / "certificate.crt", folder / "certificate.key"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    return chain, key


def rendered(text: str, places: Mapping[str, Path], ports: Mapping[int, int]) -> str:
    """The configuration with these places and ports for the host's."""
    for there, here in places.items():
        assert there in text
        text = text.replace(there, str(here))
    text = re.sub(r"\n    listen \[::\]:.*", "", text)
    for port, ours in ports.items():
        text = re.sub(rf"listen (127\.0\.0\.1:)?{port}\b", f"listen 127.0.0.1:{ours}", text)
    return text


def main_file(folder: Path, text: str) -> Path:
    """An nginx.conf around a configuration. Workers of a root's nginx stay root, to enter the tests' folders."""
    (folder / "evaltrack.conf").write_text(text)
    user = "user root;" if os.getuid() == 0 else ""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ {temporary} types {{ text/css css; }} include {folder}/evaltrack.conf; }}\n"
    )
    return path


class Nginx(Process):
    """With a configuration in `folder`; it is up when it listens at `port`."""

    def __init__(
        self, folder: Path, text: str, *, port: int, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        command = [program("nginx"), "-c", str(main_file(folder, text)), "-e", str(log), "-g", "daemon off;"]
        super().__init__(command, log=log, environment=environment)
        self.port = port

    def is_up(self) -> bool:
        return listens(self.port)
