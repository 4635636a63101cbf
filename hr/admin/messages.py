"""Lists over messages and notifications name what they are about, found with one query per kind of row and page."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from core.admin.paginator import PagedChangeList
from hr.models import Notification, OutboxMessage
from hr.services.outbox import KINDS
from hr.services.subjects import Subject, visible_rows

Row = OutboxMessage | Notification


def name_subjects(rows: Iterable[Row], user: Any) -> None:
    """Set on each row what it says (`text`) and where that leads (`link`, or None), as far as the user may know."""
    about = {row: _subject_of(row) for row in rows}
    found = visible_rows([pair for pair in about.values() if pair], user)
    for row, pair in about.items():
        subject_row = found.get(pair) if pair else None
        message, name, link = _message(row), "", None
        if pair and subject_row:
            name, link = pair[0].told(subject_row, message.payload), pair[0].link(pair[1])
        row.text, row.link = text_of(message, name), link  # type: ignore[union-attr]


def text_of(message: OutboxMessage, about: str) -> str:
    return KINDS[message.kind].text(about) if message.kind in KINDS else message.kind


def error_of(message: OutboxMessage) -> str:
    """The error in words; one that is no code of its kind (or several) stands as it is."""
    known = KINDS[message.kind].errors if message.kind in KINDS else {}
    codes = message.error.split()
    return " ".join(str(known[code]) for code in codes) if known.keys() >= set(codes) else message.error


def _message(row: Row) -> OutboxMessage:
    return row if isinstance(row, OutboxMessage) else row.message


def _subject_of(row: Row) -> tuple[Subject, int] | None:
    message = _message(row)
    kind = KINDS.get(message.kind)
    key = getattr(row, "about_id", None) or (message.payload.get(kind.key) if kind and kind.key else None)
    return (kind.subject, key) if kind and kind.subject and key else None


class NamedChangeList(PagedChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        name_subjects(self.result_list, request.user)
