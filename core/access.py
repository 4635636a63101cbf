"""Grants as plain lists of ids. The only module that asks guardian; its stock checker ignores the dates of a grant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.utils import timezone
from guardian.backends import ObjectPermissionBackend, check_support
from guardian.core import ObjectPermissionChecker
from guardian.ctypes import get_content_type

from core.models import GroupGrant, User, UserGrant
from core.models.grant import GrantQuerySet


class GrantChecker(ObjectPermissionChecker):
    """guardian's checker, counting only the grants in force."""

    def get_user_perms(self, obj: Model):
        return self._codenames(self._user_grants(), [str(obj.pk)], obj)

    def get_group_perms(self, obj: Model):
        return self._codenames(self._group_grants(), [str(obj.pk)], obj)

    def prefetch_perms(self, objects: Iterable[Model]) -> bool:
        """Two queries for any number of `objects` of one model; later checks of them cost none."""
        rows = list(objects)
        if not rows:
            return False
        content_type = get_content_type(rows[0])
        keys = {str(row.pk): (content_type.id, str(row.pk)) for row in rows}
        for key in keys.values():
            self._obj_perms_cache.setdefault(key, [])
        sources = [self._group_grants()] + ([self._user_grants()] if self.user else [])
        for grants in sources:
            found = grants.in_force().filter(content_type=content_type, object_pk__in=list(keys))
            for object_pk, codename in found.values_list("object_pk", "permission__codename"):
                self._obj_perms_cache[keys[object_pk]].append(codename)
        return True

    def _user_grants(self) -> GrantQuerySet:
        return UserGrant.objects.filter(user=self.user)

    def _group_grants(self) -> GrantQuerySet:
        if self.user:
            return GroupGrant.objects.filter(group__in=self.user.groups.all())
        return GroupGrant.objects.filter(group=self.group)

    @staticmethod
    def _codenames(grants: GrantQuerySet, object_pks: Sequence[str], obj: Model):
        found = grants.in_force().filter(content_type=get_content_type(obj), object_pk__in=object_pks)
        return found.values_list("permission__codename", flat=True)


class GrantBackend(ObjectPermissionBackend):
    """`user.has_perm(permission, obj)` by grants in force. Superusers are answered by the login backend."""

    def has_perm(self, user_obj: User, perm: str, obj: Any = None) -> bool:
        supported, user = check_support(user_obj, obj)
        if not supported:
            return False
        app_label, _, codename = perm.rpartition(".")
        if app_label and app_label != get_content_type(obj).app_label:
            return False
        return codename in GrantChecker(user).get_perms(obj)

    def get_group_permissions(self, user_obj: User, obj: Any = None) -> set[str]:
        supported, user = check_support(user_obj, obj)
        return set(GrantChecker(user).get_group_perms(obj)) if supported else set()

    def get_all_permissions(self, user_obj: User, obj: Any = None) -> set[str]:
        supported, user = check_support(user_obj, obj)
        return set(GrantChecker(user).get_perms(obj)) if supported else set()


def grant(
    permission: str,
    to: User | Group,
    obj: Model,
    *,
    granted_by: User | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    reason: str = "",
) -> UserGrant | GroupGrant:
    """Give `to` the permission (a codename of obj's model) on `obj`; a second call renews the first.

    Raises Permission.DoesNotExist if the model of `obj` has no such permission.
    """
    content_type = get_content_type(obj)
    right = Permission.objects.get(content_type=content_type, codename=permission.rpartition(".")[2])
    values = {
        "content_type": content_type,
        "valid_from": valid_from or timezone.now(),
        "valid_until": valid_until,
        "reason": reason,
        "granted_by": granted_by,
        "ended_by": None,
    }
    model, holder = (GroupGrant, "group") if isinstance(to, Group) else (UserGrant, "user")
    given, _ = model.objects.update_or_create(
        **{holder: to}, permission=right, object_pk=str(obj.pk), defaults=values, create_defaults=values
    )
    return given


def revoke(permission: str, of: User | Group, obj: Model) -> int:
    """Take the permission on `obj` away; returns how many grants went (0 or 1)."""
    model, holder = (GroupGrant, "group") if isinstance(of, Group) else (UserGrant, "user")
    grants = model.objects.filter(
        **{holder: of},
        content_type=get_content_type(obj),
        object_pk=str(obj.pk),
        permission__codename=permission.rpartition(".")[2],
    )
    return grants.delete()[0]


def end(grant: UserGrant | GroupGrant, *, by: User | None) -> None:
    """Let a grant hold no longer: it stays as a record of what was. One that has not begun leaves none."""
    end_each(type(grant).objects.filter(pk=grant.pk), by=by)


def end_each(grants: GrantQuerySet, *, by: User | None) -> int:
    """As `end`; returns how many had not ended yet."""
    now = timezone.now()
    running = grants.exclude(valid_until__lte=now)
    never_held, _by_model = running.filter(valid_from__gte=now).delete()
    return never_held + running.filter(valid_from__lt=now).update(valid_until=now, ended_by=by)


