"""Codes for rows that come without one: employees by `settings.EMPLOYEE_CODE_PATTERN`, events by EVENT_CODE_PATTERN.

In a pattern `#####` stands for five digits or more.
"""

import re

from django.conf import settings

from hr.models import Employee, Event
from hr.models.base import BusinessModel
from hr.services.rows import hold

EVENT_CODE_PATTERN = "EV-#####"


def next_codes(count: int, *, taken: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """The next free codes of employees. `taken` are codes the caller is about to write besides.

    To be called within a service: until its transaction ends, nobody else is given codes.
    """
    return _next(Employee, settings.EMPLOYEE_CODE_PATTERN, count, taken)


def next_event_codes(count: int, *, taken: set[str] | frozenset[str] = frozenset()) -> list[str]:
    return _next(Event, EVENT_CODE_PATTERN, count, taken)


def _next(model: type[BusinessModel], pattern: str, count: int, taken: set[str] | frozenset[str]) -> list[str]:
    if not count:
        return []
    hold("hr.codes")
    prefix, digits, suffix = re.split("(#+)", pattern)
    numbered = re.compile(re.escape(prefix) + "([0-9]+)" + re.escape(suffix))
    codes = [*model.objects.filter(code__istartswith=prefix).order_by().values_list("code", flat=True), *taken]
    highest = max((int(match[1]) for match in map(numbered.fullmatch, codes) if match), default=0)
    return [f"{prefix}{number:0{len(digits)}}{suffix}" for number in range(highest + 1, highest + 1 + count)]
