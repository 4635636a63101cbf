"""import-export's own calls, which its management commands use, lead to the engine."""

import pytest
from import_export.exceptions import ImportError as LibraryError
from tablib import Dataset

from hr.models import Employee
from hr.resources.employees import EmployeeResource
from tests.factories import make_employee
from tests.hr.loading.conftest import HEADER, person


def totals(result):
    return {kind: count for kind, count in result.totals.items() if count}


def test_a_dataset_is_loaded_with_history(sales):
    make_employee("Ana", code="E2", org_unit=sales)
    dataset = Dataset(person(1), person(2), headers=HEADER)

    assert totals(EmployeeResource().import_data(dataset, dry_run=True)) == {"new": 1, "update": 1}
    assert Employee.objects.count() == 1
    assert totals(EmployeeResource().import_data(dataset)) == {"new": 1, "update": 1}
    assert [entry.history_type for entry in Employee.objects.get(code="E1").history.all()] == ["+"]
    assert totals(EmployeeResource().import_data(dataset)) == {"skip": 2}


def test_a_faulty_row_keeps_the_whole_dataset_out(sales):
    dataset = Dataset(person(1), person(2, Nombres=""), headers=HEADER)

    result = EmployeeResource().import_data(dataset)

    assert [row.number for row in result.invalid_rows] == [3]
    assert not Employee.objects.exists()
    with pytest.raises(LibraryError):
        EmployeeResource().import_data(dataset, raise_errors=True)


def test_what_the_library_exports_it_imports_without_a_change(sales):
    make_employee("=1+1", code="E1", org_unit=sales, work_phone="+584121234567", reports_to=make_employee(code="E2"))

    dataset = EmployeeResource().export()

    assert not [cell for row in dataset for cell in row if cell[:1] in ("=", "+")]
    assert totals(EmployeeResource().import_data(dataset)) == {"skip": 2}
