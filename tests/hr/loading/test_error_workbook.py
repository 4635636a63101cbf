"""The faulty rows come back as a workbook that says what to do and, once corrected, is the next upload."""

import io
import resource
import sys
from datetime import date
from unittest.mock import ANY

import pytest
from openpyxl import load_workbook

from core.roles import BULK_LOADER
from hr.loading import engine
from hr.loading import error_workbook as error_workbook_module
from hr.loading.error_workbook import error_workbook
from hr.loading.kinds import KINDS
from hr.loading.xlsx import Look
from hr.models import ImportJob, ImportRow
from hr.services.writing import insert_only
from tests.factories import make_unit, make_user

PEOPLE = KINDS["employees"]
COLUMNS = [
    ["Ficha", "code"],
    ["Nombres", "first_name"],
    ["Apellidos", "last_name"],
    ["Oficina", "org_unit"],
    ["Ingreso", "hired_on"],
    ["Estado", None],
    ["Talla", None],
]
ERROR = {"column": "Oficina", "field": "org_unit", "value": "Vetas", "message": "Nobody knows it.", "cause": "unknown"}


@pytest.fixture
def loader(db):
    return make_user(role=BULK_LOADER)


def make_job(owner, **values):
    return ImportJob.objects.create(
        resource="employees", file_name="a.csv", created_by_id=owner.pk, language="en", columns=COLUMNS, **values
    )


def make_row(job, number, cells, *errors, verdict="faulty"):
    return ImportRow.objects.create(
        job=job, number=number, verdict=verdict, cells=cells, errors=list(errors or [ERROR]), label=str(number)
    )


def content_of(job, user):
    return b"".join(error_workbook(job, user=user))


def table(content):
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(content)).worksheets[0].iter_rows()]


def test_it_holds_the_faulty_rows_with_what_to_do(loader):
    job = make_job(loader)
    surplus = {"column": "", "field": "", "value": "x", "message": "Too many cells.", "cause": "surplus"}
    make_row(job, 9, ["E9", "Beto", "Ñáñez", "Vetas", "2024-01-15", "activo", "42", "x"], ERROR, surplus)
    make_row(job, 4, ["007", "=1+1"])
    make_row(job, 5, ["E5"], verdict="changed")

    header, *rows = table(content_of(job, loader))

    assert header == [
        "What to do", "Ficha", "Nombres", "Apellidos", "Unit (Oficina)", "Ingreso", "Not loaded: Estado", "Talla",
    ]  # fmt: skip
    assert rows[0][:4] == ["Oficina: Nobody knows it.", "007", "=1+1", None]
    assert rows[1][0] == "Oficina: Nobody knows it.\nToo many cells."
    assert rows[1][4:] == ["Vetas", ANY, "activo", "42"]
    assert rows[1][5].date() == date(2024, 1, 15)
    assert len(rows) == 2


def test_faulty_cells_are_coloured_blank_ones_too(loader):
    job = make_job(loader)
    make_row(job, 2, ["E2", "Ana", "Pérez", "", "soon"], ERROR)

    row = load_workbook(io.BytesIO(content_of(job, loader))).worksheets[0][2]

    red = [cell.column_letter for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"]
    assert red == ["E"]
    assert row[0].fill.fgColor.rgb == "FFFFF2CC"
    assert Look.FAULTY != Look.ADVICE


def test_the_columns_offer_what_the_template_offers(loader):
    make_unit("Ventas", code="VEN")
    job = make_job(loader)
    make_row(job, 2, ["E2"])

    book = load_workbook(io.BytesIO(content_of(job, loader)))

    offers = {str(offer.sqref): offer.formula1 for offer in book.worksheets[0].data_validations.dataValidation}
    assert offers == {"E2:E1048576": "list_org_unit"}
    assert book.worksheets[1].sheet_state == "hidden"


def test_it_is_read_again_as_it_was_mapped(loader):
    job = make_job(loader)
    make_row(job, 2, ["007", "Ana", "Pérez", "Ventas", "2024-01-15", "activo", "42"])

    sheet = engine.read_file(content_of(job, loader), PEOPLE)

    assert {field: sheet.mapping.positions[field] - 1 for field in sheet.mapping.positions} == {
        field: at for at, (_header, field) in enumerate(COLUMNS) if field
    }
    assert sheet.mapping.unknown == ["Not loaded: Estado", "Talla"]
    ((line,),) = sheet.blocks(10)
    assert line.values["code"] == "007"
    assert line.values["hired_on"] == date(2024, 1, 15)


def test_rows_of_another_load_and_of_another_owner_are_not_in_it(loader):
    job, other = make_job(loader), make_job(loader)
    make_row(other, 2, ["OTHER"])
    make_row(job, 2, ["MINE"])

    assert [row[1] for row in table(content_of(job, loader))[1:]] == ["MINE"]
    assert table(content_of(job, make_user(role=BULK_LOADER)))[1:] == []


def test_rows_of_one_row_of_a_matrix_are_all_in_it(loader, monkeypatch):
    monkeypatch.setattr(error_workbook_module, "ROWS_A_READ", 2)
    job = make_job(loader)
    for number, code in ((2, "A"), (3, "B"), (3, "C"), (3, "D"), (4, "E")):
        make_row(job, number, [code])

    assert [row[1] for row in table(content_of(job, loader))[1:]] == ["A", "B", "C", "D", "E"]


@pytest.mark.slow
def test_a_hundred_thousand_faulty_rows_take_little_memory(loader):
    job = make_job(loader)
    fields = [field for field in ImportRow._meta.concrete_fields if field.name not in ("id", "job", "number")]
    same = {field.attname: field.get_default() for field in fields} | {
        "job_id": job.pk,
        "verdict": "faulty",
        "errors": [ERROR],
        "cells": ["007", "Ana", "Pérez", "Vetas", "2024-01-15", "", ""],
        "version": 1,
        "created_at": job.created_at,
        "updated_at": job.created_at,
    }
    insert_only(ImportRow, (same | {"number": number} for number in range(2, 100_002)))
    before = peak_megabytes()

    size = sum(map(len, error_workbook(job, user=loader)))

    assert size > 1_000_000
    assert peak_megabytes() - before < 40


def peak_megabytes():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024
