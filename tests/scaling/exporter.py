"""Changes something and exports it at once, again and again: `exporter.py ROUNDS FILE`.

Prints `{"rounds": …, "stale": how many files lacked the change made just before, "slowest": seconds of an export}`.
"""

import json
import sys
import time
from pathlib import Path

import django
from django.db import close_old_connections

django.setup()

from hr.loading.kinds import KINDS  # noqa: E402
from hr.services.exports import export_to_path  # noqa: E402
from hr.services.positions import NewPosition, create_positions  # noqa: E402

rounds, path = int(sys.argv[1]), Path(sys.argv[2])
stale, times = 0, []
for number in range(rounds):
    close_old_connections()
    code = f"X{number}-{time.time_ns()}"
    create_positions([NewPosition(code=code, title=f"Position {code}")], actor=None)
    began = time.monotonic()
    export_to_path(KINDS["positions"], path, user=None)
    times.append(time.monotonic() - began)
    stale += code not in path.read_text(encoding="utf-8-sig")
print(json.dumps({"rounds": rounds, "stale": stale, "slowest": round(max(times), 2)}))
