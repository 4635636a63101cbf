"""`journalctl` of the drill: the lines that units wrote, from the files where the stand-in for systemd keeps them.

Run as `python -I -S journalctl.py FOLDER ARGUMENTS…`; of those it knows `--unit=` and `--since=@SECONDS`.
"""

import datetime
import fnmatch
import json
import pathlib
import sys

folder, arguments = pathlib.Path(sys.argv[1]), sys.argv[2:]
patterns = [word.partition("=")[2] for word in arguments if word.startswith("--unit=")]
since = max((float(word.partition("=@")[2]) for word in arguments if word.startswith("--since=@")), default=0.0)


def is_old(line):
    try:
        return datetime.datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp() < since
    except (ValueError, KeyError, TypeError):
        return False


for path in sorted(folder.glob("*.log")):
    if any(fnmatch.fnmatch(f"{path.stem}.service", pattern) for pattern in patterns):
        for line in path.read_text(errors="replace").splitlines():
            if not is_old(line):
                print(line)
