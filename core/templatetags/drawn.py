"""What is the same from row to row, or from page to page, drawn once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from unfold.templatetags.unfold_list import unfold_admin_list_filter

register = template.Library()
# Stands for the key of a row in what is drawn once for all of them.
PLACE = "0row0"
MOST_DRAWN = 500
_sidebars: dict[Hashable, SafeString] = {}
_filters: dict[Hashable, str] = {}


@register.simple_tag(takes_context=True)
def row_actions(context: Context, actions: list[dict[str, Any]], key: Any) -> SafeString:
    """The button that opens the menu of what can be done to a row. There is one menu, which the first row brings along:
    the page writes the key of the row into its addresses (lists.js).
    """
    if not actions:
        return SafeString("")
    kept, menu = context["cl"].__dict__, ""
    if "row_actions" not in kept:
        kept["row_actions"] = render_to_string("core/row_actions.html", {"instance_pk": PLACE})
        menu = render_to_string("core/row_menu.html", {"actions": actions, "instance_pk": PLACE})
    button = kept["row_actions"].replace(PLACE, escape(quote(str(key))))
    return mark_safe(button.replace("</td>", f"{menu}</td>") if menu else button)  # noqa: S308  (escaped)


@register.simple_tag
def list_filter(cl: Any, spec: Any) -> str:
    """A filter as the library draws it. One that nobody uses shows the choices it offers and nothing else, and is kept
    by all of them: they may be those of a reader's own people.
    """
    if spec.used_parameters or cl.add_facets:
        return unfold_admin_list_filter(cl, spec)
    choices = _frozen(getattr(spec, "lookup_choices", ()))
    names = tuple(spec.expected_parameters())
    key = (get_language(), type(cl.model_admin), type(spec), str(spec.title), names, choices)
    if key not in _filters:
        if len(_filters) >= MOST_DRAWN:
            _filters.clear()
        _filters[key] = unfold_admin_list_filter(cl, spec)
    return _filters[key]


@register.simple_tag
def sidebar(groups: list[dict[str, Any]]) -> SafeString:
    """The library's list of pages. Who may open which is asked for each request; what is drawn is kept by the whole of
    what it shows, so that nobody gets an entry that his own list does not hold.
    """
    key = (get_language(), _frozen(groups))
    if key not in _sidebars:
        if len(_sidebars) >= MOST_DRAWN:
            _sidebars.clear()
        _sidebars[key] = render_to_string("unfold/helpers/app_list.html", {"sidebar_navigation": groups})
    return _sidebars[key]


def _frozen(part: Any) -> Hashable:
    """Everything in it, by value. What is told only when it is asked, like a badge, is asked here, and once."""
    if isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, Promise):
                part[name] = str(value)
        return tuple((name, _frozen(value)) for name, value in part.items() if name != "permission")
    if isinstance(part, list | tuple):
        return tuple(map(_frozen, part))
    return part if isinstance(part, str | int | None) else str(part)
