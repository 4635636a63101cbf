import io
import zipfile
from datetime import date, time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from hr.loading.errors import UnusableFile
from hr.loading.parser.blocks import cells_of, make_block
from hr.loading.parser.cells import SEPARATOR, as_cell, clean
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


def test_what_parts_cells_on_their_way_is_in_none_of_them():
    table = read(f"Code,Name\n{SEPARATOR}E1,Ana{SEPARATOR}María\n{SEPARATOR},Luis\n".encode())

    assert table.rows == [(2, ["E1", "Ana María"]), (3, ["", "Luis"])]


# --- Columns on their way ---------------------------------------------------------------------------------------------
on_a_busy_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.text(st.sampled_from("aB1'= |\n\t\r\x07\xa0é\u200b\u2003²٣ß漢😀\ud800" + SEPARATOR), max_size=4)
VALUES = st.one_of(
    TEXTS,
    st.sampled_from([7.0, 1.5, True, None, date(2024, 1, 31), time(8, 30)]),
)


@on_a_busy_machine
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(VALUES, min_size=width, max_size=width), min_size=1)))
def test_cells_arrive_as_each_of_them_would_alone(rows):
    numbers, columns, days = make_block(list(enumerate(rows, 1)))

    cells = [[as_cell(value) for value in row] for row in rows]
    filled = [(number, row) for number, row in enumerate(cells, 1) if any(row)]
    width = max((at for _number, row in filled for at, cell in enumerate(row, 1) if cell), default=0)
    assert numbers == [number for number, _row in filled]
    arrived = [
        [date.fromordinal(cell) if type(cell) is int else cell for cell in cells_of(column)] for column in columns
    ]
    assert arrived == [[row[at] for _number, row in filled] for at in range(width)]
    assert days == [at for at, column in enumerate(arrived) if any(isinstance(cell, date) for cell in column)]


@on_a_busy_machine
@given(st.lists(TEXTS, min_size=1))
def test_a_column_of_texts_is_cleaned_as_each_of_them(texts):
    _numbers, (first, *others), _days = make_block(list(enumerate([["x", text] for text in texts])))

    assert cells_of(first) == ["x"] * len(texts)
    # A blank column at the end is left out.
    assert (cells_of(others[0]) if others else [""] * len(texts)) == list(map(clean, texts))


def test_blank_rows_and_columns_between_others_keep_their_place():
    day = date(2024, 1, 31)
    table = read(
        as_xlsx([["Code", "", "Name", "Since"], ["E1", None, None, day], [], ["", "", "Ana", "soon"], [None, "x"]])
    )

    assert table.headers == ["Code", "", "Name", "Since"]
    assert table.rows == [(2, ["E1", "", "", day]), (4, ["", "", "Ana", "soon"]), (5, ["", "x", "", ""])]


def test_texts_of_digits_and_numbers_are_counted_by_column():
    columns = [
        ["Code", "007", "12", " 3 ", "4a", "", "5"],
        ["Name", "Ana", "1 2", "a7", "'", "-1", "1,5"],
        ["Foot", "²", "٣", "é1", "", "ñ", "Ⅳ"],
        ["Both", "8", 9, 1.5, date(2024, 1, 31), "", "x"],
        ["None", 1, 2, 3, 4, 5, 6],
    ]

    findings = read(as_xlsx(zip(*columns, strict=True))).source.findings

    assert findings["digits"] == {0: (4, [2, 3, 4, 7]), 2: (2, [2, 3]), 3: (1, [2])}
    assert findings["numbers"] == {3: (2, [3, 4]), 4: (6, [2, 3, 4, 5, 6, 7])}


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
