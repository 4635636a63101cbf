"""One-time ways to set a password: a link by mail or a code on paper. Only a keyed hash of the secret is kept."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from core import mail, throttle
from core.auth import find_user
from core.errors import DomainError, NotAllowed
from core.models import Invitation, User
from core.roles import EMPLOYEE
from core.services.batches import batches_of

logger = logging.getLogger(__name__)

LINK_VALID = timedelta(hours=72)
PAPER_VALID = timedelta(days=14)
# Without 0/O, 1/I/L and U: read from paper, typed on a phone. 12 of 31 letters are 59 bits.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12
BATCH = 500
MOST_CODES = 1000
RESETS_AN_HOUR = 3
RESETS_AN_HOUR_FROM_ONE_ADDRESS = 30
CODE_TRIES, CODE_TRIES_SECONDS = 5, 15 * 60

Delivery, Channel, Purpose = Invitation.Delivery, Invitation.Channel, Invitation.Purpose


@transaction.atomic
def prepare(
    users: Sequence[User],
    *,
    actor: User | None,
    purpose: str = Purpose.INVITE,
    sent_elsewhere: bool = False,
) -> dict[int, Invitation]:
    """One unsent invitation per user, by user id: by mail, or on paper for who has no e-mail.

    Asked again before it was sent it returns the same one. A newer one replaces those sent before; a reset, which
    anybody can ask for, replaces only resets. `sent_elsewhere` keeps it out of `deliver_due`.
    """
    # One caller at a time per user, so that two clicks do not make two invitations.
    ids = list(User.objects.select_for_update().filter(pk__in=[user.pk for user in users]).values_list("pk", flat=True))
    waiting = {
        invitation.user_id: invitation
        for invitation in Invitation.objects.unsent().filter(user_id__in=ids, purpose=purpose).order_by("pk")
        if (invitation.next_attempt_at is None) == sent_elsewhere or invitation.channel == Channel.PAPER
    }
    missing = [user for user in users if user.pk not in waiting]
    older = Invitation.objects.open().filter(user_id__in=[user.pk for user in missing])
    if purpose == Purpose.RESET:
        older = older.filter(purpose=purpose)
    older.update(replaced_at=timezone.now())
    made = Invitation.objects.bulk_create(
        [
            Invitation(
                user=user,
                purpose=purpose,
                channel=Channel.MAIL if user.email else Channel.PAPER,
                sent_to=user.email or "",
                created_by=actor,
                next_attempt_at=None if sent_elsewhere or not user.email else timezone.now(),
            )
            for user in missing
        ],
        batch_size=BATCH,
    )
    return waiting | {invitation.user_id: invitation for invitation in made}


@transaction.atomic
def resend(user_ids: Sequence[int], *, actor: User) -> int:
    """Queue new invitations for these users; returns for how many.

    Not for who has a password, unless there is no e-mail either: such a user gets a new code on paper.
    """
    if not actor.has_perm("core.change_invitation"):
        raise NotAllowed()
    sent = 0
    for batch in batches_of(user_ids):
        users = User.objects.filter(pk__in=batch, is_active=True)
        waiting = [user for user in users if not user.has_usable_password()]
        forgetful = [user for user in users if user.has_usable_password() and not user.email]
        prepare(waiting, actor=actor)
        prepare(forgetful, actor=actor, purpose=Purpose.RESET)
        sent += len(waiting) + len(forgetful)
    return sent


def send_to(user: User, *, actor: User) -> Invitation:
    """Queue a way to set a password: an invitation, or a reset if there is a password; on paper without an e-mail."""
    if not actor.has_perm("core.change_user"):
        raise NotAllowed()
    user.refresh_from_db(fields=["is_active", "password", "email"])
    if not user.is_active:
        raise DomainError(_("The account is switched off."))
    purpose = Purpose.RESET if user.has_usable_password() else Purpose.INVITE
    return prepare([user], actor=actor, purpose=purpose)[user.pk]


def send(invitation: Invitation, connection: BaseEmailBackend | None = None, **metadata: str) -> None:
    """Mail a new one-time link and note the outcome. Raises mail.NotSent if it is worth another try."""
    user = invitation.user
    if not invitation.is_open or not user.is_active or not user.email:
        _note(invitation, delivery=Delivery.FAILED, delivery_error=_("No longer needed."), next_attempt_at=None)
        return
    secret = secrets.token_urlsafe(32)
    expires_at = timezone.now() + LINK_VALID
    # Before the mail leaves: its reader may be quicker than we are.
    _note(invitation, secret_hash=_hash(secret), expires_at=expires_at, sent_to=user.email)
    try:
        message_id = mail.send(
            f"core/mail/{invitation.purpose}",
            user.email,
            language=user.language,
            context={"user": user, "link": link_to(secret), "expires_at": expires_at},
            connection=connection,
            metadata={"invitation": str(invitation.pk), **metadata},
        )
    except mail.Refused as error:
        _note(invitation, delivery=Delivery.BOUNCED, delivery_error=str(error), next_attempt_at=None)
        return
    _note(
        invitation,
        delivery=Delivery.SENT,
        delivery_error="",
        sent_at=timezone.now(),
        message_id=message_id[:255],
        next_attempt_at=None,
    )


def deliver_due(*, limit: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send waiting invitations of our own queue, at most `limit`; returns how many were tried."""
    due = Invitation.objects.unsent().filter(channel=Channel.MAIL, next_attempt_at__lte=timezone.now())
    batch = list(due.select_related("user").order_by("next_attempt_at", "pk")[:limit])
    if not batch:
        return 0
    try:
        with mail.connected() as connection:
            for tried, invitation in enumerate(batch):
                if should_stop():
                    return tried
                try:
                    send(invitation, connection)
                except mail.NotSent as error:
                    note_failure(invitation, str(error))
    except mail.NotSent as error:
        # Nobody's own failure: no attempt is counted, all wait for the server.
        keys = [invitation.pk for invitation in batch]
        Invitation.objects.filter(pk__in=keys).update(
            delivery_error=str(error), next_attempt_at=timezone.now() + mail.backoff(1)
        )
    return len(batch)


