"""One verb for many rows: a batch at a time, so that memory is bounded, in one transaction, so that all change or none.

What a rule compares within a call (two units of which one is below the other) it compares within a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User

ROWS_A_BATCH = 5_000
# What one request may change, and hold locked, until it answers.
MOST_ROWS = 20_000


def require_few(ids: Sequence[int]) -> None:
    """Raise DomainError for more rows than are changed at once."""
    if len(ids) > MOST_ROWS:
        limit = number_format(MOST_ROWS, force_grouping=True)
        message = _("At most %(limit)s records are changed at once. Narrow the list down by its filters.")
        raise DomainError(message % {"limit": limit})


@business_atomic
def in_batches(
    service: Callable[..., Any], ids: Sequence[int], *, actor: User | None, values: dict[str, Any]
) -> int | None:
    """How many rows `service(ids, actor=…, **values)` changed, None if it does not say."""
    require_few(ids)
    done: int | None = 0
    for batch in batched(ids, ROWS_A_BATCH):
        found = service(list(batch), actor=actor, **values)
        done = None if found is None or done is None else done + (found if isinstance(found, int) else len(found))
    return done
