"""Grants to users and to groups as one list: whose, on what, which, since and until when, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Page, Paginator
from django.db.models import CharField, Q, Value
from django.utils import timezone

from core.grantable import label_of
from core.models import GroupGrant, User, UserGrant

if TYPE_CHECKING:
    from django.db.models import Model

    from core.models.grant import AnyGrant

MODELS: dict[str, type[UserGrant] | type[GroupGrant]] = {"user": UserGrant, "group": GroupGrant}
PER_PAGE = 20


@dataclass(frozen=True)
class GrantRow:
    """One grant as it is shown. `target` is None for a row that is gone, or that the reader does not see."""

    kind: str
    grant: AnyGrant
    target: Model | None

    @property
    def holder(self) -> str:
        return self.grant.holder_name

    @property
    def permission(self) -> str:
        return label_of(self.grant.permission.codename)

    @property
    def state(self) -> str:
        return state_of(self.grant)


def state_of(grant: AnyGrant) -> str:
    """`in_force`, `ended` or `coming`."""
    now = timezone.now()
    if grant.valid_until is not None and grant.valid_until <= now:
        return "ended"
    return "coming" if grant.valid_from > now else "in_force"


def grants_page(*, reaching: Q, holder: User | None, number: str | None, reader: User) -> Page:
    """One page of GrantRows: the grants on rows that `reaching` names, and those the holder has, latest first."""
    parts = []
    for kind, model in MODELS.items():
        held = Q() if holder is None else Q(user=holder) if kind == "user" else Q(group__user=holder)
        wanted = reaching | held if held else reaching
        found = model.objects.filter(wanted).annotate(kind=Value(kind, CharField())).order_by().distinct()
        parts.append(found.values_list("kind", "pk", "valid_from"))
    paginator = Paginator(parts[0].union(parts[1]).order_by("-valid_from", "kind", "-pk"), PER_PAGE)
    page = paginator.get_page(number)
    page.object_list = _rows([(kind, pk) for kind, pk, _since in page.object_list], reader)
    return page


def targets_of(grants: list[AnyGrant], reader: User) -> dict[tuple[int, str], Model]:
    """The rows the grants are on that the reader sees, by content type and key: one query per model."""
    keys: dict[int, set[str]] = defaultdict(set)
    for grant in grants:
        keys[grant.content_type_id].add(grant.object_pk)
    found: dict[tuple[int, str], Model] = {}
    for type_id, object_pks in keys.items():
        model = ContentType.objects.get_for_id(type_id).model_class()
        rows: Any = model._default_manager.filter(pk__in=object_pks) if model else ()
        visible = rows.visible_to(reader) if hasattr(rows, "visible_to") else ()
        found.update(((type_id, str(row.pk)), row) for row in visible)
    return found


def _rows(keys: list[tuple[str, int]], reader: User) -> list[GrantRow]:
    grants: dict[tuple[str, int], Any] = {}
    for kind, model in MODELS.items():
        wanted = [pk for of_kind, pk in keys if of_kind == kind]
        related = model.objects.select_related(kind, "permission", "granted_by", "ended_by")
        grants.update(((kind, grant.pk), grant) for grant in (related.filter(pk__in=wanted) if wanted else ()))
    targets = targets_of(list(grants.values()), reader)
    return [
        GrantRow(kind, grants[kind, pk], targets.get((grants[kind, pk].content_type_id, grants[kind, pk].object_pk)))
        for kind, pk in keys
        if (kind, pk) in grants
    ]
