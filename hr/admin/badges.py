"""A state on the page of a row, as lists show it."""

from django.template.loader import render_to_string


def badge(text: object, kind: str) -> str:
    """`kind` is one of Unfold's: success, info, warning, danger, primary, default."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": kind})
