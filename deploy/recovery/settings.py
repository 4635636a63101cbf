"""What backup and restore are told: the program's own variables, and those that begin with BACKUP_ (docs/backup.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice import databases
from backoffice.env import Environment
from recovery.database import Database
from recovery.embedded import SQLite
from recovery.errors import Failed
from recovery.servers import Address, MySQL, PostgreSQL

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """`databases` are identity and business; an empty `copy_command`, no `recipients` and no folder mean: not that."""

    databases: dict[str, Database]
    version: str
    folder: Path
    recipients: list[str]
    key_file: Path | None
    keep_days: int
    keep_at_least: int
    copy_command: str
    metrics_folder: Path | None


def load_settings() -> Settings:
    """Raises Failed with all that is wrong."""
    env = Environment.load(ROOT)
    settings = Settings(
        databases=_databases(env),
        version=tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        folder=Path(env.text("BACKUP_DIR", "/var/backups/evaltrack")),
        recipients=env.items("BACKUP_RECIPIENTS"),
        key_file=_path(env, "BACKUP_KEY_FILE"),
        keep_days=env.number("BACKUP_KEEP_DAYS", 14, least=1),
        keep_at_least=env.number("BACKUP_KEEP_AT_LEAST", 7, least=1),
        copy_command=env.text("BACKUP_COPY_COMMAND"),
        metrics_folder=_path(env, "BACKUP_METRICS_DIR"),
    )
    if env.faults:
        raise Failed("\n".join(env.faults))
    return settings


def _path(env: Environment, name: str) -> Path | None:
    return Path(env.text(name)) if env.text(name) else None


def _databases(env: Environment) -> dict[str, Database]:
    if env.choice("DB_CONNECTION", ["pgsql", "sqlite"], "sqlite") == "sqlite":
        if env.text("APP_ENV") in {"qa", "staging", "production"}:
            raise Failed(f"APP_ENV={env.text('APP_ENV')}, and DB_CONNECTION is not pgsql.")
        # A relative folder is one of the program's, as in its settings.
        files = databases.sqlite(ROOT / env.text("APP_DATA_DIR", "data"))
        return {"identity": SQLite(files["default"]["NAME"]), "business": SQLite(files["business"]["NAME"])}
    rows = databases.servers(env)
    return {"identity": PostgreSQL(_address(rows["default"])), "business": MySQL(_address(rows["business"]))}


def _address(row: Mapping[str, Any]) -> Address:
    session = row["OPTIONS"].get("target_session_attrs", "any")
    return Address(row["HOST"], row["PORT"], row["NAME"], row["USER"], row["PASSWORD"], session)
