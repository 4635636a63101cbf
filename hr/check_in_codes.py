"""The codes on an event's screen: signed with APP_KEY, another one every 20 seconds, good for one step more.

The long one is in the QR code and says which event it is for; the short one is typed and only recognised.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.core import signing
from django.utils.crypto import salted_hmac

STEP_SECONDS = 20
GRACE_STEPS = 1
# Nothing that is mistaken for another: no I, L, O, U; typed as 1, 1 and 0 they are meant so.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MISTAKEN = str.maketrans("OIL", "011")
SHORT_LENGTH = 6
SALT = "hr.check_in"


@dataclass(frozen=True)
class Sitting:
    """What a code is for: an event, or one of its sessions."""

    event_id: int
    session_id: int = 0


@dataclass(frozen=True)
class Codes:
    """What the screen shows for so many seconds more."""

    long: str
    short: str
    seconds_left: float


def codes_now(sitting: Sitting) -> Codes:
    now = time.time()
    step = int(now // STEP_SECONDS)
    return Codes(_long(sitting, step), _short(sitting, step), (step + 1) * STEP_SECONDS - now)


def sitting_of_long(code: str) -> Sitting | None:
    """What the code of a QR is for; None if it is not ours, or no longer good."""
    try:
        event, session, step = map(int, signing.Signer(salt=SALT).unsign(code).split("-"))
    except (signing.BadSignature, ValueError):
        return None
    return Sitting(event, session) if step in _good_steps() else None


def sitting_of_short(code: str, among: Iterable[Sitting]) -> Sitting | None:
    """Which of these the typed code is for; None if it is for none of them, or no longer good."""
    typed = readable(code)
    steps = _good_steps()
    found = None
    for sitting in among:
        for step in steps:
            if hmac.compare_digest(_short(sitting, step).encode(), typed.encode()):
                found = sitting
    return found


def readable(code: str) -> str:
    """A typed code as it was meant: case, spaces and dashes do not matter."""
    return "".join(filter(str.isalnum, code)).upper().translate(MISTAKEN)[: SHORT_LENGTH + 1]


def is_long(code: str) -> bool:
    return ":" in code


def _good_steps() -> range:
    now = int(time.time() // STEP_SECONDS)
    return range(now - GRACE_STEPS, now + 1)


def _long(sitting: Sitting, step: int) -> str:
    return signing.Signer(salt=SALT).sign(f"{sitting.event_id}-{sitting.session_id}-{step}")


def _short(sitting: Sitting, step: int) -> str:
    digest = salted_hmac(SALT, f"{sitting.event_id}-{sitting.session_id}-{step}", algorithm="sha256").digest()
    number = int.from_bytes(digest[:8])
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(SHORT_LENGTH))
