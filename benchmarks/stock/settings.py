"""Django's admin as its tutorial sets it up: the same models and databases, nothing of ours around them.

`BENCH_NAMES` holds the names of the databases as JSON, `BENCH_OPTIMIZER=1` has MariaDB stop joining early.
"""

import json
import os

from backoffice.settings import *  # noqa: F403
from backoffice.settings import DATABASES, INSTALLED_APPS, TEMPLATES

OURS = {"backoffice.apps.BackofficeConfig", "backoffice.apps.BackofficeAdminConfig", "backoffice.apps.LoginsConfig"}
INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",
    *(app for app in INSTALLED_APPS if app not in OURS and not app.startswith("unfold")),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
TEMPLATES = [{**TEMPLATES[0], "DIRS": []}]
ROOT_URLCONF = "benchmarks.stock.urls"
# Elsewhere a date hierarchy fails until somebody loads the time zones into MariaDB.
TIME_ZONE = "UTC"

for alias, name in json.loads(os.environ.get("BENCH_NAMES", "{}")).items():
    DATABASES[alias]["NAME"] = name
if os.environ.get("BENCH_OPTIMIZER"):
    DATABASES["business"]["OPTIONS"]["init_command"] = "SET optimizer_join_limit_pref_ratio = 50"
