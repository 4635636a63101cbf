"""Typed readers of environment variables. A malformed value becomes a fault, not an exception: the start is
refused once, with all faults in one message (`backoffice/checks.py`)."""

import os
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", "null"}
PRIVATE_NETWORKS = ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]


def parse_dotenv(text: str) -> dict[str, str]:
    """The variables of a `.env` file: `NAME=value` lines, `#` comments, optional quotes and `export`."""
    variables = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals or name.lstrip().startswith("#"):
            continue
        value = value.strip()
        if not value.startswith(('"', "'")):
            value = value.split(" #")[0].rstrip()
        variables[name.strip()] = value
    return variables


def unquoted(value: str) -> str:
    """Docker's `--env-file` hands quotes over as part of the value; every other reader of such files drops them."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


class Environment:
    """Reads variables by type. An empty variable counts as unset."""

    def __init__(self, variables: Mapping[str, str]):
        self.variables = variables
        self.faults: list[str] = []

    @classmethod
    def load(cls, folder: Path) -> "Environment":
        """The process environment over the file ENV_FILE names, `.env` in `folder` by default. Tests read no file."""
        file = folder / os.environ.get("ENV_FILE", ".env")
        if os.environ.get("APP_ENV") == "testing" or not file.is_file():
            return cls(os.environ)
        return cls({**parse_dotenv(file.read_text(encoding="utf-8")), **os.environ})

    def text(self, name: str, default: str = "") -> str:
        return unquoted(self.variables.get(name, "").strip()) or default

    def secret(self, name: str) -> str:
        """`NAME`, or the content of the file that `NAME_FILE` names (a mounted secret)."""
        value = self.text(name)
        path = self.text(f"{name}_FILE")
        if not path:
            return value
        if value:
            self.faults.append(f"{name} and {name}_FILE are both set; keep one.")
            return value
        try:
            return Path(path).read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append(f"{name}_FILE: cannot read {path} ({error.__class__.__name__}).")
            return ""

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value not in TRUE | FALSE:
            self.faults.append(f"{name}={value} is neither true nor false.")
        return value in TRUE

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        value = self.text(name)
        if not value:
            return default
        if not value.isascii() or not value.isdecimal():
            self.faults.append(f"{name}={value} is not a whole number.")
            return default
        if int(value) < least or (most is not None and int(value) > most):
            limits = f"{least} to {most}" if most is not None else f"{least} or more"
            self.faults.append(f"{name}={value} is out of range ({limits}).")
            return default
        return int(value)

    def limit(self, name: str) -> int | None:
        """A whole number, or None where there is no limit."""
        return self.number(name, 0) if self.text(name) else None

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, least=1, most=65535)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        """One of `choices`, in any case."""
        value = self.text(name).lower()
        if not value:
            return default
        if value not in choices:
            self.faults.append(f"{name}={value} is not one of {', '.join(choices)}.")
            return default
        return value

    def items(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """A comma-separated list."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()] or list(default)

    def networks(self, name: str, default: Sequence[str]) -> list[str]:
        """A comma-separated list of addresses and networks."""
        networks = self.items(name, default)
        for network in networks:
            try:
                ip_network(network)
            except ValueError:
                self.faults.append(f"{name}: {network} is neither an address nor a network.")
                return list(default)
        return networks

    def pairs(self, name: str) -> dict[str, str]:
        """A secret of `name=value,name=value`; values may be percent-encoded."""
        pairs = [pair.partition("=") for pair in self.secret(name).split(",") if pair.strip()]
        if not all(key.strip() and equals for key, equals, _value in pairs):
            self.faults.append(f"{name} is not a list of name=value.")
            return {}
        return {key.strip(): unquote(value.strip()) for key, _equals, value in pairs}
