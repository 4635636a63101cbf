"""Collects the texts users see and keeps their translations, without GNU gettext. Needs Babel, so only for developers.

English is the source; `locale/<language>/LC_MESSAGES/django.po` holds the other languages, and the `.mo` beside it,
which Django reads, is committed too. Texts of dependencies that need our translation stand in `borrowed_texts.py`.
"""

import ast
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

FOLDERS = ["backoffice", "core", "hr"]
LANGUAGES = ["es"]
# Which arguments hold the text, its plural and its context ("c").
CALLS = {
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
KEYWORDS = (
    DEFAULT_KEYWORDS | CALLS | {f"{name}_lazy": arguments for name, arguments in CALLS.items()} | {"gettext_noop": None}
)
QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
TEMPLATE_CALL = re.compile(rf"\b(n?p?gettext|_)\(((?:\s*u?(?:{QUOTED})\s*,?)+)")
SPANISH_LETTERS = re.compile("[áéíóúüñÁÉÍÓÚÜÑ¿¡]")
NAMED = re.compile(r"%\((\w+)\)[sd]")
NAMELESS = re.compile(r"(?<!%)(?:%%)*%[sdr]|\{\d*\}")

Key = tuple[str | None, str, str | None]
"""Context, text, plural."""


def collect(root: Path) -> set[Key]:
    """Every text in the code and the templates under `root`."""
    keys: set[Key] = set()
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix == ".py":
                keys |= set(texts_of_code(path))
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                keys |= set(texts_of_template(path.read_text(encoding="utf-8")))
    return keys


def borrowed(root: Path) -> set[Key]:
    """The texts of dependencies: their English is not ours to mend."""
    path = root / "backoffice" / "borrowed_texts.py"
    return set(texts_of_code(path)) if path.exists() else set()


def texts_of_code(path: Path) -> Iterator[Key]:
    with path.open("rb") as file:
        for _line, text, _comments, context in extract(
            "python", file, keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            singular, plural = text if isinstance(text, tuple) else (text, None)
            yield context, singular, plural


def texts_of_template(source: str) -> Iterator[Key]:
    """Django turns its template tags into calls, and everything else into noise that no Python parser accepts."""
    for name, arguments in TEMPLATE_CALL.findall(templatize(source)):
        texts = list(ast.literal_eval(f"({arguments.rstrip().rstrip(',')},)"))
        context = texts.pop(0) if "p" in name.removesuffix("gettext") else None
        yield context, texts[0], texts[1] if len(texts) > 1 else None


def po_path(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalog(root: Path, language: str) -> Catalog:
    path = po_path(root, language)
    if not path.exists():
        return Catalog(locale=language, project="EvalTrack", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(root: Path, language: str, keys: set[Key]) -> None:
    """Write the `.po` with exactly these texts, what is translated kept, and the `.mo` that belongs to it."""
    old = read_catalog(root, language)
    new = Catalog(locale=language, project="EvalTrack", fuzzy=False, creation_date=old.creation_date)
    new.revision_date = old.revision_date
    for context, singular, plural in sorted(keys, key=lambda key: (key[1], key[0] or "")):
        known = old.get(singular, context)
        string = known.string if known is not None and bool(known.pluralizable) == (plural is not None) else None
        new.add((singular, plural) if plural else singular, string, context=context, flags=known.flags if known else ())
    path = po_path(root, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, new, width=120, no_location=True)
    path.with_suffix(".mo").write_bytes(compiled(read_catalog(root, language)))


def compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def faults(root: Path, language: str, keys: set[Key]) -> list[str]:
    """What is wrong with the translations: missing, unsure, left over, or with other placeholders; or not compiled."""
    catalog = read_catalog(root, language)
    known = {(message.context, singular_of(message.id)) for message in catalog if message.id}
    wanted = {(context, singular) for context, singular, _plural in keys}
    found = [f"{language}: not collected yet: {text!r}" for _context, text in wanted - known]
    found += [f"{language}: no longer used: {text!r}" for _context, text in known - wanted]
    for message in catalog:
        if message.id:
            found += [f"{language}: {problem}: {singular_of(message.id)!r}" for problem in problems(message)]
    mo = po_path(root, language).with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != compiled(catalog):
        found.append(f"{language}: {mo.name} is not what {mo.stem}.po compiles to")
    return sorted(found)


def singular_of(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else text[0]


def problems(message: Message) -> Iterator[str]:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    texts = [message.id] if isinstance(message.id, str) else list(message.id)
    if not all(strings):
        yield "not translated"
        return
    if message.fuzzy:
        yield "marked fuzzy"
    if set(NAMED.findall(" ".join(strings))) != set(NAMED.findall(" ".join(texts))):
        yield "other placeholders than the source"


def source_faults(keys: set[Key]) -> list[str]:
    """What is wrong with the English: Spanish in it, or placeholders a translator cannot move."""
    found = []
    for _context, singular, plural in keys:
        for text in filter(None, [singular, plural]):
            if SPANISH_LETTERS.search(text):
                found.append(f"en: not English: {text!r}")
            if NAMELESS.search(text):
                found.append(f"en: a placeholder without a name: {text!r}")
    return sorted(found)
