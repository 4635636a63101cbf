from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from core.roles import ROLES, sync_roles


class Command(BaseCommand):
    help = "Make the roles in the database hold exactly the rights of core/roles.py."

    def handle(self, *args, **options):
        sync_roles()
        self.stdout.write(_("%(count)d roles are in step with core/roles.py.") % {"count": len(ROLES)})
