"""Lists over messages and notifications show whom they are about, found with one query a page."""

from collections.abc import Iterable

from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.translation import gettext as _

from hr.models import Employee, OutboxMessage
from hr.services.outbox import KINDS


def name_people(messages: Iterable[OutboxMessage], user: object) -> None:
    """Set `person` on each message that is about an employee the user may see."""
    rows = list(messages)
    ids = {message.payload.get("employee_id") for message in rows} - {None}
    people = Employee.objects.visible_to(user).in_bulk(ids)
    for message in rows:
        message.person = str(people.get(message.payload.get("employee_id"), "")) or _("somebody")


def text_of(message: OutboxMessage) -> str:
    return KINDS[message.kind].text(message) if message.kind in KINDS else message.kind


def error_of(message: OutboxMessage) -> str:
    """The error in words; one that is no code of its kind (or several) stands as it is."""
    known = KINDS[message.kind].errors if message.kind in KINDS else {}
    codes = message.error.split()
    return " ".join(str(known[code]) for code in codes) if known.keys() >= set(codes) else message.error


class MessageChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        name_people(self.messages_of(self.result_list), request.user)

    @staticmethod
    def messages_of(rows: Iterable[OutboxMessage]) -> Iterable[OutboxMessage]:
        return rows


class NotificationChangeList(MessageChangeList):
    @staticmethod
    def messages_of(rows: Iterable) -> Iterable[OutboxMessage]:
        return [row.message for row in rows]
