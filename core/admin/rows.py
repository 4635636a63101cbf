from typing import Any

from django.db.models import QuerySet


def rows_for(user: Any, rows: QuerySet) -> QuerySet:
    """The rows that exist for the user; a third party's model, which has no rule, is guarded by permissions alone."""
    visible_to = getattr(rows, "visible_to", None)
    return visible_to(user) if visible_to else rows
