"""Rows point at others: a unit at its head, a person at the boss. One that the user does not see must not be named."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from core.admin.rows import rows_for


class Unseen:
    """Stands where a related row would, for a reader who does not see it. Its empty key makes no link."""

    pk = ""

    def __str__(self) -> str:
        return _("not visible to you")


def hide(rows: Sequence[Model], names: Iterable[str], user: Any) -> None:
    """Let the named relations of the rows lead to nothing the user does not see; one query per relation at most."""
    for name in names:
        field = rows[0]._meta.get_field(name) if rows else None
        keys = {getattr(row, field.attname) for row in rows} - {None} if field else set()
        if not keys:
            continue
        every = field.remote_field.model._default_manager.all()
        visible = rows_for(user, every)
        if visible is every:
            continue
        seen = set(visible.filter(pk__in=keys).values_list("pk", flat=True))
        for row in rows:
            if getattr(row, field.attname) in keys - seen:
                row._state.fields_cache[field.name] = Unseen()


def hidden_on(row: Model) -> list[str]:
    """The relations of the row that were hidden."""
    return [name for name, value in row._state.fields_cache.items() if isinstance(value, Unseen)]
