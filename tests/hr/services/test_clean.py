from datetime import date

import pytest

from core.errors import DomainError
from hr.models import Employee, OrgUnit, Position
from hr.services.clean import by_attname, check_fields, clean_catalogue, clean_employee
from tests.factories import make_unit


def test_values_of_an_employee_are_stored_in_one_form():
    typed = {
        "code": " e-007 ",
        "first_name": "  Ana   María ",
        "last_name": "Pérez\t Gil",
        "work_email": " Ana.PEREZ@Example.org ",
        "national_id": "v 12.345.678",
        "work_phone": "0212-5551234",
        "private_phone": "",
    }

    assert clean_employee(typed, country="VE") == {
        "code": "E-007",
        "first_name": "Ana María",
        "last_name": "Pérez Gil",
        "work_email": "ana.perez@example.org",
        "national_id": "V-12345678",
        "work_phone": "+582125551234",
        "private_phone": "",
    }


def test_blank_unique_values_are_null():
    assert clean_employee({"work_email": " ", "national_id": ""}, country="VE") == {
        "work_email": None,
        "national_id": None,
    }


def test_only_what_is_given_is_touched():
    assert clean_employee({"hired_on": date(2020, 1, 1)}, country="VE") == {"hired_on": date(2020, 1, 1)}


def test_the_country_given_decides_how_numbers_are_read():
    cleaned = clean_employee(
        {"country": "CO", "national_id": "1.020.304.050", "work_phone": "3001234567"}, country="VE"
    )

    assert cleaned == {"country": "CO", "national_id": "1020304050", "work_phone": "+573001234567"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"national_id": "12"}, "national_id"),
        ({"work_phone": "12"}, "work_phone"),
        ({"private_phone": "abc"}, "private_phone"),
        ({"country": "Venezuela"}, "country"),
        ({"status": "lost"}, "status"),
    ],
)
def test_what_cannot_be_read_is_an_error_on_its_field(values, field):
    with pytest.raises(DomainError) as error:
        clean_employee(values, country="VE")

    assert error.value.field == field


def test_codes_and_names_of_units_and_positions():
    assert clean_catalogue(OrgUnit, {"code": " ven ", "name": " Ventas  Norte "}) == {
        "code": "VEN",
        "name": "Ventas Norte",
    }
    assert clean_catalogue(Position, {"title": " Jefe  de turno"}) == {"title": "Jefe de turno"}


def test_rows_are_named_by_their_keys(db):
    unit = make_unit()

    assert by_attname(Employee, {"org_unit": unit, "position": None}) == {"org_unit_id": unit.pk, "position_id": None}
    assert by_attname(Employee, {"org_unit_id": 5}) == {"org_unit_id": 5}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"first_name": "x" * 81}, "first_name"),
        ({"first_name": ""}, "first_name"),
        ({"code": "x" * 33}, "code"),
        ({"work_email": "nobody"}, "work_email"),
        ({"hired_on": None}, "hired_on"),
        ({"org_unit_id": None}, "org_unit"),
    ],
)
def test_a_value_its_column_cannot_hold_is_an_error_on_its_field(values, field):
    with pytest.raises(DomainError) as error:
        check_fields(Employee, values)

    assert error.value.field == field


def test_optional_values_may_be_empty():
    check_fields(Employee, {"work_phone": "", "work_email": None, "birth_date": None, "position_id": None})