def note_failure(invitation: Invitation, error: str) -> None:
    """Count an attempt in vain; after the last one the invitation has failed and somebody must look."""
    attempts = invitation.attempts + 1
    given_up = attempts >= mail.MOST_ATTEMPTS
    values: dict[str, object] = {"attempts": attempts, "delivery_error": error[:500]}
    if given_up:
        values["delivery"] = Delivery.FAILED
    if invitation.next_attempt_at is not None:
        values["next_attempt_at"] = None if given_up else timezone.now() + mail.backoff(attempts)
    _note(invitation, **values)


def link_to(secret: str) -> str:
    return settings.APP_URL + reverse("accept_invitation", args=[secret])


def find_by_link(secret: str) -> Invitation | None:
    """The open invitation of a link, or None if it is used up, replaced, expired or its user switched off."""
    return _open_for_active().filter(secret_hash=_hash(secret), channel=Channel.MAIL).first()


def find_by_code(username: str, code: str, *, address: str) -> Invitation | None:
    """The open invitation of a code on paper. Five wrong ones per name and address lock both for 15 minutes.

    Raises DomainError while locked.
    """
    key = f"code:{username.strip().lower()}:{address}"
    if not throttle.allowed(key, limit=CODE_TRIES, seconds=CODE_TRIES_SECONDS):
        raise DomainError(_("Too many wrong codes. Try again in 15 minutes."))
    user = find_user(username)
    found = _open_for_active().filter(
        user=user, channel=Channel.PAPER, secret_hash=_hash(_code_secret(user.pk if user else 0, code))
    )
    invitation = found.first()
    if invitation is not None:
        throttle.forgive(key)
    return invitation


