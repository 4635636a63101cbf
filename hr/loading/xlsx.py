"""XLSX files written row by row, in a memory that does not grow with them.

The library at hand holds every cell as an object and takes eight times as long. Text cells are declared text and
marked as quoted, so that no program runs them as formulas and leading zeros stay.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from hr.loading.formulas import neutralise_in_text_cell
from hr.loading.reading import Cell

ROWS_A_PIECE = 500
_EPOCH = date(1899, 12, 30)
# Excel knows no day before 1900, and counts one too many until this one.
_FIRST_DAY = date(1900, 2, 28)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Styles by index: nothing, header, quoted text, day.
_STYLES = f"""{_HEAD}<styleSheet xmlns="{_MAIN}">
<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>"""
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


# Numbers are written as numbers. A file that is to be loaded again holds texts and days alone.
Written = Cell | int | float | Decimal


@dataclass(frozen=True)
class SheetToWrite:
    """`widths` are in characters. The header row is bold and stays in sight."""

    name: str
    header: Sequence[str]
    widths: Sequence[int]
    rows: Iterable[Sequence[Written]]


def workbook(sheets: Sequence[SheetToWrite]) -> Iterator[bytes]:
    """The bytes of the file, piece by piece."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, text in _parts_around(sheets):
            archive.writestr(name, text)
        for number, sheet in enumerate(sheets, 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
                for text in _sheet_xml(sheet):
                    part.write(text.encode())
                    if piece := sink.taken():
                        yield piece
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Where the archive writes to; it cannot be rewound, so every piece is final."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _sheet_xml(sheet: SheetToWrite) -> Iterator[str]:
    letters = [_letters(number) for number in range(1, len(sheet.header) + 1)]
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(sheet.widths, 1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{_row_xml(1, sheet.header, letters, text_style=1)}"
    )
    pieces: list[str] = []
    for number, row in enumerate(sheet.rows, 2):
        pieces.append(_row_xml(number, row, letters, text_style=2))
        if len(pieces) == ROWS_A_PIECE:
            yield "".join(pieces)
            pieces.clear()
    yield "".join(pieces) + "</sheetData></worksheet>"


def _row_xml(number: int, row: Sequence[Written], letters: Sequence[str], *, text_style: int) -> str:
    cells = []
    for letter, cell in zip(letters, row, strict=True):
        if isinstance(cell, date) and cell > _FIRST_DAY:
            cells.append(f'<c r="{letter}{number}" s="3"><v>{(cell - _EPOCH).days}</v></c>')
        elif isinstance(cell, int | float | Decimal):
            cells.append(f'<c r="{letter}{number}"><v>{cell}</v></c>')
        elif cell:
            text = escape(_NOT_IN_XML.sub("", neutralise_in_text_cell(str(cell))))
            cells.append(
                f'<c r="{letter}{number}" s="{text_style}" t="inlineStr">'
                f'<is><t xml:space="preserve">{text}</t></is></c>'
            )
    return f'<row r="{number}">{"".join(cells)}</row>'


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _parts_around(sheets: Sequence[SheetToWrite]) -> Iterator[tuple[str, str]]:
    """What a workbook holds beside its sheets."""
    sheet_type = "application/vnd.openxmlformats-package.relationships+xml"
    types = [_type_of(f"xl/worksheets/sheet{number}.xml", "worksheet") for number, _ in enumerate(sheets, 1)]
    related = [_relation(number, "worksheet", f"worksheets/sheet{number}.xml") for number, _ in enumerate(sheets, 1)]
    listed = [_listed(number, sheet.name) for number, sheet in enumerate(sheets, 1)]
    yield (
        "[Content_Types].xml",
        _tag(
            f'Types xmlns="{_PACKAGE}/content-types"',
            f'<Default Extension="rels" ContentType="{sheet_type}"/>',
            '<Default Extension="xml" ContentType="application/xml"/>',
            _type_of("xl/workbook.xml", "sheet.main"),
            _type_of("xl/styles.xml", "styles"),
            *types,
        ),
    )
    relationships = f'Relationships xmlns="{_PACKAGE}/relationships"'
    yield "_rels/.rels", _tag(relationships, _relation(1, "officeDocument", "xl/workbook.xml"))
    styles = _relation(len(sheets) + 1, "styles", "styles.xml")
    yield "xl/_rels/workbook.xml.rels", _tag(relationships, *related, styles)
    yield (
        "xl/workbook.xml",
        _tag(f'workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"', "<sheets>", *listed, "</sheets>"),
    )
    yield "xl/styles.xml", _STYLES


def _tag(opening: str, *content: str) -> str:
    return f"{_HEAD}<{opening}>{''.join(content)}</{opening.partition(' ')[0]}>"


def _type_of(part: str, kind: str) -> str:
    return f'<Override PartName="/{part}" ContentType="{_TYPES}.{kind}+xml"/>'


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _listed(number: int, name: str) -> str:
    return f'<sheet name={quoteattr(name[:31])} sheetId="{number}" r:id="rId{number}"/>'
