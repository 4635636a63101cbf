"""The entry point gunicorn loads: `gunicorn -c deploy/gunicorn.conf.py backoffice.wsgi`."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from backoffice.checks import StartRefused

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")

try:
    application = get_wsgi_application()
except StartRefused as refusal:
    sys.exit(str(refusal))
