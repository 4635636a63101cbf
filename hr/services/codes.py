"""Codes for employees who come without one, by `settings.EMPLOYEE_CODE_PATTERN` (`EMP-#####`: five digits or more)."""

import re

from django.conf import settings

from hr.models import Employee
from hr.services.rows import hold


def next_codes(count: int, *, taken: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """The next free codes. `taken` are codes the caller is about to write besides.

    To be called within a service: until its transaction ends, nobody else is given codes.
    """
    if not count:
        return []
    hold("hr.codes")
    prefix, digits, suffix = re.split("(#+)", settings.EMPLOYEE_CODE_PATTERN)
    numbered = re.compile(re.escape(prefix) + "([0-9]+)" + re.escape(suffix))
    codes = [*Employee.objects.filter(code__istartswith=prefix).order_by().values_list("code", flat=True), *taken]
    highest = max((int(match[1]) for match in map(numbered.fullmatch, codes) if match), default=0)
    return [f"{prefix}{number:0{len(digits)}}{suffix}" for number in range(highest + 1, highest + 1 + count)]
