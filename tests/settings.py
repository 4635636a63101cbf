"""The product's settings, as APP_ENV=testing, and quick."""

import os

os.environ["APP_ENV"] = "testing"

from backoffice.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Each test's client starts the middleware anew, and whitenoise would look at all static files then.
WHITENOISE_AUTOREFRESH = True
