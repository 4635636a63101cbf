"""Who is changing data, and from where: one contextvar that history rows are stamped from."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ChangeContext:
    """`source` is one of ui, import, self-service, job, cli."""

    user_id: int | None = None
    user_name: str = ""
    source: str = ""
    request_id: str = ""
    job_id: int | None = None


_current: ContextVar[ChangeContext] = ContextVar("change_context", default=ChangeContext())  # noqa: B039  (it is frozen)


def current_change() -> ChangeContext:
    return _current.get()


@contextmanager
def changing(**values: object) -> Iterator[ChangeContext]:
    """Set the named parts of the context within the block; the others keep their value."""
    context = replace(_current.get(), **values)  # type: ignore[arg-type]
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
