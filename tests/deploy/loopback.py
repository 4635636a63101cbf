"""nginx as deploy/host/install leaves it, on loopback: other ports, and folders in the place of the host's."""

import os
import re
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import trustme

HOST = "evaltrack.company.com"


def free_ports(number: int) -> list[int]:
    """None with 443 in it: gixy takes whatever listens there for TLS."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < number:
            port = held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            if "443" not in str(port):
                ports.append(port)
    return ports


def make_certificate(folder: Path) -> None:
    """`certificate.crt` and `certificate.key` for HOST, and `ca.pem`, which vouches for it."""
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "certificate.key")
    (folder / "certificate.crt").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


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
