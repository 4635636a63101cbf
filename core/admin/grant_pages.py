"""The page of a record on which rights on it are granted, renewed and ended. Mixed into the admin of the model."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from core.admin.buttons import led_to_button
from core.admin.grant_forms import GrantForm, PeriodForm
from core.grant_list import MODELS, grants_page
from core.grantable import Grantable, grantable_of, label_of
from core.models.grant import AnyGrant
from core.services import grants


class GrantPages(ModelAdmin):
    """For a model that core.grantable knows. Who may view grants reads the page; the rest is the services' to allow."""

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("<path:object_id>/grants/", self.grants_view, "grants"),
            ("<path:object_id>/grants/<slug:kind>/<int:grant_id>/renew/", self.renew_view, "renew_grant"),
            ("<path:object_id>/grants/<slug:kind>/<int:grant_id>/end/", self.end_view, "end_grant"),
        ]
        return [
            path(route, self.admin_site.admin_view(view), name=self._grant_page(name)) for route, view, name in pages
        ] + super().get_urls()

    def has_grants_permission(self, request: HttpRequest) -> bool:
        return grants.can_read(request.user)

    def grants_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._granted_row(request, object_id)
        grantable = self._grantable
        may_grant = grants.can_grant(request.user)
        form = None
        if may_grant:
            sent = request.POST if request.method == "POST" else None
            form = GrantForm(sent, grantable=grantable, reader=request.user)
            if sent is not None and form.is_valid():
                with self.domain_errors_on(form):  # type: ignore[attr-defined]
                    given = grants.give(row=row, actor=request.user, **form.values())
                    messages.success(request, _("Granted to %(user)s.") % {"user": given[0].holder_name})
                    return self._back_to_grants(row)
        elif request.method == "POST":
            raise PermissionDenied
        page = grants_page(
            reaching=grantable.reaches(row),
            holder=grantable.held_by(row),
            number=request.GET.get("p"),
            reader=request.user,
        )
        context = {
            "title": _("Rights: %(row)s") % {"row": row},
            "form": form,
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "row": row,
            "may_end": grants.can_end(request.user),
            "renew_page": self._grant_address("renew_grant"),
            "end_page": self._grant_address("end_grant"),
        }
        return self._grant_response(request, row, "core/grants.html", context, form)

    def renew_view(self, request: HttpRequest, object_id: str, kind: str, grant_id: int) -> HttpResponse:
        row = self._granted_row(request, object_id)
        grant = self._grant_of(row, kind, grant_id)
        if not grants.can_grant(request.user):
            raise PermissionDenied
        sent = request.POST if request.method == "POST" else None
        form = PeriodForm(sent, initial={"valid_until": grant.valid_until, "reason": grant.reason})
        if sent is not None and form.is_valid():
            with self.domain_errors_on(form):  # type: ignore[attr-defined]
                grants.renew(grant, actor=request.user, **form.cleaned_data)
                messages.success(request, _("Renewed."))
                return self._back_to_grants(row)
        context = {
            "title": _("Renew a right"),
            "holder": grant.holder_name,
            "permission": label_of(grant.permission.codename),
        }
        return self._grant_response(request, row, "core/renew_grant.html", context, form)

    def end_view(self, request: HttpRequest, object_id: str, kind: str, grant_id: int) -> HttpResponse:
        row = self._granted_row(request, object_id)
        grant = self._grant_of(row, kind, grant_id)
        if not grants.can_end(request.user):
            raise PermissionDenied
        if request.method != "POST":
            return led_to_button(request, self._grants_of(row))
        grants.end(grant, actor=request.user)
        messages.success(request, _("The right of %(user)s has ended.") % {"user": grant.holder_name})
        return self._back_to_grants(row)

    @property
    def _grantable(self) -> Grantable:
        grantable = grantable_of(self.model)
        assert grantable is not None
        return grantable

    def _granted_row(self, request: HttpRequest, object_id: str) -> Model:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_grants_permission(request):
            raise PermissionDenied
        return row

    def _grant_of(self, row: Model, kind: str, grant_id: int) -> AnyGrant:
        """A grant that the row's page shows."""
        if kind not in MODELS:
            raise Http404
        holder = self._grantable.held_by(row)
        found = MODELS[kind].objects.filter(pk=grant_id)
        reaching = found.filter(self._grantable.reaches(row))
        held = found.filter(user=holder) if kind == "user" else found.filter(group__user=holder)
        grant = reaching.first() or (held.first() if holder else None)
        if grant is None:
            raise Http404
        return grant

    def _back_to_grants(self, row: Model) -> HttpResponse:
        return HttpResponseRedirect(self._grants_of(row))

    def _grants_of(self, row: Model) -> str:
        return reverse(self._grant_address("grants"), args=[row.pk])

    def _grant_response(
        self, request: HttpRequest, row: Model, template: str, context: dict[str, Any], form: forms.Form | None
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **self.grants_context(request, row),
            "opts": self.opts,
            "original": row,
            "form": form,
            "media": self.media + form.media if form else self.media,
            "back": reverse(self._grant_address("grants"), args=[row.pk]),
            **context,
        }
        return TemplateResponse(request, template, context, status=400 if form is not None and form.errors else 200)

    def grants_context(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        """What else the page of this model shows, such as its tabs."""
        return {}

    def _grant_page(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def _grant_address(self, name: str) -> str:
        return f"{self.admin_site.name}:{self._grant_page(name)}"