def accept(invitation: Invitation, password: str) -> User:
    """Set the password, use the invitation up with all others of the user, and end the user's sessions.

    A session is bound to the password it began with, so a new one ends them all. Raises DomainError if the
    invitation was used up or replaced meanwhile.
    """
    with transaction.atomic():
        locked = _open_for_active().select_for_update(of=("self",)).filter(pk=invitation.pk).first()
        if locked is None:
            raise DomainError(_("This link or code has been used or replaced meanwhile."))
        user = User.objects.select_for_update().get(pk=locked.user_id)
        user.set_password(password)
        user.save(update_fields=["password"])
        now = timezone.now()
        Invitation.objects.filter(pk=locked.pk).update(accepted_at=now)
        Invitation.objects.open().filter(user=user).update(replaced_at=now)
    return user


def request_reset(name: str, *, address: str) -> None:
    """Queue a reset link for the account of this name or e-mail, if there is one; never says whether there is."""
    if not throttle.allowed(f"reset-from:{address}", limit=RESETS_AN_HOUR_FROM_ONE_ADDRESS, seconds=3600):
        return
    user = find_user(name)
    if user is None or not user.may_act or not user.email:
        return
    if throttle.allowed(f"reset:{user.pk}", limit=RESETS_AN_HOUR, seconds=3600):
        prepare([user], actor=None, purpose=Purpose.RESET)


def issue_codes(invitations: Collection[Invitation], *, actor: User) -> list[tuple[Invitation, str]]:
    """New codes for these paper invitations, shown this once; codes printed before stop working.

    Raises NotAllowed for accounts with more than the role Employee unless the actor may assign roles: who prints a
    code could use it.
    """
    if not actor.has_perm("core.change_invitation"):
        raise NotAllowed()
    if len(invitations) > MOST_CODES:
        raise DomainError(_("At most %(count)s codes are printed at a time.") % {"count": MOST_CODES})
    rows = Invitation.objects.open().filter(
        pk__in=[invitation.pk for invitation in invitations], channel=Channel.PAPER, user__is_active=True
    )
    batch = list(rows.select_related("user").prefetch_related("user__groups").order_by("user__full_name", "pk"))
    for invitation in batch:
        if not may_print_code(actor, invitation.user):
            raise NotAllowed(_("Only who assigns roles may print a code for %(user)s.") % {"user": invitation.user})
    now = timezone.now()
    issued = []
    for invitation in batch:
        code = "".join(secrets.choice(CODE_ALPHABET) for _position in range(CODE_LENGTH))
        invitation.secret_hash = _hash(_code_secret(invitation.user_id, code))
        invitation.expires_at, invitation.sent_at, invitation.delivery = now + PAPER_VALID, now, Delivery.SENT
        issued.append((invitation, "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))))
    Invitation.objects.bulk_update(batch, ["secret_hash", "expires_at", "sent_at", "delivery"], batch_size=BATCH)
    return issued


def may_print_code(actor: User, user: User) -> bool:
    if actor.pk == user.pk or user.is_superuser:
        return False
    return actor.has_perm("core.assign_role") or {group.name for group in user.groups.all()} <= {EMPLOYEE}


def mark_bounced(*, reason: str, message_id: str = "", invitation_id: int | None = None) -> int:
    """Note that a mail came back, found by the id of the message or by our own; returns how many (0 or 1)."""
    which = Q(pk=invitation_id) if invitation_id else Q(message_id=message_id) & ~Q(message_id="")
    return Invitation.objects.filter(which).update(delivery=Delivery.BOUNCED, delivery_error=reason[:500])


def _open_for_active():
    return Invitation.objects.open().filter(user__is_active=True).select_related("user")


def _note(invitation: Invitation, **values: object) -> None:
    for name, value in values.items():
        setattr(invitation, name, value)
    invitation.save(update_fields=list(values))


def _hash(secret: str) -> str:
    return salted_hmac("core.invitation", secret, algorithm="sha256").hexdigest()


def _code_secret(user_id: int, code: str) -> str:
    letters = "".join(filter(str.isalnum, code.upper()))
    return f"{user_id}:{letters}"
