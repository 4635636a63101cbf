import logging
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connections

from core.tracebacks import kind_of

logger = logging.getLogger("backoffice.worker")

SECONDS_BETWEEN_TRIES = 2


class Command(BaseCommand):
    help = "Runs background tasks, and keeps on when a database goes away (`db_worker` ends then)."

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                call_command("db_worker", reload=False)
                return  # asked to stop in mid-task, it comes back when that is done
            except (OperationalError, InterfaceError) as error:
                logger.warning("The worker lost a database and tries again: %s", kind_of(error))
            connections.close_all()
            time.sleep(SECONDS_BETWEEN_TRIES)
