"""Codes for rows that come without one: employees by `settings.EMPLOYEE_CODE_PATTERN`, events by EVENT_CODE_PATTERN.

In a pattern `#####` stands for five digits or more.
"""

import re
from collections.abc import Set
from itertools import batched

from django.conf import settings

from hr.models import Employee, Event
from hr.models.base import BusinessModel
from hr.services.rows import hold
from hr.services.writing import BATCH

EVENT_CODE_PATTERN = "EV-#####"


def next_codes(count: int, *, taken: Set[str] = frozenset()) -> list[str]:
    """The next free codes of employees. `taken` are codes the caller is about to write besides.

    To be called within a service: until its transaction ends, nobody else is given codes.
    """
    return _next(Employee, settings.EMPLOYEE_CODE_PATTERN, count, taken)


def next_event_codes(count: int, *, taken: Set[str] = frozenset()) -> list[str]:
    return _next(Event, EVENT_CODE_PATTERN, count, taken)


class CodeMaker:
    """Makes codes of employees again and again, in transactions one after the other, and looks at all codes only once.

    `taken` are codes that are about to be written besides.
    """

    def __init__(self, *, taken: Set[str]) -> None:
        self.taken = taken
        self.highest = 0

    def next(self, count: int) -> list[str]:
        """As `next_codes`."""
        pattern = settings.EMPLOYEE_CODE_PATTERN
        hold("hr.codes")
        while True:
            if not self.highest:
                self.highest = _highest(Employee, pattern, self.taken)
            codes = _numbered(pattern, self.highest, count)
            # Somebody else may have been given codes since.
            if not any(Employee.objects.filter(code__in=part).exists() for part in batched(codes, BATCH)):
                self.highest += count
                return codes
            self.highest = 0


def _next(model: type[BusinessModel], pattern: str, count: int, taken: Set[str]) -> list[str]:
    if not count:
        return []
    hold("hr.codes")
    return _numbered(pattern, _highest(model, pattern, taken), count)


def _highest(model: type[BusinessModel], pattern: str, taken: Set[str]) -> int:
    """The highest number that a code of the pattern has."""
    prefix, _digits, suffix = re.split("(#+)", pattern)
    numbered = re.compile(re.escape(prefix) + "([0-9]+)" + re.escape(suffix))
    codes = [*model.objects.filter(code__istartswith=prefix).order_by().values_list("code", flat=True), *taken]
    return max((int(match[1]) for match in map(numbered.fullmatch, codes) if match), default=0)


def _numbered(pattern: str, above: int, count: int) -> list[str]:
    prefix, digits, suffix = re.split("(#+)", pattern)
    return [f"{prefix}{number:0{len(digits)}}{suffix}" for number in range(above + 1, above + 1 + count)]
