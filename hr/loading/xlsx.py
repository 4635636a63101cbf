"""XLSX files written row by row, in a memory that does not grow with them.

The library at hand holds every cell as an object and takes eight times as long. Text cells are declared text and
marked as quoted, so that no program runs them as formulas and leading zeros stay.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import IntEnum
from itertools import batched
from xml.sax.saxutils import escape, quoteattr

from hr.loading.formulas import neutralise_in_text_cell
from hr.loading.reading import Cell

ROWS_A_PIECE = 500
LAST_ROW = 1_048_576
_EPOCH = date(1899, 12, 30)
# Excel knows no day before 1900, and counts one too many until this one.
_FIRST_DAY = date(1900, 2, 28)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Styles by index: nothing, header, quoted text, day; then those of Look.
_STYLES = f"""{_HEAD}<styleSheet xmlns="{_MAIN}">
<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>
<fonts count="3"><font><sz val="11"/><name val="Calibri"/></font>
<font><b/><sz val="11"/><name val="Calibri"/></font>
<font><sz val="11"/><color rgb="FF9C0006"/><name val="Calibri"/></font></fonts>
<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>
<fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill>
<fill><patternFill patternType="solid"><fgColor rgb="FFFFF2CC"/></patternFill></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="9"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>
<xf numFmtId="49" fontId="2" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" \
quotePrefix="1"/>
<xf numFmtId="49" fontId="0" fillId="3" borderId="0" xfId="0" applyNumberFormat="1" applyFill="1" applyAlignment="1" \
quotePrefix="1"><alignment vertical="top" wrapText="1"/></xf>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1" \
quotePrefix="1"><alignment vertical="top" wrapText="1"/></xf>
<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" quotePrefix="1"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>"""
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LIKE_AN_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class Look(IntEnum):
    """How a cell, or what will be typed into a column, looks: places in the list of styles."""

    DAY = 3
    FAULTY = 4
    ADVICE = 5
    WRAPPED = 6
    BOLD = 7
    # Of a column still to be filled in: what is typed stays text, with its leading zeros.
    TEXT = 8


@dataclass(frozen=True, slots=True)
class Styled:
    """A text cell with a look of its own."""

    text: str
    look: Look


# Numbers are written as numbers. A file that is to be loaded again holds texts and days alone.
Written = Cell | int | float | Decimal | Styled


@dataclass(frozen=True)
class SheetToWrite:
    """`widths` are in characters. The header row is bold and stays in sight, and so do the first `frozen` columns.

    By position of the column: `looks` of its empty cells, and `drop_downs`, names of the lists that its cells offer
    (`workbook`); another value may be typed all the same.
    """

    name: str
    header: Sequence[str]
    widths: Sequence[int]
    rows: Iterable[Sequence[Written]]
    frozen: int = 0
    looks: Mapping[int, Look] = field(default_factory=dict)
    drop_downs: Mapping[int, str] = field(default_factory=dict)
    hidden: bool = False


