"""What keeps the back office from starting: every fault of the configuration and of the servers, in one message."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from backoffice.env import Environment

SHORTEST_KEY = 50
SECRETS = ["DB_PGSQL_PASSWORD", "DB_PASSWORD", "REDIS_PASSWORD", "MAIL_PASSWORD", "MONITORING_TOKEN"]
OLDEST = {"PostgreSQL": (14,), "MySQL": (8, 0, 11), "MariaDB": (10, 6)}


class StartRefused(ImproperlyConfigured):
    """The configuration or a server is not fit to start on. The text names every fault."""

    def __init__(self, environment: str, faults: Iterable[str]):
        lines = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__(
            f"Cannot start with APP_ENV={environment}:{lines}\nEvery variable is explained in .env.example."
        )


def key_faults(key: str, *, required: bool) -> list[str]:
    if not key:
        return ["APP_KEY is missing; `make key` prints a new one."] if required else []
    if "your-app-key" in key:
        return ["APP_KEY is the example's; `make key` prints a new one."]
    if len(key) < SHORTEST_KEY:
        return [f"APP_KEY has {len(key)} characters, {SHORTEST_KEY} are needed; `make key` prints a new one."]
    return []


def password_faults(env: Environment, names: Iterable[str]) -> list[str]:
    """Passwords nobody chose: the examples' `…_here` and `password`."""
    return [
        f"{name} is an example's password."
        for name in names
        if (value := env.secret(name).lower()) == "password" or value.endswith("_here")
    ]


def protected_faults(env: Environment, *, debug: bool, url: str, connection: str) -> list[str]:
    """What qa, staging and production may not run with."""
    faults = password_faults(env, SECRETS)
    if debug:
        faults.append("APP_DEBUG=true shows the code to everybody.")
    if urlsplit(url).scheme != "https":
        faults.append(f"APP_URL={url} does not begin with https://.")
    if connection != "pgsql":
        faults.append("DB_CONNECTION must be pgsql: PostgreSQL for identity and MySQL or MariaDB for business data.")
    return faults


def version_fault(product: str, found: str) -> str:
    """One sentence when the server is too old, otherwise an empty text."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", found)[:3])
    needed = OLDEST[product]
    if numbers >= needed:
        return ""
    return f"{product} {'.'.join(map(str, numbers))} found, {'.'.join(map(str, needed))} or newer needed."


def server_fault(connection: Any) -> str:
    """Asks the server for its version on a connection of its own. One that does not answer is not a fault: a web
    process may come up before its database does."""
    try:
        raw = connection.get_new_connection(connection.get_connection_params())
    except connection.Database.Error:
        return ""
    try:
        if connection.vendor == "postgresql":
            return version_fault("PostgreSQL", f"{raw.info.server_version // 10000}.{raw.info.server_version % 10000}")
        found = raw.get_server_info()
        # Before 11, MariaDB put "5.5.5-" before its version for the sake of old replicas.
        return version_fault("MariaDB" if "MariaDB" in found else "MySQL", found.removeprefix("5.5.5-"))
    finally:
        raw.close()


def server_faults() -> list[str]:
    faults = []
    for alias in [DEFAULT_DB_ALIAS, "business"]:
        try:
            connection = connections[alias]
        except ImproperlyConfigured as error:
            reason = str(error).splitlines()[0]
            faults.append(f"The driver of {alias} is missing ({reason}); requirements-mysql.txt installs MySQL's.")
            continue
        if connection.vendor != "sqlite":
            faults.append(server_fault(connection))
    return list(filter(None, faults))


def refuse_faulty_start(environment: str, faults: Iterable[str]) -> None:
    """Raise StartRefused if anything is wrong with the settings or the servers."""
    if all_faults := [*faults, *server_faults()]:
        raise StartRefused(environment, all_faults)
