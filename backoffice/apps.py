from typing import Any

import axes.apps
from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _
from django_tasks_db.apps import TasksAppConfig

from backoffice.checks import refuse_faulty_start


class BackofficeConfig(AppConfig):
    """The composition root: it imports everything, and nothing imports it."""

    name = "backoffice"

    def ready(self) -> None:
        refuse_faulty_start(settings.APP_ENV, settings.FAULTS)
        if settings.SENTRY_DSN:
            # A process that reports nothing need not load the SDK.
            from backoffice.error_reports import report_errors

            report_errors(
                settings.SENTRY_DSN,
                environment=settings.APP_ENV,
                version=settings.APP_VERSION,
                colour=settings.APP_COLOUR,
            )
        connection_created.connect(prefer_index_order, dispatch_uid="backoffice.prefer_index_order")


class BackofficeAdminConfig(AdminConfig):
    default_site = "backoffice.site.BackofficeSite"

    def ready(self) -> None:
        super().ready()
        from backoffice.select2 import load_translation  # imports widgets, which apps must be ready for

        load_translation()


class LoginsConfig(axes.apps.AppConfig):
    """axes under a name that says what it is."""

    verbose_name = _("Logins")


class TaskQueueConfig(TasksAppConfig):
    verbose_name = _("Background tasks")  # type: ignore[assignment]


def knows_join_limit(version: tuple[int, ...]) -> bool:
    """Whether this MariaDB has `optimizer_join_limit_pref_ratio`, which came with four releases at once."""
    for first in [(10, 6, 20), (10, 11, 10), (11, 2, 6), (11, 4, 4)]:
        if version[:2] == first[:2]:
            return version >= first
    return version >= (11, 5)


def prefer_index_order(connection: Any, **kwargs: Any) -> None:
    """Keep MariaDB from sorting a million joined rows where the ORDER BY … LIMIT has an index.

    Not an `init_command`: servers without the variable would refuse the connection.
    """
    if connection.vendor == "mysql" and connection.mysql_is_mariadb and knows_join_limit(connection.mysql_version):
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION optimizer_join_limit_pref_ratio = 50")
