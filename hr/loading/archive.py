"""An XLSX file is a zip archive of XML, and half a megabyte of it can unfold to gigabytes: its directory is read first.

What only the parts themselves tell is looked at by the process that opens them (parser/package.py).
"""

from __future__ import annotations

import io
import zipfile

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hr.loading.errors import UnusableFile
from hr.loading.refusals import DAMAGED, refusal

MAX_PARTS = 1000
MAX_UNFOLDED = 400 * 1024 * 1024
# The most regular of real sheets shrink to a twentieth; only a bomb of some size to less than a hundredth.
MAX_RATIO = 100
RATIO_MATTERS_FROM = 1024 * 1024
_ENCRYPTED = 0x1
_INSIDE = (".zip", ".xlsx", ".xlsm", ".xlsb", ".xls", ".docx", ".pptx", ".jar", ".rar", ".7z", ".gz", ".exe", ".dll")
_OTHER_ARCHIVES = {
    "xl/workbook.bin": gettext_lazy("This is a binary Excel workbook (.xlsb). Save it as .xlsx."),
    "word/document.xml": gettext_lazy("This is a Word document. Copy its table into Excel, and save that as .xlsx."),
    "ppt/presentation.xml": gettext_lazy("This is a presentation. Copy its table into Excel, and save that as .xlsx."),
    "content.xml": gettext_lazy("This is an OpenDocument file (LibreOffice). Save it as .xlsx or .csv."),
    "Index/Document.iwa": gettext_lazy("This is a document of Apple's Numbers or Pages. Export it as .xlsx or .csv."),
}


def check_workbook(content: bytes) -> None:
    """Raise UnusableFile unless the archive's directory is that of a workbook a load can hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        raise UnusableFile(str(DAMAGED)) from error
    _refuse_bombs(parts)
    _refuse_other_archives({part.filename for part in parts})
    _refuse_dangerous(parts)


def _refuse_bombs(parts: list[zipfile.ZipInfo]) -> None:
    if (
        len(parts) > MAX_PARTS
        or sum(part.file_size for part in parts) > MAX_UNFOLDED
        or any(part.file_size > max(RATIO_MATTERS_FROM, part.compress_size * MAX_RATIO) for part in parts)
    ):
        raise UnusableFile(_("The Excel file holds too much. Copy the table alone into a new file, or save it as CSV."))


def _refuse_other_archives(names: set[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    for name, sentence in _OTHER_ARCHIVES.items():
        if name in names:
            raise UnusableFile(str(sentence))
    if "[Content_Types].xml" in names:
        raise UnusableFile(str(DAMAGED))
    raise UnusableFile(_("This is a compressed folder (zip). Unpack it, and load the file inside."))


def _refuse_dangerous(parts: list[zipfile.ZipInfo]) -> None:
    for part in parts:
        name = part.filename.lower()
        if part.flag_bits & _ENCRYPTED:
            raise refusal("password")
        if "vbaproject" in name or name.startswith("xl/macrosheets/"):
            raise refusal("macros")
        if name.startswith("xl/externallinks/") or name == "xl/connections.xml":
            raise refusal("links")
        if name.endswith(_INSIDE):
            raise refusal("nested", {"part": part.filename[:100]})
