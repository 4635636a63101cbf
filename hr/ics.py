"""Events as calendars keep them (RFC 5545): in a file, or mailed to one person as RFC 5546 has it.

Times are in UTC, which every calendar shows in its own zone. `uid` never changes, and a higher SEQUENCE replaces what
the calendar has, so that postponing moves the entry and cancelling takes it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.mime.text import MIMEText
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, vCalAddress
from icalendar import Event as Entry

from hr.models import Event, EventSession

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"


def calendars(event: Event, *, method: str, attendee: str, link: str) -> list[bytes]:
    """One calendar for the event, or one for each of its sessions: RFC 5546 allows one entry in a request."""
    sittings: Sequence[EventSession | None] = list(event.sessions.all()) or [None]
    return [_request(event, sitting, method=method, attendee=attendee, link=link) for sitting in sittings]


def attachment(calendar: bytes, *, method: str, name: str) -> MIMEText:
    """As mail programs expect it: the method stands in the content type, too."""
    part = MIMEText(calendar.decode(), "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename=f"{name}.ics")
    return part


def calendar_file(events: Iterable[Event], link: Callable[[Event], str]) -> bytes:
    """One calendar of all the events, each with its sessions, to be opened by whoever downloads it; `link` tells the
    page of an event.
    """
    calendar = _calendar(PUBLISH)
    for event in events:
        method = CANCEL if event.state == Event.State.CANCELLED else PUBLISH
        for sitting in list(event.sessions.all()) or [None]:
            calendar.add_component(_entry(event, sitting, method=method, link=link(event)))
    return calendar.to_ical()


def _request(event: Event, sitting: EventSession | None, *, method: str, attendee: str, link: str) -> bytes:
    calendar, entry = _calendar(method), _entry(event, sitting, method=method, link=link)
    entry.add("attendee", _attendee(attendee))
    calendar.add_component(entry)
    return calendar.to_ical()


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.APP_NAME}//{settings.APP_VERSION}//")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _entry(event: Event, sitting: EventSession | None, *, method: str, link: str) -> Entry:
    entry = Entry()
    entry.add("uid", _uid(event, sitting))
    entry.add("sequence", event.version + (sitting.version if sitting else 0))
    entry.add("dtstamp", _in_utc((sitting or event).updated_at))
    entry.add("dtstart", _in_utc((sitting or event).starts_at))
    entry.add("dtend", _in_utc((sitting or event).ends_at))
    entry.add("summary", f"{event.title}: {sitting}" if sitting else event.title)
    if event.place:
        entry.add("location", event.place)
    entry.add("url", link)
    entry.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    entry.add("organizer", _organizer())
    return entry


def _uid(event: Event, sitting: EventSession | None) -> str:
    number = f"-{sitting.number}" if sitting else ""
    return f"event-{event.pk}{number}@{urlsplit(settings.APP_URL).hostname}"


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _organizer() -> vCalAddress:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = name or settings.APP_NAME
    return organizer


def _attendee(address: str) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee
