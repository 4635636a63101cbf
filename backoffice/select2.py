"""Select2 in the reader's language. Django's widgets load its translation; Unfold's, which replace them, do not."""

from typing import Any

from unfold import widgets
from unfold.contrib.filters import forms

SELECT2 = "admin/js/vendor/select2/select2.full.js"
SPANISH = "admin/js/vendor/select2/i18n/es.js"


def load_translation() -> None:
    """Let every widget and filter of Unfold that loads Select2 load the Spanish after it.

    For readers of English too: Select2 itself goes by the page's `lang`.
    """
    for owner in [*vars(widgets).values(), *vars(forms).values()]:
        media: Any = getattr(owner, "Media", None)
        scripts = tuple(getattr(media, "js", ()))
        if SELECT2 in scripts and SPANISH not in scripts:
            after = scripts.index(SELECT2) + 1
            media.js = (*scripts[:after], SPANISH, *scripts[after:])
