"""What people do with the program in the working folder: `smoke.py ready walk hire` says what came of each, as JSON.

Each release is asked by its own copy of this file, so that it may use what its program has.
"""

import json
import os
import sys
import time
from datetime import date
from typing import Any

sys.path[0] = os.getcwd()

import django  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.contrib import admin  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from core.models import User  # noqa: E402
from hr.demo.accounts import PASSWORD  # noqa: E402
from hr.models import Employee, OrgUnit  # noqa: E402
from hr.services.employees import NewEmployee, hire_employees  # noqa: E402


def ready() -> int:
    """The status of /health/ready, once it has seen both databases: its first look may take longer than it waits.

    Another one of a program that has no such page.
    """
    browser = Client(headers={"authorization": f"Bearer {os.environ['MONITORING_TOKEN']}"})
    for _ in range(20):
        answer = browser.get("/health/ready")
        if answer.status_code not in (200, 503) or all(
            check["status"] != "down" for check in answer.json()["checks"].values()
        ):
            break
        time.sleep(0.5)
    return answer.status_code


def walk() -> dict[str, int]:
    """After a login as the administrator, the status of every list and of the page of its first row."""
    browser = Client(headers={"host": "localhost"})
    answer = browser.post(reverse("admin:login"), {"username": "admin", "password": PASSWORD})
    statuses = {"login": answer.status_code}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        statuses[model._meta.label] = browser.get(reverse(f"{name}_changelist")).status_code
        first = model._default_manager.order_by("pk").first()
        if first is not None:
            statuses[f"{model._meta.label}/1"] = browser.get(reverse(f"{name}_change", args=[first.pk])).status_code
    return statuses


def hire() -> str:
    """One person more, by the service that all surfaces call; returns the code."""
    unit = OrgUnit.objects.order_by("pk").first()
    person = NewEmployee(first_name="Dora", last_name="Díaz", hired_on=date(2026, 1, 2), org_unit_id=unit.pk)
    (hired,) = hire_employees([person], actor=User.objects.get(username="admin"))
    return Employee.objects.get(pk=hired.pk).code


def said(verb: str) -> Any:
    """What the verb returns, or {"broken": the error}."""
    try:
        return {"ready": ready, "walk": walk, "hire": hire}[verb]()
    except Exception as error:
        return {"broken": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    print(json.dumps({verb: said(verb) for verb in sys.argv[1:]}))  # noqa: T201
