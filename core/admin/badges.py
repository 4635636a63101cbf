from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def badge(text: str, colour: str) -> SafeString:
    """A coloured label on a page about one row, where the library shows those of lists as they are in Python."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": colour})
