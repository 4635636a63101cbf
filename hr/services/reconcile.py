"""Compare the two databases, and put right what differs: each repair is a message, so that who ordered it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.context import changing
from core.errors import NotFound
from hr.models import OutboxMessage
from hr.permissions import require
from hr.services import outbox
from hr.services.checks import CHECKS, STUCK, Check, Difference
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User

REPAIR = "system.repair"
ALL = CHECKS | STUCK


@dataclass(frozen=True)
class Finding:
    """What one check found: the first differences, and whether there are more."""

    name: str
    check: Check
    differences: list[Difference]
    more: bool


def can_compare(user: User) -> bool:
    """Whoever sees all accounts, all employees and all messages."""
    return all(user.has_perm(right) for right in ("core.view_user", "hr.view_employee", "hr.view_outboxmessage"))


def can_repair(user: User | None, name: str) -> bool:
    return user is None or (can_compare(user) and user.has_perm(ALL[name].right))


def compare(checks: Mapping[str, Check], *, most: int) -> list[Finding]:
    """What each check finds, at most so many differences; sound ones have none."""
    findings = []
    for name, check in checks.items():
        found = list(islice(check.find(), most + 1))
        findings.append(Finding(name, check, found[:most], len(found) > most))
    return findings


def repair(wanted: Collection[tuple[str, str]], *, actor: User | None) -> int:
    """Put differences right, named by check and key; returns how many were ordered.

    Raises NotFound for a check that does not exist or cannot repair, NotAllowed without the right to it.
    """
    for name in {name for name, _key in wanted}:
        if name not in ALL or ALL[name].repair is None:
            raise NotFound()
        require(can_repair(actor, name))
    outbox.carry_out_now(_order(sorted(set(wanted)), actor=actor))
    return len(set(wanted))


@business_atomic
def _order(wanted: Sequence[tuple[str, str]], *, actor: User | None) -> list[str]:
    moment = f"{timezone.now():%Y%m%dT%H%M%S%f}"
    facts = {f"{REPAIR}:{name}:{key}:{moment}": {"check": name, "key": key} for name, key in wanted}
    outbox.add(REPAIR, facts)
    return list(facts)


def _carry_out(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    for message in messages:
        mend = ALL[message.payload["check"]].repair
        if mend is not None:
            with changing(user_id=message.actor_id, user_name=message.actor_name):
                mend([message.payload["key"]])
    return outbox.Expansion()


def _describe(person: str) -> str:
    return _("Repair of a difference")


outbox.KINDS[REPAIR] = outbox.Kind(
    label=gettext_lazy("repair of a difference"), expand=_carry_out, deliver=None, text=_describe
)
