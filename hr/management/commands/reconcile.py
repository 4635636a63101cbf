import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from hr.services import outbox
from hr.services.checks import CHECKS
from hr.services.reconcile import compare

MOST = 1000
CARRIED_OUT_AT_ONCE = 500


class Command(BaseCommand):
    help = "Compares both databases: accounts, rights, messages, seats. Ends with 1 on a difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--carry-out", action="store_true", help="Carry out first what waits for the clock; it mails nothing."
        )
        parser.add_argument("--json", action="store_true", help="Write what was found as JSON.")

    def handle(self, *args: Any, carry_out: bool, json: bool, **options: Any) -> None:
        while carry_out and outbox.expand_due(limit=CARRIED_OUT_AT_ONCE):
            pass
        findings = compare(CHECKS, most=MOST)
        different = [finding for finding in findings if finding.differences]
        if json:
            self.stdout.write(as_json(findings))
        else:
            for finding in different:
                self.stdout.write(f"{finding.check.label}:")
                for difference in finding.differences:
                    self.stdout.write(f"  {difference.about}")
                if finding.more:
                    self.stdout.write("  " + _("and more"))
            if not different:
                self.stdout.write(_("Both databases agree."))
        if different:
            raise SystemExit(1)


def as_json(findings: Any) -> str:
    found = {
        finding.name: {
            "differences": [{"key": row.key, "about": row.about} for row in finding.differences],
            "more": finding.more,
        }
        for finding in findings
    }
    return json.dumps({"agree": not any(row["differences"] for row in found.values()), "checks": found}, indent=2)
