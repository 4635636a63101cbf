from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from core.context import changing
from core.roles import sync_roles
from hr.demo.accounts import ENVIRONMENTS, PASSWORD, create_manager_accounts, create_missing_accounts
from hr.demo.company import found_company
from hr.demo.life import live, wants_life
from hr.models import Employee
from hr.services.evaluation_forms import default_form


class Command(BaseCommand):
    help = "Fills an empty demo with a company and one account for each role. What is there stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--employees", type=int, default=300, help="how many people work there (default 300)")
        parser.add_argument("--units", type=int, help="how many units there are (default: teams of forty)")
        parser.add_argument("--managers", type=int, default=0, help="accounts for so many heads of units (default 0)")
        parser.add_argument("--without-events", action="store_true", help="people and accounts only")

    def handle(
        self,
        *args: Any,
        employees: int,
        units: int | None,
        managers: int,
        without_events: bool = False,
        **options: Any,
    ) -> None:
        if settings.APP_ENV not in ENVIRONMENTS:
            raise CommandError(
                _("Demo data would leave known passwords in APP_ENV=%(environment)s.")
                % {"environment": settings.APP_ENV}
            )
        if employees < 1:
            raise CommandError(_("A company has at least one employee."))
        sync_roles()
        if Employee.objects.exists():
            self.stdout.write(_("There are employees already: none were added."))
        else:
            with changing(source="cli"):
                made = found_company(employees, units_in_all=units, actor=None)
            self.stdout.write(_("%(employees)d employees, %(units)d units, %(positions)d positions.") % made)
        with changing(source="cli"):
            default_form()
        if managers:
            count = create_manager_accounts(managers)
            self.stdout.write(_("%(count)d managers got an account; user names are the codes.") % {"count": count})
        accounts = [user.username for user in create_missing_accounts()]
        if accounts:
            self.stdout.write(
                _("Accounts: %(names)s; the password of each is %(password)s.")
                % {"names": ", ".join(accounts), "password": PASSWORD}
            )
        else:
            self.stdout.write(_("All accounts exist already."))
        if not without_events and wants_life():
            with changing(source="cli"):
                self.stdout.write(_("%(count)d events.") % {"count": live()})
