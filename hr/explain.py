"""Why somebody sees an employee, or does not: the rules of hr/scope.py, each with what makes it hold, in words.

What it says names nobody whom the user does not see: heads and bosses named here are himself, people below him, or
those for whom he stands in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.grantable import grantable_of, label_of
from core.models import GroupGrant, UserGrant
from core.models.grant import AnyGrant
from core.roles import ROLES, role_label
from core.services.users import roles_of
from hr import paths
from hr.models import Employee, OrgUnit
from hr.rights import CHANGE, DELEGATION, EMPLOYEE_GRANTS, MANAGER_RIGHTS, PERSONAL, SELF_RIGHTS, UNIT_GRANTS, VIEW
from hr.scope import facts_of, has_role_right

if TYPE_CHECKING:
    from datetime import datetime

    from core.models import User

RIGHTS = {
    VIEW: gettext_lazy("see"),
    CHANGE: gettext_lazy("change"),
    PERSONAL: gettext_lazy("see personal data"),
}


@dataclass(frozen=True)
class Reason:
    """One rule that holds: `rule` is role, self, head, line or grant; `rights` are those of RIGHTS that it gives."""

    rule: str
    rights: frozenset[str]
    text: str

    @property
    def gives(self) -> str:
        """The rights in words."""
        return ", ".join(str(label) for right, label in RIGHTS.items() if right in self.rights)


def explain(user: User, employee: Employee) -> list[Reason]:
    """The rules by which the user has rights on the employee now; none if he does not see him: seeing comes first."""
    if not facts_of(user).may_act:
        return []
    reasons = [
        *_by_role(user),
        *_by_self(user, employee),
        *_by_headship(user, employee),
        *_by_line(user, employee),
        *_by_grant(user, employee),
    ]
    return reasons if any(VIEW in reason.rights for reason in reasons) else []


def obstacles(user: User, employee: Employee) -> list[str]:
    """What keeps the user from the employee, or would if nothing else let him: for those who look after access."""
    found = []
    if not user.is_active:
        found.append(_("The account of %(user)s is switched off.") % {"user": user})
    own = Employee.objects.filter(uid=user.employee_uid).first() if user.employee_uid else None
    if user.employee_uid and not _is_active(own):
        found.append(_("%(user)s is no active employee, and so holds no right at all.") % {"user": user})
    now = timezone.now()
    sees = bool(explain(user, employee))
    for grant, right in [*_grants_reaching(user, employee), *_delegations_reaching(user, employee)]:
        if grant.valid_until is not None and grant.valid_until <= now:
            found.append(_("Ended: %(grant)s") % {"grant": _told(grant)})
        elif grant.valid_from > now:
            found.append(_("Not yet: %(grant)s") % {"grant": _told(grant)})
        elif right == DELEGATION and not _is_active(manager := grant.content_object):
            found.append(_("%(user)s is no active employee, and so holds no right at all.") % {"user": manager})
        elif right in RIGHTS and facts_of(user).may_act and not sees:
            found.append(_told(grant))  # seeing comes first, and it does not let him see
    return found


def _by_role(user: User) -> Iterator[Reason]:
    held = frozenset(right for right in RIGHTS if has_role_right(user, right))
    if user.is_superuser:
        yield Reason("role", held, _("Superuser."))
        return
    for name in roles_of(user):
        rights = held & {f"{app}.{codename}" for app, codename in ROLES[name].codenames()}
        if rights:
            yield Reason("role", rights, _("Role: %(role)s.") % {"role": role_label(name)})


def _by_self(user: User, employee: Employee) -> Iterator[Reason]:
    if facts_of(user).employee_id == employee.pk:
        yield Reason("self", SELF_RIGHTS, _("Everybody sees his or her own record."))


def _by_headship(user: User, employee: Employee) -> Iterator[Reason]:
    facts = facts_of(user)
    above = OrgUnit.objects.filter(pk__in=paths.ids(employee.org_unit.path), head__in=facts.managers)
    for unit in above.select_related("head").order_by("-path"):
        values = {"head": unit.head, "unit": unit, "part": employee.org_unit}
        if unit.pk == employee.org_unit_id:
            text = _("%(head)s heads %(unit)s.") % values
        else:
            text = _("%(head)s heads %(unit)s, and %(part)s is below it.") % values
        yield Reason("head", MANAGER_RIGHTS, _with_delegation(user, unit.head, text))


def _by_line(user: User, employee: Employee) -> Iterator[Reason]:
    facts = facts_of(user)
    line = Employee.objects.bosses_of(employee.pk) if facts.bosses else []
    for place, boss in enumerate(line):
        if boss.pk in facts.bosses:
            named = " → ".join(str(person) for person in [employee, *line[: place + 1]])
            text = _("Reporting line: %(line)s.") % {"line": named}
            yield Reason("line", MANAGER_RIGHTS, _with_delegation(user, boss, text))


def _by_grant(user: User, employee: Employee) -> Iterator[Reason]:
    now = timezone.now()
    for grant, right in _grants_reaching(user, employee):
        if grant.valid_from <= now and (grant.valid_until is None or grant.valid_until > now):
            rights = frozenset({right} & RIGHTS.keys())
            if rights:
                yield Reason("grant", rights, _told(grant))


def _grants_reaching(user: User, employee: Employee) -> list[tuple[AnyGrant, str]]:
    """The grants of the user that reach the employee, in force or not, with the right each gives."""
    grantable = grantable_of(Employee)
    assert grantable is not None
    reaching = grantable.reaches(employee)
    given = EMPLOYEE_GRANTS | UNIT_GRANTS
    own = UserGrant.objects.filter(reaching, user=user).select_related("permission", "granted_by")
    ours = GroupGrant.objects.filter(reaching, group__user=user).select_related("permission", "granted_by", "group")
    grants: list[AnyGrant] = [*own.order_by("pk"), *ours.order_by("pk")]
    return [(grant, given[grant.permission.codename]) for grant in grants if grant.permission.codename in given]


def _delegations_reaching(user: User, employee: Employee) -> list[tuple[AnyGrant, str]]:
    """Those to the user of managers who answer for the employee, in force or not."""
    heads = OrgUnit.objects.filter(pk__in=paths.ids(employee.org_unit.path)).exclude(head=None)
    managers = {boss.pk for boss in Employee.objects.bosses_of(employee.pk)} | set(heads.values_list("head", flat=True))
    wanted = Q(permission__codename=DELEGATION, object_pk__in=[str(key) for key in managers])
    own = UserGrant.objects.filter(wanted, user=user).select_related("permission", "granted_by")
    return [(grant, DELEGATION) for grant in own.order_by("pk")]


def _is_active(employee: Employee | None) -> bool:
    return employee is not None and employee.status == Employee.Status.ACTIVE


def _told(grant: AnyGrant) -> str:
    """The grant in one sentence."""
    values: dict[str, object] = {
        "what": label_of(grant.permission.codename),
        "where": grant.content_object,
        "period": _period(grant.valid_from, grant.valid_until),
        "reason": grant.reason or "–",
        "who": grant.granted_by or "–",
    }
    if isinstance(grant, GroupGrant):
        values["group"] = role_label(grant.group.name)
        return _("Group %(group)s was granted on %(where)s: %(what)s; %(period)s, by %(who)s: %(reason)s") % values
    return _("Granted on %(where)s: %(what)s; %(period)s, by %(who)s: %(reason)s") % values


def _with_delegation(user: User, manager: Employee, text: str) -> str:
    """Says so where the user only stands in for the manager whom the text is about."""
    if manager.pk == facts_of(user).employee_id:
        return text
    now = timezone.now()
    held = UserGrant.objects.in_force(now).filter(
        Q(user=user), permission__codename=DELEGATION, object_pk=str(manager.pk)
    )
    grant = (
        held.first()
        or GroupGrant.objects.in_force(now)
        .filter(group__user=user, permission__codename=DELEGATION, object_pk=str(manager.pk))
        .first()
    )
    if grant is None:
        return text
    values = {"manager": manager, "period": _period(grant.valid_from, grant.valid_until), "text": text}
    return _("Standing in for %(manager)s, %(period)s: %(text)s") % values


def _period(since: datetime, until: datetime | None) -> str:
    begins, ends = (date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else "" for at in (since, until))
    if until is None:
        return _("from %(begins)s on") % {"begins": begins}
    return _("from %(begins)s to %(ends)s") % {"begins": begins, "ends": ends}


def told_rights(reasons: Iterable[Reason]) -> list[str]:
    """Every right that some rule gives, in words."""
    held = frozenset().union(*(reason.rights for reason in reasons))
    return [str(label) for right, label in RIGHTS.items() if right in held]
