from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from core.admin.badges import badge_column
from core.admin.base import BackofficeAdmin
from core.models import Invitation
from core.services import invitations
from core.services.batches import few_keys

LABELS = {"pending": "info", "sent": "success", "bounced": "danger", "failed": "danger"}


class StateFilter(DropdownFilter):
    """What became of an invitation."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [
            ("open", _("not yet accepted")),
            ("undelivered", _("bounced or failed")),
            ("accepted", _("accepted")),
            ("expired", _("expired")),
            ("replaced", _("replaced")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "open":
                return queryset.open()
            case "undelivered":
                return queryset.open().filter(delivery__in=["bounced", "failed"])
            case "accepted":
                return queryset.exclude(accepted_at=None)
            case "expired":
                return queryset.filter(accepted_at=None, replaced_at=None, expires_at__lte=timezone.now())
            case "replaced":
                return queryset.exclude(replaced_at=None)
        return queryset


@admin.register(Invitation)
class InvitationAdmin(BackofficeAdmin):
    list_display = ["user", "shown_delivery", "shown_state", "channel", "sent_to", "sent_at", "expires_at"]
    list_select_related = ["user", "created_by"]
    list_filter = [
        StateFilter,
        ("delivery", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
    ]
    search_fields = ["user__full_name", "user__username", "sent_to"]
    search_help_text = gettext_lazy("Name, user name or e-mail")
    fields = [
        "user",
        "purpose",
        "channel",
        "sent_to",
        "delivery_text",
        "delivery_error",
        "attempts",
        "shown_state",
        "sent_at",
        "expires_at",
        "accepted_at",
        "replaced_at",
        "created_at",
        "created_by",
    ]
    readonly_fields = fields
    actions = ["resend", "print_codes"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        # The right allows the actions of the list; the fields of one are nobody's to edit.
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    @action(description=gettext_lazy("Send again"), permissions=["change"])
    def resend(self, request: HttpRequest, queryset: QuerySet) -> None:
        sent = invitations.resend(few_keys(queryset, "user_id"), actor=request.user)
        text = ngettext(
            "%(count)d invitation is on its way. Who has a password already gets none.",
            "%(count)d invitations are on their way. Who has a password already gets none.",
            sent,
        )
        self.message_user(request, text % {"count": sent}, messages.SUCCESS if sent else messages.WARNING)

    @action(description=gettext_lazy("Print codes on paper"), permissions=["change"])
    def print_codes(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        codes = invitations.issue_codes(
            queryset.filter(channel=Invitation.Channel.PAPER)[: invitations.MOST_CODES + 1], actor=request.user
        )
        if not codes:
            self.message_user(request, _("None of these invitations is on paper and open."), messages.WARNING)
            return None
        return code_sheet(request, codes)

    @badge_column(description=gettext_lazy("delivery"), colours=LABELS, ordering="delivery")
    def shown_delivery(self, invitation: Invitation) -> tuple[str, str]:
        if invitation.channel == Invitation.Channel.PAPER and invitation.delivery == Invitation.Delivery.PENDING:
            return "pending", _("to be printed")
        return invitation.delivery, invitation.get_delivery_display()

    @display(description=gettext_lazy("delivery"))
    def delivery_text(self, invitation: Invitation) -> str:
        """For the page of one, which shows no labels."""
        return self.shown_delivery(invitation)[1]

    @display(description=gettext_lazy("state"))
    def shown_state(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return _("accepted")
        if invitation.replaced_at:
            return _("replaced")
        return _("not yet accepted") if invitation.is_open else _("expired")


def code_sheet(request: HttpRequest, codes: list[tuple[Invitation, str]]) -> HttpResponse:
    """A page to print and cut. The codes are on it and nowhere else."""
    context = {"codes": codes, "address": f"{settings.APP_URL}/", "title": _("Codes on paper")}
    response = render(request, "core/code_sheet.html", admin.site.each_context(request) | context)
    response["Cache-Control"] = "no-store"
    return response
