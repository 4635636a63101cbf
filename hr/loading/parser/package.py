"""The zip archive that an Excel workbook is: looked through, part by part, before a reader is let at it.

A large sheet alone is looked through while it is read (workbook.py).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from xml.etree import ElementTree

from hr.loading.parser.refused import Refused
from hr.loading.parser.sheet_marks import SheetMarks
from hr.loading.parser.sheet_reach import SheetReach

PIECE = 1024 * 1024
# A document type may only stand before the root element; nobody needs so much room there.
_PROLOG = 65_536
# Declarations and comments, and then the root element: what else stands before it is a document type.
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<[A-Za-z_]", re.DOTALL)
_DOCTYPE = b"<!DOCTYPE"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_WIDE_DOCTYPES = tuple(_DOCTYPE.decode().encode(name) for name in ("utf-16-le", "utf-16-be"))
_SMALL_PART = 4 * PIECE
_FILES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0", b"MZ\x90", b"\x7fELF")
_LEADS_OUT = re.compile(rb"""<Relationship\s[^>]*TargetMode=["']External["'][^>]*>""", re.IGNORECASE)
_HYPERLINK = b"/relationships/hyperlink"
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)
_WORKBOOK = "xl/workbook.xml"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


class Package:
    """Raises Refused unless every part unfolds to what the directory promises and is harmless. Of a sheet only the
    beginning is looked at here.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                self._sizes = {part.filename: part.file_size for part in archive.infolist()}
                for part in archive.infolist():
                    self._look_through(archive, part)
                self._sheets = _sheet_parts(archive)
                self.counts_from_1904 = _counts_from_1904(archive)
        except (*_DAMAGED, ElementTree.ParseError, KeyError) as error:
            raise Refused("damaged") from error

    def size_of(self, sheet: str) -> int:
        """Bytes of the sheet of this name, unfolded. Raises Refused if the archive has none."""
        part = self._sheets.get(sheet, "")
        if part not in self._sizes:
            raise Refused("damaged")
        return self._sizes[part]

    def marks_of(self, sheet: str) -> SheetMarks:
        """What is hidden, computed or wrong in it. Raises Refused for cells too far away, or for too much of that."""
        marks, reach = SheetMarks(), SheetReach()
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
                for piece in _pieces(archive, archive.getinfo(self._sheets[sheet])):
                    reach.feed(piece)
                    reach.refuse_far()
                    marks.feed(piece)
        except (*_DAMAGED, KeyError) as error:
            raise Refused("damaged") from error
        marks.finish()
        return marks

    def _look_through(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        pieces = _pieces(archive, part)
        first = next(pieces, b"")
        is_xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
        if is_xml:
            _refuse_doctype(first)
            _refuse_programs(part.filename, first)
        elif first.startswith(_FILES):
            raise Refused("nested", part=part.filename[:100])
        # A sheet is looked through when it is read (`marks_of`).
        if not (is_xml and "/worksheets/" in f"/{part.filename}"):
            for _piece in pieces:
                pass


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    # zipfile stops at the size the directory declares and fails on a wrong checksum: a lie about it is found here.
    with archive.open(part) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _refuse_doctype(first: bytes) -> None:
    """It is where entities are declared that name other files or unfold without end."""
    head = first[:_PROLOG]
    if head.startswith(_WIDE):
        if len(first) > _PROLOG or any(mark in head.upper() for mark in _WIDE_DOCTYPES):
            raise Refused("doctype")
    elif head and not _HEAD.match(head):
        raise Refused("doctype" if len(first) > _PROLOG or _DOCTYPE in head.upper() else "damaged")


def _refuse_programs(name: str, text: bytes) -> None:
    if name == "[Content_Types].xml" and b"macroenabled" in text.lower():
        raise Refused("macros")
    # An address of mail in a cell is a link too, but one that only a click follows.
    if name.endswith(".rels") and any(_HYPERLINK not in match[0] for match in _LEADS_OUT.finditer(text)):
        raise Refused("links")


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Which part holds the sheet, by its name."""
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in _xml(archive, "xl/_rels/workbook.xml.rels")
        if relation.get("TargetMode") != "External"
    }
    sheets = (element for element in _xml(archive, _WORKBOOK).iter() if _local(element.tag) == "sheet")
    found = {}
    for sheet in sheets:
        target = targets.get(sheet.get(_RELATION_ID) or sheet.get(_STRICT_RELATION_ID) or "", "")
        if sheet.get("name", "") in found:
            raise Refused("damaged")
        path = target.lstrip("/") if target.startswith("/") else normpath(join(dirname(_WORKBOOK), target))
        found[sheet.get("name", "")] = path
    return found


def _counts_from_1904(archive: zipfile.ZipFile) -> bool:
    """Old Macs count days from 1904, not 1900."""
    for element in _xml(archive, _WORKBOOK).iter():
        if _local(element.tag) == "workbookPr":
            return element.get("date1904") in ("1", "true")
    return False


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > _SMALL_PART:
        raise Refused("damaged")
    return ElementTree.fromstring(archive.read(name))  # noqa: S314  # a document type was refused above


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
