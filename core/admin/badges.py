"""Coloured labels, each drawn once: a list of a hundred rows shows a handful of them again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import display

MOST_DRAWN = 1000


def badge(text: object, colour: str) -> SafeString:
    return _drawn(str(text), colour)


def badge_column(
    *, description: Any, colours: Mapping[Any, str], ordering: str | None = None
) -> Callable[[Callable[[Any, Any], tuple[Any, Any]]], Callable[[Any, Any], str]]:
    """Make a list's column of a method that returns a value, which has a colour, and the text for it; '' shows none.

    The library's own (`display(label=…)`) draws each of them anew.
    """

    def decorate(method: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any, Any], str]:
        @display(description=description, ordering=ordering)
        @wraps(method)
        def column(admin: Any, row: Any) -> str:
            value, text = method(admin, row)
            return badge(text, colours.get(value, "")) if text else "-"

        return column

    return decorate


@lru_cache(maxsize=MOST_DRAWN)
def _drawn(text: str, colour: str) -> SafeString:
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})
