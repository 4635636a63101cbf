import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
KEY = "base64:" + "k" * 44
# What every process needs besides our variables, wherever Python and its libraries are installed.
SYSTEM = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
# A start that nothing is wrong with, and that reaches no server.
PRODUCTION = {
    "APP_ENV": "production",
    "APP_KEY": KEY,
    "APP_URL": "https://people.example.com",
    "DB_CONNECTION": "pgsql",
    "DB_PGSQL_HOST": "127.0.0.1",
    "DB_PGSQL_PORT": "1",
    "DB_PGSQL_PASSWORD": "a long secret",
    "DB_HOST": "127.0.0.1",
    "DB_PORT": "1",
    "DB_PASSWORD": "another secret",
    "MAIL_HOST": "127.0.0.1",
}

needs_mysql_driver = pytest.mark.skipif(
    importlib.util.find_spec("MySQLdb") is None, reason="needs the MySQL driver: make .venv/.mysql"
)


@pytest.fixture
def settings_of(monkeypatch, tmp_path):
    """Reads backoffice/settings.py anew, with exactly these variables."""

    def read(**variables):
        with monkeypatch.context() as patch:
            for name in set(os.environ) - set(SYSTEM):
                patch.delenv(name)
            for name, value in ({"ENV_FILE": "none", "APP_DATA_DIR": str(tmp_path)} | variables).items():
                patch.setenv(name, str(value))
            return SimpleNamespace(**runpy.run_path(str(ROOT / "backoffice" / "settings.py")))

    return read


@pytest.fixture
def manage(tmp_path):
    """Runs manage.py in a process of its own, with exactly these variables."""

    def run(*arguments, timeout=60, **variables):
        environment = SYSTEM | {"ENV_FILE": "none", "APP_DATA_DIR": str(tmp_path)} | variables
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
