"""What a file is, by its first bytes and not by its name: whatever is no table is named to its owner in words."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from hr.loading.errors import UnusableFile

ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_BEGINNING = _OLE[:4]

_PICTURE = _("This is a picture. Type its table into Excel, or ask for the file it was taken from.")
_PACKED = _("This is a compressed file. Unpack it, and load the file inside.")
_PROGRAM = _("This is a program, no table. Do not open it; load an Excel workbook (.xlsx) or a table as text (.csv).")
_OTHER = _("This is neither an Excel workbook (.xlsx) nor a table as text (.csv).")
_SIGNATURES = (
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"\x00\x00\x01\x00", _PICTURE),
    (b"%PDF", _("This is a PDF. Ask for the spreadsheet it was made from, or copy its table into Excel.")),
    (b"{\\rtf", _("This is a text document (RTF). Copy its table into Excel, and save that as .xlsx.")),
    (b"Rar!", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", _PACKED),
    (b"\x1f\x8b", _PACKED),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED),
    (b"MZ", _PROGRAM),
    (b"\x7fELF", _PROGRAM),
    (b"#!", _PROGRAM),
    (b"SQLite format 3\x00", _("This is a database, no table. Export the table you need as CSV.")),
    (b"BEGIN:V", _("This is a contact or a calendar. Load an Excel workbook (.xlsx) or a table as text (.csv).")),
)
# A text may well begin with the letters of these: only bytes that no text holds tell.
_SHORT = (b"BM", b"MZ", b"\x1f\x8b", b"BZh")
_CONTAINERS = ((b"RIFF", b"WEBP", 8), (b"", b"ftypheic", 4), (b"", b"ftypmif1", 4), (b"", b"ftypavif", 4))
_OLD_EXCEL = _("This is an old Excel file (.xls). Save it as .xlsx.")
_ENCRYPTED = _("The Excel file is protected by a password. Save it without one.")
_OLD_WORD = _("This is a Word document. Copy its table into Excel, and save that as .xlsx.")
_OLD_OTHER = _("This is an old Excel file, or one with a password. Save it as .xlsx without a password.")
_OLE_STREAMS = (
    ("EncryptedPackage", _ENCRYPTED),
    ("WordDocument", _OLD_WORD),
    ("Workbook", _OLD_EXCEL),
    ("Book", _OLD_EXCEL),
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!doctype|<html|<head|<body|<table|<meta|<style|<div)", re.I)
_HEAD = 4096


def refuse_other_types(content: bytes) -> None:
    """Raise UnusableFile for whatever is known not to be a workbook or a text."""
    if content.startswith(_EMPTY_ZIP):
        raise UnusableFile(str(_("This compressed file is empty. Choose another.")))
    if content.startswith(_OLE_BEGINNING):
        raise UnusableFile(str(_old_office(content)))
    head = content[:_HEAD]
    for signature, sentence in _SIGNATURES:
        if head.startswith(signature) and (signature not in _SHORT or _is_binary(head)):
            raise UnusableFile(str(sentence))
    for start, mark, at in _CONTAINERS:
        if head.startswith(start) and head[at:].startswith(mark):
            raise UnusableFile(str(_PICTURE))
    if _MARKUP.match(head):
        raise UnusableFile(str(_markup(head)))
    if head.lstrip()[:2] in (b'{"', b"[{"):
        raise UnusableFile(str(_("This is data in JSON, no table. Export it as CSV or Excel.")))


def _is_binary(head: bytes) -> bool:
    return any(byte < 9 or 13 < byte < 32 for byte in head)


def _old_office(content: bytes) -> object:
    # The names of its streams stand in a directory, in UTF-16.
    for name, sentence in _OLE_STREAMS:
        if name.encode("utf-16-le") in content:
            return sentence
    return _OLD_OTHER


def _markup(head: bytes) -> object:
    text = head.lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text:
        return _("This is an XML spreadsheet of Excel 2003. Open it in Excel, and save it as .xlsx.")
    if any(mark in text for mark in (b"<html", b"<table", b"<body", b"<!doctype html", b"<head", b"<meta", b"<div")):
        return _("This is a web page, whatever its name says. Open it in Excel, and save it as .xlsx.")
    return _("This is XML, no table. Export the table as CSV or Excel.")
