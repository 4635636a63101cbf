import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from hr.clock import Clock


class Command(BaseCommand):
    help = (
        "Carries out what services left to be done: accounts, mail, lost loads, clean-up. Any number of copies may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Do what is due now, and end.")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        clock = Clock()
        if once:
            self.do_what_is_due(clock)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_received: clock.stop.set())
        clock.run()

    def do_what_is_due(self, clock: Clock) -> None:
        if not clock.hold():
            self.stdout.write(_("Another clock is at work."))
            return
        while clock.round():
            pass
        clock.give_back()
