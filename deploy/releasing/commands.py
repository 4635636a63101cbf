"""Programs that are run."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from releasing.errors import Failed


def run(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    given: str | None = None,
    timeout: float | None = None,
) -> str:
    """What it wrote to its output. Raises Failed, with what it said, unless it ended with 0 in time."""
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(variables or {})},
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise Failed(f"{command[0]} cannot be run: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command)} did not end within {timeout:g} s") from error
    if result.returncode != 0:
        said = "\n".join(f"{result.stdout}\n{result.stderr}".strip().splitlines()[-15:])
        raise Failed(f"{' '.join(command)} ended with {result.returncode}: {said or 'it said nothing'}")
    return result.stdout


def succeeds(command: Sequence[str]) -> bool:
    """Whether it ends with 0. Raises Failed where there is no such program."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError as error:
        raise Failed(f"{command[0]} cannot be run: {error}") from error
