import pytest
from django.utils import translation

from hr.identifiers import RULES, InvalidNationalId, normalize_national_id


@pytest.mark.parametrize(
    "value",
    [
        "V12345678",
        "V-12345678",
        "V-12.345.678",
        "v 12.345.678",
        "V - 12345678",
        "V–12345678",
        "12345678",
        "12.345.678",
        "12,345,678",
        " 12345678 ",
        "012345678",
        "12345678.0",
        12345678,
        12345678.0,
    ],
)
def test_every_spelling_of_a_cedula_is_one_person(value):
    assert normalize_national_id("VE", value) == "V-12345678"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("E-84.123.456", "E-84123456"),
        ("e84123456", "E-84123456"),
        ("V-123456", "V-123456"),
        ("1.234.567", "V-1234567"),
        ("V-01234567", "V-1234567"),
        ("", ""),
        ("   ", ""),
        (None, ""),
    ],
)
def test_a_cedula_keeps_its_letter_and_drops_its_zeros(value, stored):
    assert normalize_national_id("VE", value) == stored


@pytest.mark.parametrize(
    "value",
    [
        "V-12345",
        "123456789",
        "V-12345678-9",
        "J-12345678",
        "V",
        "0",
        "V-00000000",
        "12345678.5",
        12345678.5,
        True,
        "abc",
        "V-12345678X",
    ],
)
def test_what_is_no_cedula_is_refused_with_value_and_remedy(value):
    with translation.override("en"), pytest.raises(InvalidNationalId) as refused:
        normalize_national_id("VE", value)

    shown = str(value).upper()
    assert str(refused.value) == f"«{shown}» is not a national id of Venezuela. Write it like V-12345678."


@pytest.mark.parametrize(
    ("country", "value", "stored"),
    [
        ("AR", "20.123.456", "20123456"),
        ("BR", "390.533.447-05", "39053344705"),
        ("CL", "12.531.909-2", "125319092"),
        ("CL", "07.775.783-k", "7775783K"),
        ("CO", "1.020.304.050", "1020304050"),
        ("CR", "3-0455-0175", "0304550175"),
        ("DO", "001-1391820-5", "00113918205"),
        ("DO", 113918205, "00113918205"),
        ("EC", "171430710-3", "1714307103"),
        ("ES", "54362315-k", "54362315K"),
        ("ES", "x-2482300w", "X2482300W"),
        ("HN", "0801-1990-12345", "0801199012345"),
        ("HN", 801199012345, "0801199012345"),
        ("IT", "rcc mnl 83s18 d969h", "RCCMNL83S18D969H"),
        ("MX", "boxw310820hnerxn09", "BOXW310820HNERXN09"),
        ("PE", "10117410-2", "10117410"),
        ("PE", "10117410", "10117410"),
        ("PT", "123 456 789", "123456789"),
        ("US", "536-90-4399", "536904399"),
        ("UY", "1.234.567-2", "12345672"),
    ],
)
def test_other_countries_follow_their_own_rule(country, value, stored):
    assert normalize_national_id(country, value) == stored


@pytest.mark.parametrize(
    ("country", "value"),
    [
        ("AR", "1234"),
        ("BR", "390.533.447-06"),
        ("CL", "12.531.909-3"),
        ("CO", "V-12345678"),
        ("ES", "54362315A"),
        ("PE", "10117410-3"),
        ("HN", "12345678901234"),
        ("MX", "BOXW310820HNERXN08"),
    ],
)
def test_a_wrong_number_of_another_country_is_refused(country, value):
    with pytest.raises(InvalidNationalId):
        normalize_national_id(country, value)


@pytest.mark.parametrize(
    ("value", "stored"), [(" pa-123  x ", "PA-123 X"), ("8-123-456", "8-123-456"), (7, "7"), ("０１２", "012")]
)
def test_a_country_without_a_rule_takes_any_text(value, stored):
    assert normalize_national_id("PA", value) == stored


def test_a_text_longer_than_the_column_is_refused():
    with translation.override("en"), pytest.raises(InvalidNationalId, match="at most 32 characters"):
        normalize_national_id("PA", "X" * 33)


@pytest.mark.parametrize("country", RULES)
def test_the_example_of_a_message_is_itself_a_stored_form(country):
    example = RULES[country].example

    assert normalize_national_id(country, example) == example
