"""When production may be switched."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from releasing.errors import Refused
from releasing.settings import Window

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def require_sense(window: Window) -> None:
    """Raises Refused for one that never opens, or whose zone this machine does not know."""
    try:
        ZoneInfo(window.zone)
        sensible = 0 <= _minutes(window.begins) < _minutes(window.ends) <= 24 * 60
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Refused(f"[window] makes no sense: {error}. For an unknown zone: apt install tzdata.") from error
    if not sensible or not window.days or set(window.days) - set(DAYS):
        raise Refused(f"[window] never opens: {in_words(window)}. Days are {', '.join(DAYS)}; times are like 02:00.")


def is_open(window: Window, moment: datetime) -> bool:
    there = moment.astimezone(ZoneInfo(window.zone))
    return DAYS[there.weekday()] in window.days and _minutes(window.begins) <= _minute_of(there) < _minutes(window.ends)


def opens_next(window: Window, moment: datetime) -> datetime:
    """When it opens after the moment, in the window's zone."""
    begins = _minutes(window.begins)
    there = moment.astimezone(ZoneInfo(window.zone))
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(8):
        start = (midnight + timedelta(days=day)).replace(hour=begins // 60, minute=begins % 60)
        if DAYS[start.weekday()] in window.days and start > there:
            return start
    raise ValueError(f"{window} never opens")


def in_words(window: Window) -> str:
    return f"{', '.join(day.capitalize() for day in window.days)} {window.begins}–{window.ends} {window.zone}"


def _minute_of(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
