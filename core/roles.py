"""Role -> rights: the whole table, in one place. `manage.py sync_roles` makes the database say the same.

A role is a Django group; its name below is the key, its label what people read. Rights held through a role cover the
whole organisation. `Manager` and `Employee` hold page rights or nothing: what they see follows from who they are.
"""

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ADMINISTRATOR = "Administrator"
HR_MANAGER = "HR manager"
MANAGER = "Manager"
BULK_LOADER = "Bulk loader"
AUDITOR = "Auditor"
EMPLOYEE = "Employee"


@dataclass(frozen=True)
class Role:
    """`rights` maps app.model to the verbs held on it; other codenames stand as they are."""

    label: Promise
    rights: dict[str, str]

    def codenames(self) -> set[tuple[str, str]]:
        """(app label, codename) of every permission of the role."""
        found = set()
        for target, verbs in self.rights.items():
            app, model = target.split(".")
            for verb in verbs.split():
                found.add((app, verb if "_" in verb else f"{verb}_{model}"))
        return found


ROLES = {
    ADMINISTRATOR: Role(
        _("Administrator"),
        {
            "core.user": "view add change assign_role",
            "core.invitation": "view add change",
            "core.usergrant": "view add delete",
            "core.groupgrant": "view add delete",
            "auth.group": "view",
            "core.storedmail": "view",
            "axes.accessattempt": "view delete",
            "axes.accessfailurelog": "view",
            "django_tasks_database.dbtaskresult": "view",
            "hr.employee": "view add change import export invite view_personal_data",
            "hr.orgunit": "view add change delete import export",
            "hr.position": "view add change delete import export",
            "hr.eventkind": "view add change delete",
            "hr.event": "view add change delete export",
            "hr.attendance": "view add change mark import export",
            "hr.attendancecorrection": "view",
            "hr.evaluationform": "view add change",
            "hr.evaluationround": "view add change",
            "hr.evaluation": "view change grade export",
            "hr.changerequest": "view decide",
            "hr.importjob": "view approve",
            "hr.importrow": "view",
            "hr.exportlog": "view",
            "hr.outboxmessage": "view retry repair",
            "hr.notification": "view",
            "hr.storedfile": "view",
            "hr.deniedattempt": "view",
        },
    ),
    HR_MANAGER: Role(
        _("HR manager"),
        {
            "core.user": "view",
            "core.invitation": "view add change",
            "core.usergrant": "view add delete",
            "core.groupgrant": "view add delete",
            "hr.employee": "view add change import export invite view_personal_data",
            "hr.orgunit": "view add change delete import export",
            "hr.position": "view add change delete import export",
            "hr.eventkind": "view add change delete",
            "hr.event": "view add change delete export",
            "hr.attendance": "view add change mark import export",
            "hr.attendancecorrection": "view",
            "hr.evaluationform": "view add change",
            "hr.evaluationround": "view add change",
            "hr.evaluation": "view change grade export",
            "hr.changerequest": "view decide",
            "hr.importjob": "view approve",
            "hr.importrow": "view",
            "hr.exportlog": "view",
            "hr.outboxmessage": "view retry",
            "hr.notification": "view",
        },
    ),
    MANAGER: Role(_("Manager"), {"hr.employee": "export", "hr.attendance": "export", "hr.evaluation": "export"}),
    BULK_LOADER: Role(
        _("Bulk loader"),
        {
            "hr.employee": "view add change import export view_personal_data",
            "hr.orgunit": "view export",
            "hr.position": "view export",
            "hr.eventkind": "view",
            "hr.event": "view",
            "hr.attendance": "view add change mark import export",
        },
    ),
    AUDITOR: Role(
        _("Auditor"),
        {
            "core.user": "view",
            "core.invitation": "view",
            "core.usergrant": "view",
            "core.groupgrant": "view",
            "auth.group": "view",
            "axes.accessattempt": "view",
            "axes.accessfailurelog": "view",
            "hr.employee": "view view_personal_data",
            "hr.orgunit": "view",
            "hr.position": "view",
            "hr.eventkind": "view",
            "hr.event": "view",
            "hr.attendance": "view",
            "hr.attendancecorrection": "view",
            "hr.evaluationform": "view",
            "hr.evaluationround": "view",
            "hr.evaluation": "view",
            "hr.changerequest": "view",
            "hr.importjob": "view",
            "hr.importrow": "view",
            "hr.exportlog": "view",
            "hr.outboxmessage": "view",
            "hr.notification": "view",
            "hr.storedfile": "view",
            "hr.deniedattempt": "view",
        },
    ),
    EMPLOYEE: Role(_("Employee"), {}),
}


def role_label(name: str) -> Promise | str:
    """The role's name in the reader's language; a group that is no role keeps its own name."""
    return ROLES[name].label if name in ROLES else name


def sync_roles() -> None:
    """Make the groups of the table hold exactly its rights. Raises LookupError on a right no model declares."""
    known = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, role in ROLES.items():
        codenames = role.codenames()
        if unknown := codenames - known.keys():
            raise LookupError(f"{name}: no such permission: {sorted(unknown)}")
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set([known[codename] for codename in codenames])
