"""Backup and restore as an administrator starts them, with exactly these variables."""

import json
import subprocess

from tests.backoffice.conftest import SYSTEM
from tests.deploy.conftest import ROOT


class Recovery:
    """`folder` is BACKUP_DIR."""

    def __init__(self, folder, **variables):
        self.folder = folder
        self.variables = SYSTEM | {"ENV_FILE": "none", "APP_ENV": "local", "BACKUP_DIR": str(folder)} | variables

    def start(self, command, *options, **variables):
        return subprocess.Popen(
            [str(ROOT / "deploy" / command), *options],
            env=self.variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command, *options, **variables):
        """The end of it and what it said, both streams together."""
        process = self.start(command, *options, **variables)
        said = "".join(process.communicate(timeout=120))
        return process.returncode, said

    def well(self, command, *options, **variables):
        code, said = self.run(command, *options, **variables)
        assert code == 0, said
        return said

    def names(self):
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def newest(self):
        return self.folder / self.names()[-1]

    def manifest(self):
        return json.loads((self.newest() / "manifest.json").read_text())
