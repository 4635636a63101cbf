"""Large exports: the row of the log says what is to be made, and `run` makes it, in whatever process.

Each run takes the row by its version and holds it as long as that stays. One that is killed leaves nothing behind but
its row, and the next begins again.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.errors import DomainError, NotAllowed
from core.replica import reading_from_replica
from hr.loading.export import Export
from hr.loading.kinds import KINDS, Kind
from hr.loading.xlsx import LAST_ROW
from hr.models import ExportLog
from hr.services import files, outbox
from hr.services.writing import DATABASE, business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State = ExportLog.State
FILE_KEPT = timedelta(days=7)
STALLED_AFTER = timedelta(minutes=3)
BEAT_SECONDS = 1
# A file that has killed so many workers kills the next one, too.
MOST_RUNS = 10
# A download whose process was killed is never ended by it.
LONGEST_DOWNLOAD = timedelta(days=1)

# (kind, query string of the list, user) -> the rows that the list shows him.
RowsOf = Callable[[Kind, str, "User"], QuerySet]

log = logging.getLogger(__name__)


class _NotMine(Exception):
    """The export was cancelled, or another process has taken it over."""


def wake_later(log_id: int) -> None:
    """Have the worker make the file once the current transaction has committed."""
    from hr.tasks import run_export  # the task imports this module

    transaction.on_commit(partial(run_export.enqueue, log_id), using=DATABASE)


def run(log_id: int, rows_of: RowsOf) -> None:
    """Make the file, with the rights of now. Safe to call twice, and from two processes at once."""
    row = _taken(log_id, actor=None)
    if row is None:
        return
    with translation.override(row.language):
        try:
            actor = _actor(row)
            with TemporaryFile() as file:
                with reading_from_replica():
                    rows = rows_of(KINDS[row.what], row.query, actor)
                    export = Export(KINDS[row.what], rows, user=actor, columns=row.columns)
                    digest = _write(export, row, file)
                _keep(row, export.written, file, digest, actor)
        except _NotMine:
            return
        except DomainError as error:
            _fail(row, str(error), actor=None)
        except OperationalError:
            # A database that is busy or gone for a moment: `wake_stalled` tries again.
            raise
        except Exception:
            log.exception("export %s failed", log_id)
            _fail(row, _("Something went wrong here. Please try again."), actor=None)


def wake_stalled() -> int:
    """Wake exports whose process died, or whose task was lost; returns how many. The clock calls it."""
    stalled = ExportLog.objects.filter(state=State.RUNNING, heartbeat_at__lt=timezone.now() - STALLED_AFTER)
    woken = list(stalled.values_list("pk", flat=True))
    for log_id in woken:
        ExportLog.objects.filter(pk=log_id).update(heartbeat_at=timezone.now())
        wake_later(log_id)
    return len(woken)


def clean_up() -> int:
    """Note downloads whose end nobody noted; returns how many. Files go with all others whose last day has passed."""
    before = timezone.now() - LONGEST_DOWNLOAD
    lost = ExportLog.objects.filter(state=State.RUNNING, heartbeat_at=None, created_at__lt=before)
    return lost.update(
        state=State.FAILED, error=_("The download broke off."), finished_at=timezone.now(), version=F("version") + 1
    )


@business_atomic
def _taken(log_id: int, *, actor: None) -> ExportLog | None:
    """The row, from now on this process's; None if there is nothing to be made."""
    row = ExportLog.objects.select_for_update().filter(pk=log_id, state=State.RUNNING).first()
    if row is None or row.heartbeat_at is None:
        return None
    now = timezone.now()
    if row.version > MOST_RUNS:
        row.state, row.finished_at = State.FAILED, now
        row.error = _("The file could not be made: it was begun %(times)d times.") % {"times": MOST_RUNS}
        write([row], ["state", "error", "finished_at"])
        _tell(row)
        return None
    row.started_at = row.heartbeat_at = now
    row.rows_done = 0
    write([row], ["started_at", "heartbeat_at", "rows_done"])
    return row


def _actor(row: ExportLog) -> User:
    """Who exports, with the rights of now. Raises NotAllowed if they no longer suffice."""
    actor = get_user_model().objects.filter(pk=row.created_by_id, is_active=True).first()
    if actor is None or not actor.has_perm(KINDS[row.what].right("export")):
        raise NotAllowed(_("You may not export rows of this kind."))
    return actor


def _write(export: Export, row: ExportLog, file: IO[bytes]) -> str:
    """Write the file's bytes, keeping the row alive; returns their hash."""
    if not export.columns:
        raise NotAllowed(_("You may see none of these columns."))
    rows = export.count()
    if row.format == "xlsx" and rows >= LAST_ROW:
        text = _("A workbook holds %(most)d rows, and these are %(count)d. Export them as CSV, or filter the list.")
        raise DomainError(text % {"most": LAST_ROW - 1, "count": rows})
    _note(row, rows=rows)
    digest, beat = hashlib.sha256(), time.monotonic()
    for piece in export.file(row.format):
        file.write(piece)
        digest.update(piece)
        if time.monotonic() - beat > BEAT_SECONDS:
            _note(row, rows_done=export.written)
            beat = time.monotonic()
    _note(row, rows_done=export.written)
    return digest.hexdigest()


def _note(row: ExportLog, **values: int) -> None:
    """How far it is. Raises _NotMine if the row is no longer this process's."""
    mine = ExportLog.objects.filter(pk=row.pk, state=State.RUNNING, version=row.version)
    if not mine.update(**values, heartbeat_at=timezone.now()):
        raise _NotMine


def _keep(row: ExportLog, rows: int, file: IO[bytes], digest: str, actor: User) -> None:
    """Store the file and end the export; if somebody else has done so meanwhile, drop it again."""
    expires_at = timezone.now() + FILE_KEPT
    kept = files.keep_stream("exports", row.file_name, file, sha256=digest, actor=actor, expires_at=expires_at)
    values = {"state": State.DONE, "rows": rows, "rows_done": rows, "sha256": digest, "file": kept}
    if not _ended(row, values, actor=None):
        files.drop_file(kept)


def _fail(row: ExportLog, message: str, *, actor: None) -> None:
    _ended(row, {"state": State.FAILED, "error": message}, actor=actor)


@business_atomic
def _ended(mine: ExportLog, values: dict[str, Any], *, actor: None) -> bool:
    """Whether the row was this process's to end."""
    rows = ExportLog.objects.select_for_update().filter(pk=mine.pk, state=State.RUNNING, version=mine.version)
    row = rows.first()
    if row is None:
        return False
    for name, value in values.items():
        setattr(row, name, value)
    row.finished_at = timezone.now()
    write([row], [*values, "finished_at"])
    _tell(row)
    return True


def _tell(row: ExportLog) -> None:
    """Who asked for it."""
    kind = "export.done" if row.state == State.DONE else "export.failed"
    outbox.add(kind, {f"{kind}/{row.pk}": {"export_id": row.pk}})
