"""deploy/contacts.toml."""

import tomllib
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parent.parent / "contacts.toml"


def escalation() -> list[dict[str, Any]]:
    """Each level with `who`, `after_minutes`, `email`, soonest first."""
    levels: list[dict[str, Any]] = tomllib.loads(PATH.read_text(encoding="utf-8"))["escalation"]
    return sorted(levels, key=lambda level: level["after_minutes"])
