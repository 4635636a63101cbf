"""What a rule answers when it says no. The text is shown to the user as it stands."""

from typing import Self

from django.utils.functional import Promise
from django.utils.translation import gettext as _


class DomainError(Exception):
    """A rule said no. `field` names the form field the text belongs to, or None for the whole form."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class NotFound(DomainError):
    """The row does not exist, or lies outside the actor's scope: the two look the same."""

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message or _("That record does not exist."), field=field)


class NotAllowed(DomainError):
    """The actor sees the row but may not do this to it."""

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message or _("You may not do this."), field=field)


class InvalidTransition(DomainError):
    """The row's state does not lead to the one asked for."""

    @classmethod
    def between(cls, row: object, now: str | Promise, wanted: str | Promise, *, field: str) -> Self:
        """The refusal for `row`, which is `now` and was to become `wanted`, both as they are read."""
        words = {"row": row, "now": now, "wanted": wanted}
        if now == wanted:
            return cls(_("%(row)s is %(now)s already.") % words, field=field)
        return cls(_("%(row)s is %(now)s and cannot become %(wanted)s.") % words, field=field)


class StaleRow(DomainError):
    """Somebody else saved the row since it was read; the text shows what changed."""
