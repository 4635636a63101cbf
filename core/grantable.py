"""What may be granted on single records. Apps say it of their models when they start; core knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q
from django.utils.functional import Promise

if TYPE_CHECKING:
    from core.models import User


@dataclass(frozen=True)
class Grantable:
    """The permissions of one model that may be granted on a row of it.

    `labels` names them to people, `suggested` are ticked at first. `holds(user, codename, row)` says whether somebody
    holds one himself. `reaches(row)` finds the grants that reach the row, its own and those on rows above it, and
    `held_by(row)` the account that the row stands for, if it is a person.
    """

    model: type[Model]
    labels: Mapping[str, Promise]
    suggested: tuple[str, ...]
    holds: Callable[[User, str, Any], bool]
    reaches: Callable[[Any], Q]
    held_by: Callable[[Any], User | None] = field(default=lambda row: None)


_grantables: dict[type[Model], Grantable] = {}
# Permissions that a page of its own gives, with their names.
_other_labels: dict[str, Promise] = {}


def register(grantable: Grantable) -> None:
    _grantables[grantable.model] = grantable


def name_permission(codename: str, label: Promise) -> None:
    _other_labels[codename] = label


def grantable_of(model: type[Model]) -> Grantable | None:
    return _grantables.get(model)


def label_of(codename: str) -> str:
    """What people call a permission; its codename if nobody named it."""
    for grantable in _grantables.values():
        if codename in grantable.labels:
            return str(grantable.labels[codename])
    return str(_other_labels.get(codename, codename))


def on(row: Model) -> Q:
    """Grants on this very row."""
    return Q(content_type=ContentType.objects.get_for_model(row), object_pk=str(row.pk))
