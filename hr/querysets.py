"""Reads. Every model's `visible_to(user)` is the one answer to "which rows exist for this user"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from core.text import fold
from hr import paths
from hr.scope import facts_of, has_role_right, scope_for

if TYPE_CHECKING:
    from core.models import User


class BusinessQuerySet(models.QuerySet):
    """The common reads. A model without a rule of its own shows rows to who holds its view permission by a role."""

    def visible_to(self, user: User) -> Self:
        return self if has_role_right(user, self._right("view")) else self.none()

    def changeable_by(self, user: User) -> Self:
        return self if has_role_right(user, self._right("change")) else self.none()

    def lock(self, ids: Iterable[int]) -> Self:
        """The named rows, locked until the business transaction ends, in key order so that two callers never cross."""
        return self.filter(pk__in=list(ids)).select_for_update().order_by("pk")

    def _right(self, verb: str) -> str:
        return f"{self.model._meta.app_label}.{verb}_{self.model._meta.model_name}"


class EmployeeQuerySet(BusinessQuerySet):
    def visible_to(self, user: User) -> Self:
        return self._within(user, "hr.view_employee")

    def changeable_by(self, user: User) -> Self:
        return self._within(user, "hr.change_employee")

    def personal_to(self, user: User) -> Self:
        """Those whose personal data the user may see."""
        return self._within(user, "hr.view_personal_data")

    def active(self) -> Self:
        return self.filter(status="active")

    def search(self, term: str, *, user: User) -> Self:
        """Every word must occur in the name, code or e-mail, or in personal data the user may see."""
        rows, personal = self, scope_for(user, "hr.view_personal_data")
        for word in fold(term).split():
            found = Q(search_text__contains=word)
            if personal.everything:
                found |= Q(search_personal__contains=word)
            elif personal:
                found |= Q(search_personal__contains=word, pk__in=personal.employee_ids)
            rows = rows.filter(found)
        return rows

    def in_subtree(self, unit_path: str) -> Self:
        """Members of a unit and of all units below it."""
        units = self.model._meta.get_field("org_unit").related_model._base_manager
        ids = units.filter(path__gte=unit_path, path__lt=paths.after(unit_path)).values_list("pk", flat=True)
        return self.filter(org_unit_id__in=list(ids))

    def _within(self, user: User, permission: str) -> Self:
        scope = scope_for(user, permission)
        return self if scope.everything else self.filter(pk__in=scope.employee_ids)


class UnitOfEmployeesQuerySet(BusinessQuerySet):
    """Units and positions: role holders see all, others those of the employees they see."""

    employee_field: str
    name_field: str

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        return self.filter(pk__in=self._employees().visible_to(user).values(self.employee_field))

    def search(self, term: str, *, user: User) -> Self:
        """Every word must occur in the code or the name, whatever the accents and case.

        The names are folded here: they are few, and the engines do not agree on how.
        """
        words = fold(term).split()
        names = self.order_by().values_list("pk", "code", self.name_field)
        return self.filter(pk__in=[pk for pk, *texts in names if _all_in(words, fold(" ".join(texts)))])

    def with_people(self, user: User) -> Self:
        """Adds `people`: how many who work here the user sees in each row."""
        people = self._employees().visible_to(user).exclude(status="terminated").order_by()
        of_row = people.filter(**{self.employee_field: OuterRef("pk")}).values(self.employee_field)
        counted = of_row.annotate(people=Count("pk")).values("people")
        return self.annotate(people=Coalesce(Subquery(counted), 0))

    def _employees(self) -> EmployeeQuerySet:
        return self.model._meta.get_field("employees").related_model.objects.all()


class OrgUnitQuerySet(UnitOfEmployeesQuerySet):
    employee_field = "org_unit_id"
    name_field = "name"

    def subtree(self, path: str) -> Self:
        """The unit with this path and all below it."""
        return self.filter(path__gte=path, path__lt=paths.after(path))


class PositionQuerySet(UnitOfEmployeesQuerySet):
    employee_field = "position_id"
    name_field = "title"


class OwnedQuerySet(BusinessQuerySet):
    """Rows that belong to one user and are shown to him and to who holds the view permission by a role."""

    owner_field: str

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        return self._own(user)

    def changeable_by(self, user: User) -> Self:
        return self._own(user)

    def _own(self, user: User) -> Self:
        return self.filter(**{self.owner_field: user.pk}) if facts_of(user).may_act else self.none()


class ImportJobQuerySet(OwnedQuerySet):
    owner_field = "created_by_id"


class ImportRowQuerySet(OwnedQuerySet):
    owner_field = "job__created_by_id"


class StoredFileQuerySet(OwnedQuerySet):
    owner_field = "owner_id"


class NotificationQuerySet(OwnedQuerySet):
    owner_field = "user_id"


class OutboxMessageQuerySet(BusinessQuerySet):
    pass


def _all_in(words: Iterable[str], text: str) -> bool:
    return all(word in text for word in words)
