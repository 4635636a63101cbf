import io
import zipfile
from datetime import date, time

import pytest
from openpyxl import Workbook

from hr.loading.errors import UnusableFile
from hr.loading.reading import MAX_BYTES, read_table
from tests.hr.loading.conftest import as_csv, as_xlsx

KNOWN = {"código", "code", "nombre", "name"}


def recognise(headers):
    return sum(header.lower() in KNOWN for header in headers)


def read(content):
    return read_table(content, recognise)


ROWS = [["Código", "Nombre"], ["E1", "Peña, Ana"], ["E2", "Núñez; Luis"]]
TABLE = (["Código", "Nombre"], [(2, ["E1", "Peña, Ana"]), (3, ["E2", "Núñez; Luis"])])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_is_read_with_any_usual_delimiter_and_encoding(delimiter, encoding):
    table = read(as_csv(ROWS, delimiter=delimiter, encoding=encoding))

    assert (table.headers, table.rows) == TABLE


def test_xlsx_is_read_as_csv_is():
    table = read(as_xlsx(ROWS))

    assert (table.headers, table.rows) == TABLE


def test_xlsx_cells_keep_their_meaning():
    table = read(
        as_xlsx(
            [
                ["Code", "Name"],
                ["007", 12345678],
                [date(2024, 1, 31), time(8, 30)],
                [1.5, True],
            ]
        )
    )

    assert table.rows == [
        (2, ["007", "12345678"]),
        (3, [date(2024, 1, 31), "08:30:00"]),
        (4, ["1.5", "True"]),
    ]


def test_rows_are_numbered_as_the_spreadsheet_numbers_them():
    rows = [
        [],
        ["Name", "Personnel, January"],
        ["Code", "Name"],
        ["E1", "Ana"],
        [],
        ["E2", "two\nlines"],
        ["E3", "Luis"],
    ]

    assert [number for number, _row in read(as_xlsx(rows)).rows] == [4, 6, 7]
    assert [number for number, _row in read(as_csv(rows)).rows] == [4, 6, 7]


def test_excels_separator_line_names_the_delimiter_and_is_no_row():
    table = read(b"sep=;\r\nCode;Name\r\nE1;Ana, Luisa\r\n")

    assert (table.headers, table.rows) == (["Code", "Name"], [(2, ["E1", "Ana, Luisa"])])


def test_a_sheet_of_notes_in_front_is_passed_over():
    workbook, buffer = Workbook(), io.BytesIO()
    workbook.active.append(["Please fill in the other sheet"])
    sheet = workbook.create_sheet("Data")
    sheet.append(["Code"])
    sheet.append(["E1"])
    workbook.save(buffer)

    assert read(buffer.getvalue()).rows == [(2, ["E1"])]


def test_invisible_characters_are_dropped_and_blanks_trimmed():
    table = read("Code,Name\n\u200bE1\xa0,  Ana\u2003María\x07 \n".encode())

    assert table.rows == [(2, ["E1", "Ana María"])]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   \r\n\r\n",
        b"%PDF-1.7\n\x00\x01",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old workbook",
        b"PK\x03\x04 no zip behind it",
        b'Code,Name\nE1,"Ana\nE2,Luis\n',
        b"\xff\xfe\x00\xd8",
    ],
)
def test_what_is_no_table_is_unusable(content):
    with pytest.raises(UnusableFile):
        read(content)


def test_an_unclosed_quote_names_its_row():
    with pytest.raises(UnusableFile, match="row 3"):
        read(b'Code,Name\nE1,Ana\nE2,"Luis\nE3,Eva\n')


def test_a_file_over_the_limit_is_refused_before_it_is_read():
    with pytest.raises(UnusableFile, match="50 MB"):
        read(b"Code\n" + b"x" * MAX_BYTES)


