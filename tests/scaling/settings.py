"""The product's settings with business data on the server of `DB_*`, which is what is tried, and identity in a file."""

from backoffice.settings import *  # noqa: F403
from backoffice.settings import APP_DATA_DIR, databases, env

DATABASES = databases.sqlite(APP_DATA_DIR) | {"business": databases.servers(env)["business"]}
