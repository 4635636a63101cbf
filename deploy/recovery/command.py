"""How both commands begin and end."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from recovery.errors import Failed


def main(command: Callable[[], None]) -> None:
    """Runs it for this user's eyes only; ends with 1 and its reason when it failed, and tidies up when told to stop."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        command()
    except Failed as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")
    except BrokenPipeError:
        sys.exit(f"{Path(sys.argv[0]).stem}: A program ended before it had read all.")
    except OSError as error:
        sys.exit(f"{Path(sys.argv[0]).stem}: {error}")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (what these commands are for)
