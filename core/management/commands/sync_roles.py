from django.core.management.base import BaseCommand

from core.roles import ROLES, sync_roles


class Command(BaseCommand):
    help = "Make the roles in the database hold exactly the rights of core/roles.py."

    def handle(self, *args, **options):
        sync_roles()
        self.stdout.write(f"{len(ROLES)} roles are in step with core/roles.py.")
