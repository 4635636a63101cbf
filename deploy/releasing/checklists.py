"""The plan's three checklists, item by item: who answers for each, and what opens it."""

from dataclasses import dataclass
from typing import Literal

When = Literal["before", "during", "after"]


@dataclass(frozen=True)
class Item:
    """`by` says whether this program finds out for itself, or a person signs. An `excusable` one may be left open for a
    reason that is recorded; the others say that the new colour would not serve."""

    name: str
    when: When
    text: str
    by: Literal["program", "person"]
    mend: str
    excusable: bool = True

    @property
    def blocks(self) -> bool:
        """Whether the switch to production waits for it."""
        return self.when != "after"


VERIFY, WATCH = "run `bluegreen verify {version}`", "run `bluegreen watch`"
ITEMS = [
    Item("unit-tests", "before", "Unit tests pass, coverage above 80 %", "person", "see the run of CI for this tag"),
    Item("integration-tests", "before", "Integration tests pass", "person", "see the run of CI on the servers"),
    Item("code-review", "before", "Code review approved", "person", "see the pull requests"),
    Item("documentation", "before", "Documentation up to date", "person", "read docs/ and CHANGELOG.md"),
    Item("backup", "before", "Backup of the databases", "program", "run deploy/backup"),
    Item("notice", "before", "Stakeholders notified", "person", "write to them"),
    Item("staging", "during", "Deployed to staging", "person", "deploy it there first"),
    Item("critical-functions", "during", "Critical functions work", "program", VERIFY, False),
    Item("performance", "during", "Performance as it should be", "program", VERIFY, False),
    Item("approval", "during", "Deployment to production approved", "person", "ask the product owner"),
    Item("migrations", "during", "Databases migrated", "program", "run `bluegreen deploy {version}`", False),
    Item("health", "during", "Health checks pass", "program", VERIFY, False),
    Item("watched", "after", "Metrics watched for 30 minutes", "program", WATCH),
    Item("error-logs", "after", "Logs looked through for errors", "program", WATCH),
    Item("critical-functions-live", "after", "Critical functions work, live", "program", WATCH),
    Item("success-notice", "after", "Stakeholders told of the success", "person", "write to them"),
    Item("version-documentation", "after", "Documentation names the version", "person", "write it there"),
]
BY_NAME = {item.name: item for item in ITEMS}


def how_to_mend(item: Item, version: str) -> str:
    hint = item.mend.format(version=version)
    if item.by == "program":
        return f"{hint[0].upper()}{hint[1:]}."
    return f'{hint[0].upper()}{hint[1:]}; then sign: bluegreen sign {version} {item.name} --by "NAME".'
