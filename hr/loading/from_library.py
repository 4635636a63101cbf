"""Datasets of import-export: loaded by the engine and answered as that library answers, and written for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from import_export.exceptions import ImportError as LibraryError
from import_export.results import Result, RowResult
from tablib import Dataset

from hr.loading import engine
from hr.loading.csv_file import as_text
from hr.loading.export import Export
from hr.loading.kinds import kind_of
from hr.loading.lines import CHANGED, FAULTY, NEW, SKIPPED, UNCHANGED, read_sheet
from hr.loading.mapping import map_headers
from hr.loading.plan import Finding
from hr.loading.reading import Table, as_cell
from hr.resources.base import SpreadsheetResource

if TYPE_CHECKING:
    from core.models import User

_KINDS = {
    NEW: RowResult.IMPORT_TYPE_NEW,
    CHANGED: RowResult.IMPORT_TYPE_UPDATE,
    UNCHANGED: RowResult.IMPORT_TYPE_SKIP,
    SKIPPED: RowResult.IMPORT_TYPE_SKIP,
}


def load_dataset(
    resource: SpreadsheetResource, dataset: Dataset, *, dry_run: bool, raise_errors: bool, user: User | None
) -> Result:
    """All or nothing; without a user with every right. Raises the library's ImportError if asked to."""
    kind = kind_of(resource._meta.model)
    rows = [(number, [as_cell(cell) for cell in row]) for number, row in enumerate(dataset, 2)]
    table = Table([str(header) for header in dataset.headers or []], rows)
    sheet = read_sheet(table, map_headers(table, resource), resource)
    if dry_run:
        plan = engine.check(sheet, kind, user=user)
    else:
        plan, _outcome = engine.load(sheet, kind, actor=user, file_name="")
    result = resource.get_result_class()()
    lines = plan.lines
    result.diff_headers, result.total_rows = resource.get_diff_headers(), len(lines)
    for line in lines:
        _tell(result, line, raise_errors)
    return result


def export_dataset(resource: SpreadsheetResource, rows: QuerySet, *, user: User | None) -> Dataset:
    """Texts are neutralised here already: the library writes them into any format as they are."""
    export = Export(kind_of(resource._meta.model), rows, user=user)
    headers = [column.header for column in export.columns.values()]
    return Dataset(*([as_text(cell) for cell in row] for row in export.cells()), headers=headers)


def _tell(result: Result, line: Finding, raise_errors: bool) -> None:
    values = dict(zip(result.diff_headers, map(str, line.cells), strict=False))
    if line.verdict == FAULTY:
        result.totals[RowResult.IMPORT_TYPE_INVALID] += 1
        error = ValidationError([f"{error.column}: {error.message}" for error in line.errors])
        if raise_errors:
            raise LibraryError(error, number=line.number, row=values)
        result.append_invalid_row(line.number, values, error)
        return
    told = RowResult()
    told.import_type, told.object_repr = _KINDS[line.verdict], line.label
    told.object_id = line.object_id
    result.increment_row_result_total(told)
    result.append_row_result(told)
