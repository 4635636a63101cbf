"""What happens at the demo's company, as of today: events, attendance, evaluations, requests, all by the services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hr.demo.cast import Cast, find_cast
from hr.demo.happenings import happen
from hr.demo.requests import ask
from hr.demo.reviews import review
from hr.models import Employee, Event, Notification
from hr.services import outbox
from hr.services.delivery import mark_read
from hr.services.writing import business_atomic

FIRST_PERSON = "EMP-00001"
OVER = (Event.State.COMPLETED, Event.State.CLOSED)
OF_EVENTS = ("event.", "attendance.")
LEFT_UNREAD, OF_A_KIND = 9, 3


def wants_life() -> bool:
    """Whether this is the demo's company, with accounts for its people, and nothing has happened there."""
    is_new = not Event.objects.exists() and Employee.objects.filter(code=FIRST_PERSON).exists()
    return is_new and find_cast() is not None


def live() -> int:
    """Let it happen, all or nothing; returns how many events there are. None without the demo's accounts."""
    cast = find_cast()
    if cast is None:
        return 0
    events = _live(cast, actor=None)
    outbox.expand_due(limit=10_000)
    _read_most(cast, [event.pk for event in events])
    return len(events)


@business_atomic
def _live(cast: Cast, *, actor: None) -> list[Event]:
    events = happen(cast)
    review(cast, events)
    ask(cast)
    return list(events.values())


def _read_most(cast: Cast, event_ids: Iterable[int]) -> None:
    """Nobody has enrolments of months ago before him, or more than a page of other news."""
    over = set(Event.objects.filter(pk__in=list(event_ids), state__in=OVER).values_list("pk", flat=True))
    for user in cast.keys.values():
        unread = Notification.objects.unread_by(user).order_by("-pk").values_list("pk", "message__kind", "about_id")
        left: Counter[str] = Counter()
        read = []
        for pk, kind, about in unread:
            past = kind.startswith(OF_EVENTS) and about in over
            if past or left[kind] == OF_A_KIND or left.total() == LEFT_UNREAD:
                read.append(pk)
            else:
                left[kind] += 1
        mark_read(read, actor=user)
