from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from hr.demo.workbook import write_sample_workbook


class Command(BaseCommand):
    help = "Writes an Excel file of new employees to try a load with."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="the file to write")
        parser.add_argument("--rows", type=int, default=10_000, help="how many employees (default 10000)")

    def handle(self, *args: Any, path: str, rows: int, **options: Any) -> None:
        write_sample_workbook(path, rows)
        self.stdout.write(_("%(path)s: %(rows)s employees.") % {"path": path, "rows": rows})
