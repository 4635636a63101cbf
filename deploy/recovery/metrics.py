"""Figures for the textfile collector of the node exporter: docs/operations.md."""

import os
from collections.abc import Mapping
from pathlib import Path


def write_metrics(folder: Path | None, name: str, figures: Mapping[str, tuple[float, str]]) -> None:
    """Replaces the file of that name in one step. `figures`: value and meaning by metric. No folder, no file."""
    if folder is None:
        return
    lines = [
        f"# HELP {metric} {meaning}\n# TYPE {metric} gauge\n{metric} {value}\n"
        for metric, (value, meaning) in figures.items()
    ]
    # The collector reads names that end in .prom alone.
    new = folder / f"{name}.prom.new"
    new.write_text("".join(lines), encoding="utf-8")
    new.chmod(0o644)
    os.replace(new, folder / f"{name}.prom")
