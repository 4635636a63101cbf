"""Select2 in the reader's language. Django's widgets load its translation; Unfold's, which replace them, do not."""

from typing import Any

from django.conf import settings
from unfold import widgets
from unfold.contrib.filters import forms

UNFOLDS = "admin/js/vendor/select2/select2.full.js"
DJANGOS = f"admin/js/vendor/select2/select2.full{'' if settings.DEBUG else '.min'}.js"
SPANISH = "admin/js/vendor/select2/i18n/es.js"


def load_translation() -> None:
    """Let every widget and filter of Unfold that loads Select2 load Django's file of it and the Spanish.

    A page with widgets of both would load the library twice, and the first copy, which is in use, would not hear of the
    translation. Readers of English load it too: Select2 itself goes by the page's `lang`.
    """
    for owner in [*vars(widgets).values(), *vars(forms).values()]:
        media: Any = getattr(owner, "Media", None)
        scripts = tuple(getattr(media, "js", ()))
        if UNFOLDS in scripts and SPANISH not in scripts:
            at = scripts.index(UNFOLDS)
            media.js = (*scripts[:at], DJANGOS, SPANISH, *scripts[at + 1 :])
