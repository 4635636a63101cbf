"""Days and times as people read them off the wall, in the organisation's time zone.

What is at six in the evening stays at six when it is moved over a change of daylight saving.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone


def start_of(day: date) -> datetime:
    """Midnight at the beginning of the day."""
    return datetime.combine(day, time.min, timezone.get_current_timezone()).astimezone(UTC)


def plus_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def apart(later: datetime, earlier: datetime) -> timedelta:
    """How far the clock on the wall goes from one moment to the other."""
    return _on_the_wall(later) - _on_the_wall(earlier)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """When the clock on the wall shows so much later; a time that a change leaves out is taken an hour later."""
    wall = _on_the_wall(moment) + by
    return wall.replace(tzinfo=timezone.get_current_timezone()).astimezone(UTC)


def _on_the_wall(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None)