def workbook(sheets: Sequence[SheetToWrite], names: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """The bytes of the file, piece by piece. `names` are given to ranges: {"units": "Lists!$A$2:$A$40"}."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name, text in _parts_around(sheets, names or {}):
            archive.writestr(name, text)
        for number, sheet in enumerate(sheets, 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as part:
                for text in _sheet_xml(sheet):
                    part.write(text.encode())
                    if piece := sink.taken():
                        yield piece
    yield sink.taken()


class Book:
    """A workbook on its way out: its `pieces`, to be taken once, and how many `rows` they held, headers aside."""

    def __init__(self, sheets: Sequence[SheetToWrite]) -> None:
        self.rows = 0
        self.pieces = workbook([replace(sheet, rows=self._counted(sheet.rows)) for sheet in sheets])

    def _counted[Cells](self, rows: Iterable[Cells]) -> Iterator[Cells]:
        for row in rows:
            self.rows += 1
            yield row


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
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"{_style_of(sheet.looks.get(number - 1))}/>'
        for number, width in enumerate(sheet.widths, 1)
    )
    beside = f'xSplit="{sheet.frozen}" ' if sheet.frozen else ""
    pane = "bottomRight" if sheet.frozen else "bottomLeft"
    header = _rows_xml(1, [sheet.header], letters, _Bodies(text_style=1))
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        f'<pane {beside}ySplit="1" topLeftCell="{_letters(sheet.frozen + 1)}2" activePane="{pane}" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{columns}</cols><sheetData>{header}"
    )
    bodies, number = _Bodies(text_style=2), 2
    for rows in batched(sheet.rows, ROWS_A_PIECE):
        yield _rows_xml(number, rows, letters, bodies)
        number += len(rows)
    yield f"</sheetData>{_offers(sheet, letters)}</worksheet>"


def _style_of(look: Look | None) -> str:
    return f' style="{look.value}"' if look else ""


def _offers(sheet: SheetToWrite, letters: Sequence[str]) -> str:
    """The lists that cells drop down, on every row that a sheet can have below its header."""
    if not sheet.drop_downs:
        return ""
    lists = "".join(
        f'<dataValidation type="list" allowBlank="1" sqref="{letters[at]}2:{letters[at]}{LAST_ROW}">'
        f"<formula1>{escape(name)}</formula1></dataValidation>"
        for at, name in sheet.drop_downs.items()
    )
    return f'<dataValidations count="{len(sheet.drop_downs)}">{lists}</dataValidations>'


class _Bodies(dict[Written, str]):
    """What stands in a cell behind its address, by the cell: most are seen again and again. '' for an empty one."""

    MOST = 20_000

    def __init__(self, *, text_style: int) -> None:
        super().__init__()
        self.text_style = text_style

    def __missing__(self, cell: Written) -> str:
        if len(self) > self.MOST:
            self.clear()
        body = self[cell] = self._body(cell)
        return body

    def _body(self, cell: Written) -> str:
        style = self.text_style
        if isinstance(cell, Styled):
            style, cell = cell.look.value, cell.text
            if not cell:
                return f'" s="{style}"/>'
        if isinstance(cell, date) and cell > _FIRST_DAY:
            return f'" s="{Look.DAY.value}"><v>{(cell - _EPOCH).days}</v></c>'
        if isinstance(cell, int | float | Decimal):
            return f'"><v>{cell}</v></c>'
        if not cell:
            return ""
        text = escape(_as_xml(neutralise_in_text_cell(str(cell))))
        space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        return f'" s="{style}" t="inlineStr"><is><t{space}>{text}</t></is></c>'


def _rows_xml(first: int, rows: Sequence[Sequence[Written]], letters: Sequence[str], bodies: _Bodies) -> str:
    """The rows from number `first` on. By column, because that is where cells are alike."""
    columns = [map(bodies.__getitem__, column) for column in zip(*rows, strict=True)]
    starts = [f'<c r="{letter}' for letter in letters]
    lines = []
    for number, row in enumerate(zip(*columns, strict=True), first):
        cells = "".join([f"{start}{number}{body}" for start, body in zip(starts, row, strict=True) if body])
        lines.append(f'<row r="{number}">{cells}</row>')
    return "".join(lines)


def _as_xml(text: str) -> str:
    """Without what no XML holds; what programs would take for an escaped character is escaped itself."""
    if "_x" in text:
        text = _LIKE_AN_ESCAPE.sub("_x005F_", text)
    return text if text.isprintable() else _NOT_IN_XML.sub("", text).replace("\r", "_x000D_")


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _parts_around(sheets: Sequence[SheetToWrite], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a workbook holds beside its sheets."""
    sheet_type = "application/vnd.openxmlformats-package.relationships+xml"
    types = [_type_of(f"xl/worksheets/sheet{number}.xml", "worksheet") for number, _ in enumerate(sheets, 1)]
    related = [_relation(number, "worksheet", f"worksheets/sheet{number}.xml") for number, _ in enumerate(sheets, 1)]
    listed = [_listed(number, sheet) for number, sheet in enumerate(sheets, 1)]
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
        _tag(f'workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"', "<sheets>", *listed, "</sheets>", _named(names)),
    )
    yield "xl/styles.xml", _STYLES


def _tag(opening: str, *content: str) -> str:
    return f"{_HEAD}<{opening}>{''.join(content)}</{opening.partition(' ')[0]}>"


def _type_of(part: str, kind: str) -> str:
    return f'<Override PartName="/{part}" ContentType="{_TYPES}.{kind}+xml"/>'


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _listed(number: int, sheet: SheetToWrite) -> str:
    state = ' state="hidden"' if sheet.hidden else ""
    return f'<sheet name={quoteattr(sheet.name[:31])} sheetId="{number}"{state} r:id="rId{number}"/>'


def _named(names: Mapping[str, str]) -> str:
    if not names:
        return ""
    ranges = (f"<definedName name={quoteattr(name)}>{escape(cells)}</definedName>" for name, cells in names.items())
    return f"<definedNames>{''.join(ranges)}</definedNames>"
