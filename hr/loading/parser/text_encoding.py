"""In which encoding a text file is, and its lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from itertools import islice

from hr.loading.parser.refused import Refused

MIXED = "mixed"
_CHUNK = 1024 * 1024
_SAMPLE = 4096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect(content: bytes) -> str:
    """A name that Python knows, or MIXED where some lines are UTF-8 and others Windows-1252."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    if wide := _without_mark(content[:_SAMPLE]):
        return wide
    if decodes(content, "utf-8"):
        return "utf-8"
    if any(_is_utf8_beyond_ascii(line) for line in content.splitlines()):
        return MIXED
    # latin-1 takes any byte: it catches the five that cp1252 leaves undefined.
    return "cp1252" if decodes(content, "cp1252") else "latin-1"


def decodes(content: bytes, encoding: str) -> bool:
    """Chunk by chunk, so that the text need not be held."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for at in range(0, len(content), _CHUNK):
            decoder.decode(content[at : at + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _without_mark(sample: bytes) -> str | None:
    """UTF-16 whose first character is not the mark: every other byte of a western text is zero."""
    pairs = len(sample) // 2
    zeros_first, zeros_second = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if pairs < 2 or max(zeros_first, zeros_second) * 2 < pairs:
        return None
    if zeros_second and not zeros_first:
        return "utf-16-le"
    return "utf-16-be" if zeros_first and not zeros_second else None


def _is_utf8_beyond_ascii(line: bytes) -> bool:
    if line.isascii():
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


class Lines:
    """The decoded lines, or the first of them; of a mixed file also `odd`, the numbers of those that are not UTF-8."""

    def __init__(self, content: bytes, encoding: str, most: int | None = None) -> None:
        self.content, self.encoding, self.most = content, encoding, most
        self.odd: list[int] = []

    def __iter__(self) -> Iterator[str]:
        return islice(self._all(), self.most)

    def _all(self) -> Iterator[str]:
        if self.encoding == MIXED:
            yield from self._one_by_one()
            return
        try:
            with io.TextIOWrapper(io.BytesIO(self.content), encoding=self.encoding, newline="") as stream:
                yield from stream
        except (UnicodeError, LookupError) as error:
            raise Refused("encoding", encoding=self.encoding) from error

    def _one_by_one(self) -> Iterator[str]:
        for number, line in enumerate(self.content.splitlines(keepends=True), 1):
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self.odd.append(number)
                yield line.decode("cp1252" if decodes(line, "cp1252") else "latin-1")
