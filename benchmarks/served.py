"""What gunicorn serves for benchmarks/bench_work.py: the program of the settings named, on the databases named.

The settings are `DJANGO_SETTINGS_MODULE`, the databases `BENCH_NAMES`, as JSON by alias.
"""

import json
import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

application = get_wsgi_application()
for alias, name in json.loads(os.environ["BENCH_NAMES"]).items():
    # Of every thread's connection.
    connections.settings[alias]["NAME"] = name