def zipped(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_small_archive_that_unfolds_to_gigabytes_is_refused():
    content = zipped({f"xl/{number}.xml": b" " * 200 * 1024 * 1024 for number in range(3)})

    assert len(content) < MAX_BYTES
    with pytest.raises(UnusableFile, match="holds too much"):
        read(content)


def test_an_archive_that_lies_about_its_size_is_refused():
    content = bytearray(zipped({"xl/workbook.xml": b"<a/>" * 1000}))
    # The declared size stands at byte 24 of the entry in the directory at the end.
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")

    with pytest.raises(UnusableFile, match="damaged"):
        read(bytes(content))


def test_a_cell_in_the_last_corner_is_refused_before_the_reader_fills_the_sheet():
    workbook, buffer = Workbook(), io.BytesIO()
    workbook.active["A1"] = "Code"
    workbook.active["XFD1048576"] = "x"
    workbook.save(buffer)

    with pytest.raises(UnusableFile, match="column 16384 and row 1048576"):
        read(buffer.getvalue())


# --- What others write who are no spreadsheet program -----------------------------------------------------------------
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cols><col min="2" max="2" hidden="1"'
    ' width="9"/></cols><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Code</t></is></c><c r="B1" t="inlineStr">'
    '<is><t>Name</t></is></c></row><row r="2" hidden="1"><c r="A2" t="inlineStr"><is><t>E1</t></is></c>'
    '<c r="B2"><f>A2</f></c></row></sheetData></worksheet>'
)


def book(sheet=SHEET, *, path="worksheets/sheet1.xml", name="Hoja", head="", sheets=1):
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    listed = "".join(f'<sheet name="{name}" sheetId="{number + 1}" r:id="r1"/>' for number in range(sheets))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Override PartName="/xl/workbook.xml"'
            f' ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/{path}"'
            f' ContentType="{kind}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
            f' Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'{head}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
            f' xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
            f' Type="{office}/worksheet" Target="{path}"/></Relationships>',
            f"xl/{path}": sheet,
        }
    )


def found_in(content):
    findings = read(content).source.findings
    return findings["hidden_rows"], set(findings["hidden_columns"]), findings["unsolved"]


EVERYTHING = ([2], {1}, [(2, 1, "=A2")])


@pytest.mark.parametrize("path", ["worksheets/sheet1.xml", "data/s1.xml", "worksheets/s1.dat"])
def test_a_sheet_is_looked_through_wherever_it_lies(path):
    assert found_in(book(path=path)) == EVERYTHING


@pytest.mark.parametrize(
    "sheet",
    [
        SHEET.replace('"', "'"),
        SHEET.replace("><f>", ">\n  <f>").replace("</f><", "</f>\n<"),
        SHEET.replace("<", "<my-x.1:").replace("<my-x.1:/", "</my-x.1:").replace("xmlns=", "xmlns:my-x.1="),
        SHEET.replace("<c ", "<c\n").replace("<row ", "<row\n"),
    ],
)
def test_however_it_is_written(sheet):
    assert found_in(book(sheet)) == EVERYTHING


def test_a_far_cell_between_apostrophes_is_seen():
    far = SHEET.replace("</sheetData>", "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>")

    with pytest.raises(UnusableFile, match="column 16384 and row 1048576"):
        read(book(far))


@pytest.mark.parametrize("faulty", [{"name": "Ho\nja"}, {"sheets": 2}])
def test_a_sheet_that_cannot_be_told_from_another_is_not_read(faulty):
    with pytest.raises(UnusableFile, match="damaged"):
        read(book(**faulty))


@pytest.mark.parametrize("head", ["", "<!-- <a -->", "<?x <a ?>", "<!-- <!DOCTYPE --> <!-- b -->"])
def test_a_document_type_hides_behind_nothing(head):
    declared = f'{head}<!DOCTYPE workbook [<!ENTITY a "b">]>'

    with pytest.raises(UnusableFile, match="document type"):
        read(book(head=declared))
    assert found_in(book(head=head)) == EVERYTHING