def end_all(user: User, *, begun_by: datetime | None) -> int:
    """End what was granted to the user himself, with `begun_by` only what began by then; returns how many grants."""
    return _end_each(UserGrant.objects.filter(user=user), begun_by)


def end_all_on(row: Model, permission: str, *, begun_by: datetime | None) -> int:
    """End this permission on the row, whoever holds it; otherwise as `end_all`."""
    wanted = {"content_type": get_content_type(row), "object_pk": str(row.pk), "permission__codename": permission}
    return _end_each(UserGrant.objects.filter(**wanted), begun_by)


def _end_each(grants: GrantQuerySet, begun_by: datetime | None) -> int:
    if begun_by is not None:
        grants = grants.filter(valid_from__lte=begun_by)
    return end_each(grants, by=None)


def granted_ids(user: User, permission: str, model: type[Model]) -> list[int]:
    """Keys of the rows of `model` on which the user holds the permission now, by himself or by a group."""
    if not user.is_active:
        return []
    content_type = get_content_type(model)
    wanted = {"content_type": content_type, "permission__codename": permission.rpartition(".")[2]}
    mine = UserGrant.objects.in_force().filter(user=user, **wanted).values_list("object_pk", flat=True)
    ours = GroupGrant.objects.in_force().filter(group__user=user, **wanted).values_list("object_pk", flat=True)
    return sorted({int(key) for key in [*mine, *ours]})


@dataclass(frozen=True)
class HeldGrant:
    """One permission on one row: `model` is the row's, in lower case."""

    model: str
    codename: str
    object_id: int


def held_grants(user: User, app_label: str) -> list[HeldGrant]:
    """Everything the user holds now on rows of the app, by himself or by a group: one query."""
    columns = ("content_type__model", "permission__codename", "object_pk")
    mine = UserGrant.objects.in_force().filter(user=user, content_type__app_label=app_label)
    ours = GroupGrant.objects.in_force().filter(group__user=user, content_type__app_label=app_label)
    found = mine.order_by().values_list(*columns).union(ours.order_by().values_list(*columns))
    return [HeldGrant(model, codename, int(object_pk)) for model, codename, object_pk in found]


def holders(permission: str, rows: Sequence[Model]) -> dict[int, set[int]]:
    """Keys of the users who hold the permission on each of these rows of one model now, by the row's key."""
    found: dict[int, set[int]] = {row.pk: set() for row in rows}
    if not found:
        return found
    wanted = {
        "content_type": get_content_type(rows[0]),
        "object_pk__in": [str(key) for key in found],
        "permission__codename": permission.rpartition(".")[2],
    }
    mine = UserGrant.objects.in_force().filter(**wanted).values_list("object_pk", "user_id")
    ours = GroupGrant.objects.in_force().filter(**wanted).values_list("object_pk", "group__user")
    for object_pk, user_id in [*mine, *ours]:
        if user_id is not None:
            found[int(object_pk)].add(user_id)
    return found


def checker_for(user: User, objects: Iterable[Model] = ()) -> GrantChecker:
    """A checker whose answers for `objects` are already read."""
    checker = GrantChecker(user)
    checker.prefetch_perms(objects)
    return checker


def forget(model: type[Model], keys: Iterable[int]) -> int:
    """Delete every grant on the named rows, which no longer exist."""
    target = {"content_type": get_content_type(model), "object_pk__in": [str(key) for key in keys]}
    return UserGrant.objects.filter(**target).delete()[0] + GroupGrant.objects.filter(**target).delete()[0]


def clean_orphans(batch: int = 1000) -> int:
    """Delete grants whose row is gone, whatever database it was in; returns how many."""
    gone = 0
    for grants, keys in orphans(batch):
        gone += grants.objects.filter(pk__in=keys).delete()[0]
    return gone


def orphans(batch: int = 1000) -> Iterator[tuple[type[UserGrant] | type[GroupGrant], list[int]]]:
    """Keys of the grants whose row is gone, a batch at a time, by their model."""
    for grants in (UserGrant, GroupGrant):
        for type_id in list(grants.objects.order_by().values_list("content_type_id", flat=True).distinct()):
            for keys in _orphans_of(grants, type_id, batch):
                yield grants, keys


def _orphans_of(grants: type[UserGrant] | type[GroupGrant], type_id: int, batch: int) -> Iterator[list[int]]:
    last = ""
    model = grants(content_type_id=type_id).content_type.model_class()
    targets = grants.objects.filter(content_type_id=type_id).order_by("object_pk")
    while keys := list(targets.filter(object_pk__gt=last).values_list("object_pk", flat=True).distinct()[:batch]):
        last = keys[-1]
        found = [] if model is None else model._base_manager.filter(pk__in=keys).values_list("pk", flat=True)
        alive = set(map(str, found))
        if gone := [key for key in keys if key not in alive]:
            yield list(targets.filter(object_pk__in=gone).values_list("pk", flat=True))


def unended(permission: str = "") -> GrantQuerySet:
    """Grants to users that hold or will hold, of any permission or of this codename."""
    grants = UserGrant.objects.exclude(valid_until__lte=timezone.now())
    return grants.filter(permission__codename=permission) if permission else grants
