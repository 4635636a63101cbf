"""Excel workbooks written by hand, so that they can be wrong in one place alone, and are the same byte for byte."""

import io
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Styles by index: plain, day, day with time, time.
DAY, MOMENT, TIME = 1, 2, 3
STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    '<xf numFmtId="20" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
WHEN = (2024, 1, 15, 0, 0, 0)


class Cell(str):
    """A cell's inner XML and attributes, as they are to be written: `Cell('s="1"', "<v>45306</v>")`."""

    def __new__(cls, attributes, inner):
        cell = super().__new__(cls, inner)
        cell.attributes = attributes
        return cell


def number(value, style=0):
    return Cell(f's="{style}"', f"<v>{value}</v>")


def formula(text, value=None, kind=""):
    return Cell(kind, f"<f>{escape(text)}</f>" + (f"<v>{value}</v>" if value is not None else ""))


def error(text):
    return Cell('t="e"', f"<v>{text}</v>")


def letters(position):
    text, rest = "", position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        text = chr(65 + letter) + text
    return text


def row_xml(at, row, attributes=""):
    cells = []
    for position, value in enumerate(row):
        place = f'r="{letters(position)}{at}"'
        if isinstance(value, Cell):
            cells.append(f"<c {place} {value.attributes}>{value}</c>")
        elif isinstance(value, int | float):
            cells.append(f"<c {place}><v>{value}</v></c>")
        elif value:
            cells.append(f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>')
    return f'<row r="{at}" {attributes}>{"".join(cells)}</row>'


def sheet_xml(rows, *, columns="", behind="", row_attributes=None, dimension=""):
    written = "".join(row_xml(at, row, (row_attributes or {}).get(at, "")) for at, row in enumerate(rows, 1))
    size = f'<dimension ref="{dimension}"/>' if dimension else ""
    return f'{HEAD}<worksheet xmlns="{MAIN}">{size}{columns}<sheetData>{written}</sheetData>{behind}</worksheet>'


def parts_of(sheets, *, properties="", hidden=()):
    """The parts of a workbook of these sheets, {name: XML}."""
    state = dict.fromkeys(hidden, 'state="hidden"')
    listed = "".join(
        f'<sheet name="{name}" sheetId="{at}" {state.get(name, "")} r:id="rId{at}"/>'
        for at, name in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at, _name in enumerate(sheets, 1)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for at, _name in enumerate(sheets, 1)
    )
    return {
        "[Content_Types].xml": (
            f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{types}</Types>"
        ),
        "_rels/.rels": (
            f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{related}'
            f'<Relationship Id="rId900" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{at}.xml": xml for at, xml in enumerate(sheets.values(), 1)},
    }


def zipped(parts):
    """A zip archive; a part may be bytes, text, or (a piece, how often)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            piece, times = data if isinstance(data, tuple) else (data, 1)
            with archive.open(entry, "w") as part:
                for _ in range(times):
                    part.write(piece.encode() if isinstance(piece, str) else piece)
    return buffer.getvalue()


def book(rows, *, extra=None, properties="", **sheet):
    """A workbook with one sheet of these rows, and `extra` parts."""
    return zipped(parts_of({"Hoja1": sheet_xml(rows, **sheet)}, properties=properties) | (extra or {}))


def books(sheets, **options):
    """A workbook with several sheets, {name: rows}."""
    return zipped(parts_of({name: sheet_xml(rows) for name, rows in sheets.items()}, **options))
