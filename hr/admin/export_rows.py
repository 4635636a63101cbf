"""The rows of a list for an export that the worker makes: the list's own answer to the same query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from core.errors import DomainError, NotAllowed
from hr.loading.kinds import Kind

if TYPE_CHECKING:
    from core.models import User


def rows_of_list(kind: Kind, query: str, user: User) -> QuerySet:
    """What the list shows the user now: its filters, search, order and scope. Raises NotAllowed, DomainError."""
    try:
        return listed(kind, query, user)
    except (IncorrectLookupParameters, SuspiciousOperation):
        raise DomainError(_("The list no longer has the filters that were asked for. Export it again.")) from None


def listed(kind: Kind, query: str, user: User) -> QuerySet:
    """The same, with the errors of the list itself for a query it cannot read."""
    model_admin = admin.site.get_model_admin(kind.model)
    request = HttpRequest()
    request.method, request.GET, request.user = "GET", QueryDict(query), user
    if not model_admin.has_view_permission(request):
        raise NotAllowed(_("You may not export rows of this kind."))
    return model_admin.get_changelist_instance(request).get_queryset(request)
