"""Whether there is a backup to go back to."""

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path


def newest(folder: Path) -> Path | None:
    """The newest backup: a folder with a manifest, which is written last. They are named by their time."""
    return max(folder.glob("*/manifest.json"), key=lambda path: path.parent.name, default=None)


def fault_of(folder: Path, *, hours: float, moment: datetime) -> str:
    """What is wrong with the newest backup, as a sentence; '' if it is fresh, and each file is as it was written."""
    manifest = newest(folder)
    if manifest is None:
        return f"There is no backup in {folder}."
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        made_at = datetime.fromisoformat(said["made_at"])
        files = {name: row["sha256"] for name, row in said["files"].items()}
        age = moment - made_at
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{manifest} does not say what it should ({error.__class__.__name__}: {error})."
    if age > timedelta(hours=hours):
        return f"The newest backup, {manifest.parent}, is {in_words(age)} old; {hours:g} hours are allowed."
    if age < timedelta(minutes=-5):
        return f"The newest backup, {manifest.parent}, is from the future: {said['made_at']}."
    if not files:
        return f"{manifest} names no file."
    for name, wanted in files.items():
        try:
            with (manifest.parent / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"A file of the newest backup cannot be read: {error}."
        if found != wanted:
            return f"{manifest.parent / name} is not what was written: its checksum differs."
    return ""


def in_words(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} hours"
