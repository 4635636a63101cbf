"""Files that go out. Each is logged; small ones stream at once, large ones the worker makes and keeps for a week."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.replica import read_from_replica
from hr.loading import export_jobs
from hr.loading.export import FORMATS, Export
from hr.loading.kinds import KINDS, Kind
from hr.models import ExportLog
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State = ExportLog.State
# Up to so many rows the file goes out with the answer to the request.
AT_ONCE_ROWS = 5000
REPORT, RESULTS = "report", "results"
# Which right opens the files that are no list of rows.
_RIGHTS = {REPORT: "hr.export_attendance", RESULTS: "hr.export_evaluation"}


@dataclass(frozen=True)
class Asked:
    """`what` is the name of a kind of rows, REPORT or RESULTS; `query` that of the page it was asked from; `columns`
    are field names.
    """

    what: str
    format: str
    file_name: str
    query: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a file is that the worker makes; None where it is not known yet."""

    done: int
    to_do: int
    percent: int
    rate: int | None
    seconds_left: int | None


def stream(asked: Asked, pieces: Iterable[bytes], *, rows: Callable[[], int], actor: User | None) -> Iterator[bytes]:
    """The pieces as they are, logged: that they were asked for now, with `rows()` and hash when the last has gone."""
    return _watched(_begin(asked, actor=actor).pk, pieces, rows)


def ask(asked: Asked, *, actor: User) -> ExportLog:
    """Have the worker make a file. Raises NotAllowed."""
    require_export(KINDS[asked.what], actor)
    return _ask(asked, actor=actor)


@business_atomic
def cancel(log_id: int, *, actor: User) -> ExportLog:
    """Stop making a file. Raises NotFound for another's, InvalidTransition unless the worker is at it."""
    row = ExportLog.objects.changeable_by(actor).select_for_update().filter(pk=log_id).first()
    if row is None:
        raise NotFound()
    if row.state != State.RUNNING or row.heartbeat_at is None:
        raise InvalidTransition(_("This export is %(state)s.") % {"state": row.get_state_display()})
    row.state, row.finished_at = State.CANCELLED, timezone.now()
    write([row], ["state", "finished_at"])
    return row


def may_download(row: ExportLog, user: User) -> bool:
    """The file is its owner's alone, while it is kept and he may still export such rows."""
    own = row.created_by_id == user.pk and row.state == State.DONE and row.file_id is not None
    return own and user.has_perm(right_of(row.what))


def right_of(what: str) -> str:
    return KINDS[what].right("export") if what in KINDS else _RIGHTS.get(what, "")


def require_export(kind: Kind, actor: User) -> None:
    if not actor.has_perm(kind.right("export")):
        raise NotAllowed(_("You may not export rows of this kind."))


def progress_of(row: ExportLog) -> Progress:
    """By the pace so far."""
    seconds = (timezone.now() - row.started_at).total_seconds() if row.started_at else 0
    rate = round(row.rows_done / seconds) if seconds >= 1 and row.rows_done else None
    left = round((row.rows - row.rows_done) / rate) if rate and row.rows > row.rows_done else None
    percent = min(100 * row.rows_done // row.rows, 100) if row.rows else 0
    return Progress(row.rows_done, row.rows, percent, rate, left)


def export_to_path(kind: Kind, path: Path, *, user: User | None, dry_run: bool = False) -> int:
    """Write all rows the user sees to the file, whose ending names the format; returns how many."""
    format_ = path.suffix.lower().removeprefix(".")
    if format_ not in FORMATS:
        raise DomainError(_("The file's name must end in .xlsx or .csv."))
    export = Export(kind, kind.model.objects.order_by("-pk" if kind.of_events else "pk"), user=user)
    if dry_run:
        return export.count()
    asked = Asked(kind.name, format_, path.name[-255:], columns=tuple(export.columns))
    with path.open("wb") as file:
        for piece in stream(asked, export.file(format_), rows=lambda: export.written, actor=user):
            file.write(piece)
    return export.written


def _watched(log_id: int, pieces: Iterable[bytes], rows: Callable[[], int]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    try:
        for piece in read_from_replica(pieces):
            digest.update(piece)
            yield piece
    except GeneratorExit:
        _end(log_id, {"state": State.CANCELLED, "rows_done": rows(), "error": _("The download broke off.")})
        raise
    except Exception:
        _end(log_id, {"state": State.FAILED, "rows_done": rows(), "error": _("Something went wrong here.")})
        raise
    count = rows()
    _end(log_id, {"state": State.DONE, "rows": count, "rows_done": count, "sha256": digest.hexdigest()})


@business_atomic
def _begin(asked: Asked, *, actor: User | None) -> ExportLog:
    return ExportLog.objects.create(**_values(asked, actor))


@business_atomic
def _ask(asked: Asked, *, actor: User) -> ExportLog:
    row = ExportLog.objects.create(**_values(asked, actor), heartbeat_at=timezone.now())
    export_jobs.wake_later(row.pk)
    return row


def _values(asked: Asked, actor: User | None) -> dict[str, Any]:
    return {
        "what": asked.what,
        "format": asked.format,
        "query": asked.query,
        "columns": list(asked.columns),
        "file_name": asked.file_name[-255:],
        "language": (get_language() or "es")[:2],
        "created_by_id": actor.pk if actor else None,
        "created_by_name": str(actor)[:200] if actor else "",
    }


@business_atomic
def _end(log_id: int, values: dict[str, Any]) -> None:
    row = ExportLog.objects.select_for_update().filter(pk=log_id).first()
    if row is not None:
        for name, value in values.items():
            setattr(row, name, value)
        row.finished_at = timezone.now()
        write([row], [*values, "finished_at"])
