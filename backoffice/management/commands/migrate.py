from typing import Any

from django.core.management.commands import migrate

from backoffice.routers import BUSINESS_APPS


class Command(migrate.Command):
    """Django's `migrate`, which touches nothing but its own apps in `business`.

    Routers keep tables out of a database, but every app's migrations still run there, and the task queue's ask for
    their table whether it is there or not.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] != "business" or options["app_label"]:
            super().handle(*args, **options)
            return
        for app_label in sorted(BUSINESS_APPS):
            super().handle(*args, **options | {"app_label": app_label, "run_syncdb": False})
