"""Did you mean …? What people may have meant by a text that is none of the names or words it should be one of."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from core.text import fold

CLOSE = 0.6
# Longer texts are no slips of the pen, and comparing them takes long.
LONGEST = 80


class Meant:
    """The texts there are to choose from."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = {fold(text): text for text in texts}

    def closest(self, text: str) -> str | None:
        """The one the text is nearest to; None if it is near to none."""
        folded = fold(text)
        if not folded or len(folded) > LONGEST:
            return None
        found = get_close_matches(folded, self._texts, n=1, cutoff=CLOSE) or self._within(folded)
        return self._texts[found[0]] if found else None

    def _within(self, folded: str) -> list[str]:
        """The longest that the text begins or ends with, word by word: "Ventas de Caracas" may be "Ventas"."""
        words = folded.split()
        parts = [" ".join(words[:end]) for end in range(len(words) - 1, 0, -1)]
        parts += [" ".join(words[start:]) for start in range(1, len(words))]
        return [part for part in sorted(parts, key=len, reverse=True) if part in self._texts][:1]
