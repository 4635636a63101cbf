from datetime import date
from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from python_calamine import load_workbook

from hr.demo.people import STAFF, person
from hr.demo.workbook import HEADERS, write_sample_workbook
from hr.identifiers import normalize_national_id


def read(file) -> list[list]:
    return load_workbook(file).get_sheet_by_index(0).to_python()


def written(rows: int) -> list[dict]:
    file = BytesIO()
    write_sample_workbook(file, rows)
    file.seek(0)
    header, *lines = read(file)
    assert tuple(header) == HEADERS
    return [dict(zip(HEADERS, line, strict=True)) for line in lines]


@pytest.fixture(scope="module")
def lines():
    return written(1000)


def test_the_same_size_gives_the_same_rows(lines):
    assert written(1000) == lines


@pytest.mark.parametrize("rows", [0, 1, 2, 30])
def test_any_number_of_rows_can_be_written(rows):
    assert len(written(rows)) == rows


def test_codes_and_ids_are_unique_and_strange_to_the_demo(lines):
    codes = {line["Código"] for line in lines}
    ids = {normalize_national_id("VE", line["Cédula"]) for line in lines}

    assert len(codes) == len(ids) == 1000
    assert codes.isdisjoint(person(number, STAFF).code for number in range(1, 1001))
    assert ids.isdisjoint(person(number, STAFF).national_id for number in range(1, 1001))


def test_boss_lines_end_at_the_one_person_without_a_boss(lines):
    boss_of = {line["Código"]: line["Jefe"] for line in lines}
    code_of = {normalize_national_id("VE", line["Cédula"]): line["Código"] for line in lines}
    depths = []
    for start in boss_of:
        code, steps = start, 0
        while boss := boss_of[code]:
            code, steps = code_of.get(boss, boss), steps + 1
        assert code == "NV-00001"
        depths.append(steps)

    assert max(depths) == 3


def test_many_a_boss_stands_further_down(lines):
    place = {line["Código"]: number for number, line in enumerate(lines)}
    later = [line for number, line in enumerate(lines) if place.get(line["Jefe"], -1) > number]

    assert len(later) > 300


def test_bosses_are_named_by_code_and_by_id(lines):
    assert {line["Jefe"][:2] for line in lines} == {"", "NV", "V-", "E-"}


def test_cells_come_as_numbers_texts_and_dates(lines):
    assert {type(line["Cédula"]) for line in lines} == {float, str}
    assert {type(line["Fecha de ingreso"]) for line in lines} == {date, str}


def test_units_and_positions_grow_with_the_file(lines):
    assert len({line["Unidad"] for line in lines}) == 11
    assert {"Gerente de Sucursal", "Supervisor de Piso", "Cajero"} < {line["Cargo"] for line in lines}


def test_the_command_writes_the_file_and_says_so(tmp_path):
    path, out = tmp_path / "muestra.xlsx", StringIO()

    call_command("make_sample_workbook", str(path), rows=3, stdout=out)

    assert len(read(path)) == 4
    assert out.getvalue().startswith(f"{path}: 3 ")
