import csv
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from core.context import changing
from core.errors import DomainError
from core.models import Invitation, User
from core.roles import ADMINISTRATOR, sync_roles
from core.services import invitations
from core.services.users import create_user
from hr.models import OrgUnit
from hr.services.evaluation_forms import default_form
from hr.services.org_units import NewOrgUnit, create_org_units

ROOT_UNIT = settings.BASE_DIR / "fixtures" / "root_unit.csv"


class Command(BaseCommand):
    help = "Gives an empty installation its roles, a root unit and a first administrator, who is invited by e-mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin-email", required=True, help="where the invitation goes")
        parser.add_argument("--admin-username", default="admin", help="the name to log in with (default admin)")
        parser.add_argument("--admin-name", default="", help="the full name")

    def handle(self, *args: Any, admin_email: str, admin_username: str, admin_name: str, **options: Any) -> None:
        sync_roles()
        self.stdout.write(_("The roles are in place."))
        self.stdout.write(ensure_root_unit())
        with changing(source="cli"):
            self.stdout.write(_("%(form)s is ready to be asked.") % {"form": default_form()})
        try:
            self.stdout.write(ensure_administrator(admin_email.strip().lower(), admin_username, admin_name))
        except DomainError as error:
            raise CommandError(str(error)) from error


def ensure_root_unit() -> str:
    """Create the unit of fixtures/root_unit.csv unless there are units; says what was done."""
    if OrgUnit.objects.exists():
        return _("There are units already.")
    with ROOT_UNIT.open(encoding="utf-8", newline="") as file:
        rows = [NewOrgUnit(code=row["Código"], name=row["Nombre"]) for row in csv.DictReader(file)]
    with changing(source="cli"):
        (root,) = create_org_units(rows, actor=None)
    return _("Root unit %(unit)s created; rename it as you like.") % {"unit": root}


def ensure_administrator(email: str, username: str, full_name: str) -> str:
    """Create and invite the first administrator, or invite again whom no mail reached; says what was done.

    Raises DomainError if another account is the administrator, or holds the e-mail or the user name.
    """
    administrators = User.objects.filter(groups__name=ADMINISTRATOR, is_active=True)
    user = administrators.filter(email=email).first()
    if user is None:
        if other := administrators.first():
            raise DomainError(
                _("%(user)s is an administrator already and can invite others.") % {"user": other.username}
            )
        user = create_user(
            actor=None, roles=[ADMINISTRATOR], username=username, email=email, full_name=full_name or username
        )
        return _("%(user)s is invited at %(email)s.") % {"user": user.username, "email": email}
    if user.has_usable_password():
        return _("%(user)s is an administrator already.") % {"user": user.username}
    on_the_way = [Invitation.Delivery.PENDING, Invitation.Delivery.SENT]
    if Invitation.objects.open().filter(user=user, delivery__in=on_the_way).exists():
        return _("%(user)s has an invitation already.") % {"user": user.username}
    invitations.prepare([user], actor=None)
    return _("%(user)s is invited again at %(email)s.") % {"user": user.username, "email": email}
