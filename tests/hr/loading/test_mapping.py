import pytest

from hr.loading.errors import UnusableFile
from hr.loading.kinds import KINDS
from hr.loading.mapping import map_headers
from hr.loading.reading import Table
from hr.resources.base import header_key
from hr.resources.employees import EmployeeResource

EMPLOYEES = EmployeeResource()


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Código", "code"),
        ("CODE", "code"),
        ("Nombre(s)", "first_name"),
        ("first  NAME", "first_name"),
        ("Apellido(s)", "last_name"),
        ("Cédula", "national_id"),
        ("CEDULA (N°)", "national_id"),
        ("National id", "national_id"),
        ("Correo (electrónico)", "work_email"),
        ("correo", "work_email"),
        ("E-mail", "work_email"),
        ("Unidad", "org_unit"),
        ("Unit", "org_unit"),
        ("Cargo:", "position"),
        ("Position", "position"),
        ("Fecha de ingreso (dd/mm/aaaa)", "hired_on"),
        ("Hired on *", "hired_on"),
        ("Jefe", "reports_to"),
        ("Reports to", "reports_to"),
        ("Código/Code", "code"),
        ("Shoe size", None),
        ("Código / Cédula", None),
    ],
)
def test_headers_are_known_in_both_languages_and_any_dress(header, field):
    assert EMPLOYEES.field_of(header) == field


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_header_means_two_fields(kind):
    meanings = {}
    for name, column in kind.resource.columns.items():
        for header in column.headers:
            meanings.setdefault(header_key(header), set()).add(name)

    assert {key: names for key, names in meanings.items() if len(names) > 1} == {}


def mapped(*headers, rows=()):
    return map_headers(Table(list(headers), list(enumerate(rows, 2))), EMPLOYEES)


def test_unknown_columns_are_named_and_one_without_a_header_by_its_letter():
    mapping = mapped("Code", "Shoe size", "", "", rows=[["E1", "42", "", "x"]])

    assert mapping.unknown == ["Shoe size", "(D)"]


def test_two_columns_for_one_field_are_refused():
    with pytest.raises(UnusableFile, match="«Code» and «Código»"):
        mapped("Code", "First name", "Código")


def test_a_file_without_a_known_column_is_refused_and_told_the_known_ones():
    with pytest.raises(UnusableFile, match=r"«Shoe size».*Code, First name"):
        mapped("Shoe size")
