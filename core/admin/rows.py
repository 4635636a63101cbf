from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

# SQLite answers a larger one with an error, the servers with no row.
LARGEST_KEY = 2**63 - 1


def rows_for(user: Any, rows: QuerySet) -> QuerySet:
    """The rows that exist for the user; a third party's model, which has no rule, is guarded by permissions alone."""
    visible_to = getattr(rows, "visible_to", None)
    return visible_to(user) if visible_to else rows


def is_key(model: type[Model], text: Any) -> bool:
    """Whether a row of the model could have this key: anything else in a request would break the page."""
    try:
        key = model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return not isinstance(key, int) or abs(key) <= LARGEST_KEY


def keys_among(model: type[Model], texts: Iterable[str]) -> list[int]:
    """The keys that a request names, without what no row of the model could have."""
    return [int(text) for text in texts if text.isdecimal() and is_key(model, text)]
