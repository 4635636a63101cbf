"""Text reduced to what search, headers and keys compare by."""

import re
import unicodedata

# Letters with a stroke and ligatures have no Unicode decomposition, yet the database's collations sort them as these.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"})
# All of them marks: what is left of most letters of the alphabets around us is ASCII without.
_MARKS = re.compile("[\u0300-\u036f]+")
_DROPPED = frozenset({"Mn", "Me", "Cf"})


def fold(text: str) -> str:
    """`text` without accents, case, invisible characters or doubled whitespace: `" PÉREZ  Ñá"` gives `"perez na"`."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    if plain.isascii():
        return " ".join(plain.lower().split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(character for character in decomposed if unicodedata.category(character) not in _DROPPED)
    return " ".join(kept.translate(_LETTERS).split())


def visible(text: str) -> str:
    """`text` without characters that nobody sees, on one line, single spaces between its words."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
    return " ".join(text.split())
