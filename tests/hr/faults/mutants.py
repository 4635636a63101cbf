"""Faults in the program that the examination has to notice: each was once not noticed, or only a kill shows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hr.services import account_follow, leavers, outbox
from hr.services.writing import business_atomic


@dataclass(frozen=True)
class Mutant:
    """`plant` puts the fault into this process; `verb` is one that shows it, unkilled or at so many kills."""

    verb: str
    plant: Callable[[], None]
    kills: int = 0


def _without_effect(kind: str) -> Callable[[], None]:
    def plant() -> None:
        outbox.KINDS[kind] = replace(outbox.KINDS[kind], expand=lambda messages: outbox.Expansion())

    return plant


def _tell_nobody() -> None:
    outbox._tell = lambda addressees: None


def _done_before_it_is_done() -> None:
    """The message is noted as done in a transaction of its own, before it is carried out."""
    note = business_atomic(_note_done)

    def hasty(kind, ids, **options):
        messages = list(outbox.OutboxMessage.objects.filter(pk__in=ids))
        note(ids, actor=None, source="job")
        expansion = outbox.KINDS[kind].expand(messages)
        outbox._tell(expansion.addressees)

    outbox._carry_out = hasty


def _note_done(ids, *, actor) -> None:
    outbox.OutboxMessage.objects.filter(pk__in=ids).update(done_at=outbox.timezone.now())


MUTANTS = {
    "accounts do not follow": Mutant("change_name_and_mail", _without_effect(account_follow.FOLLOW)),
    "nobody is told": Mutant("publish", _tell_nobody),
    "sessions do not end": Mutant("suspend", _without_effect(leavers.SUSPENDED)),
    "done before it is done": Mutant("give_round", _done_before_it_is_done, kills=20),
}
