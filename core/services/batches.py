"""Many rows by one request: a batch at a time, so that memory is bounded, and no more than may stay locked so long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import batched

from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from core.errors import DomainError

ROWS_A_BATCH = 5_000
# What one request may change, and hold locked, until it answers.
MOST_ROWS = 20_000


def few_keys(rows: QuerySet, field: str = "pk") -> list[int]:
    """What the rows have in the field, each once. Raises DomainError for more than are changed at once."""
    keys = list(rows.order_by().values_list(field, flat=True).distinct()[: MOST_ROWS + 1])
    require_few(keys)
    return keys


def require_few(ids: Sequence[int]) -> None:
    """Raise DomainError for more rows than are changed at once."""
    if len(ids) > MOST_ROWS:
        limit = number_format(MOST_ROWS, force_grouping=True)
        message = _("At most %(limit)s records are changed at once. Narrow the list down by its filters.")
        raise DomainError(message % {"limit": limit})


def batches_of(ids: Sequence[int]) -> Iterator[list[int]]:
    """The keys, some thousand at a time. Raises DomainError for more rows than are changed at once."""
    require_few(ids)
    return map(list, batched(ids, ROWS_A_BATCH))
