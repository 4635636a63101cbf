"""What each row of a list has in common with the others, rendered once a page."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
# Stands for the key in addresses.
PLACE = "0row0"


@register.simple_tag(takes_context=True)
def row_actions(context: Context, actions: list[dict[str, Any]], key: Any) -> SafeString:
    """The menu of what can be done to one row: the same for all of them but for the key in its addresses."""
    if not actions:
        return mark_safe("")
    kept = context["cl"].__dict__
    if "row_actions" not in kept:
        kept["row_actions"] = render_to_string(
            "core/row_actions.html", {"actions": actions, "instance_pk": PLACE, "request": context.get("request")}
        )
    return mark_safe(kept["row_actions"].replace(PLACE, escape(quote(str(key)))))  # noqa: S308  (escaped)
