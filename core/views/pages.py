from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, title: str, status: int = 200
) -> HttpResponse:
    """A page outside the back office, in its look."""
    return render(request, template, admin.site.each_context(request) | {"title": title} | context, status=status)
