"""One verb for many rows, in one transaction, so that all change or none.

What a rule compares within a call (two units of which one is below the other) it compares within a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.services.batches import batches_of
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User


@business_atomic
def in_batches(
    service: Callable[..., Any], ids: Sequence[int], *, actor: User | None, values: dict[str, Any]
) -> int | None:
    """How many rows `service(ids, actor=…, **values)` changed, None if it does not say.

    Raises DomainError for too many.
    """
    done: int | None = 0
    for batch in batches_of(ids):
        found = service(batch, actor=actor, **values)
        done = None if found is None or done is None else done + (found if isinstance(found, int) else len(found))
    return done
