from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice import messages


class Command(BaseCommand):
    help = "Collects the texts into locale/ and compiles the translations. Leaves new texts untranslated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; fail if a translation is missing.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        keys = messages.collect(settings.BASE_DIR)
        if not check:
            for language in messages.LANGUAGES:
                messages.update(settings.BASE_DIR, language, keys)
        faults = messages.source_faults(keys - messages.borrowed(settings.BASE_DIR))
        for language in messages.LANGUAGES:
            faults += messages.faults(settings.BASE_DIR, language, keys)
        for fault in faults:
            self.stderr.write(fault)
        if check and faults:
            raise CommandError(f"{len(faults)} faults in the translations; `make messages` collects new texts.")
        self.stdout.write(f"{len(keys)} texts, {len(faults)} faults.")
