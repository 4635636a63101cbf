"""Files to try a load with, offered on the pages of demo and local."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings

from hr.demo.workbook import write_sample_workbook

LARGE = "employees_10000.xlsx"
SAMPLES = {
    "employees": ("employees_good.csv", "employees_faulty.csv", "employees_cp1252_semicolon.csv", LARGE),
    "units": ("org_units.csv",),
    "positions": ("positions.csv",),
    "attendance": (),
}


def sample_names(kind: str) -> tuple[str, ...]:
    """What is offered for a kind of file (ImportJob.Resource); nothing outside demo and local."""
    return SAMPLES[kind] if settings.APP_ENV in {"demo", "local"} else ()


def sample_path(name: str) -> Path:
    """Where the sample lies; the large one is made when it is first asked for."""
    if name != LARGE:
        return Path(settings.BASE_DIR) / "fixtures" / name
    path = Path(settings.APP_DATA_DIR) / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, suffix=".xlsx", delete=False) as unfinished:
            write_sample_workbook(unfinished)
        os.replace(unfinished.name, path)
    return path
