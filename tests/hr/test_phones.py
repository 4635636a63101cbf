from random import Random

import phonenumbers
import pytest
from django.utils import translation

from hr.phones import InvalidPhone, display_phone, normalize_phone


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("0412-1234567", "+584121234567"),
        ("04121234567", "+584121234567"),
        ("(0412) 123.45.67", "+584121234567"),
        ("412 1234567", "+584121234567"),
        (4121234567, "+584121234567"),
        (4121234567.0, "+584121234567"),
        ("+58 412-1234567", "+584121234567"),
        ("0058 412 1234567", "+584121234567"),
        ("584121234567", "+584121234567"),
        ("0212-555.12.34", "+582125551234"),
        ("0212-5551234 ext. 12", "+582125551234;ext=12"),
        ("+582125551234;ext=12", "+582125551234;ext=12"),
        ("+1 415 555 2671", "+14155552671"),
        (" ", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_number_has_one_stored_form(value, stored):
    assert normalize_phone(value) == stored


@pytest.mark.parametrize(
    ("country", "value", "stored"), [("CO", "310 1234567", "+573101234567"), ("ES", "612345678", "+34612345678")]
)
def test_a_national_number_belongs_to_its_country(country, value, stored):
    assert normalize_phone(value, country) == stored


@pytest.mark.parametrize("value", ["abc", "12", "0412-123456", "0412-12345678", "ana@example.com", "+58", 4.5])
def test_a_wrong_number_is_refused_with_value_and_remedy(value):
    with translation.override("en"), pytest.raises(InvalidPhone) as refused:
        normalize_phone(value)

    assert str(refused.value) == f"«{value}» is not a telephone number. Write it like 0412-1234567 or +58 412 1234567."


def test_the_remedy_speaks_of_the_country_asked_for():
    with translation.override("en"), pytest.raises(InvalidPhone, match=r"\+57 321 1234567"):
        normalize_phone("1", "CO")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("+584121234567", "+58 412-1234567"),
        ("+582125551234;ext=12", "+58 212-5551234 ext. 12"),
        ("", ""),
        ("old text", "old text"),
    ],
)
def test_a_stored_number_is_shown_for_reading(stored, shown):
    assert display_phone(stored) == shown


def test_what_is_shown_is_read_back_as_the_same_number():
    stored = "+582125551234;ext=12"

    assert normalize_phone(display_phone(stored)) == stored


def as_the_library_reads(text, country):
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.is_valid_number(number) and not number.extension
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if known else None


def test_numbers_in_their_usual_spelling_are_read_as_the_library_reads_them():
    """Those are read without it, being many: whatever is not sure to be one is left to it."""
    chance, read = Random(1), 0
    for _number in range(5000):
        country = chance.choice(["VE", "VE", "PE", "ES", "DE", "FR", "EC", "CU", "GB", "US", "CO", "MX", "IT"])
        abroad = f"+{phonenumbers.country_code_for_region(country)}"
        begin = chance.choice(["0", "", abroad, f"{abroad} ", f"{abroad}0", f"00{abroad[1:]}", abroad[1:]])
        digits = chance.choice(["412", "414", "426", "212", "500", "800", "6", "9", "1", ""])
        digits += "".join(chance.choices("0123456789", k=chance.choice([5, 6, 7, 7, 8, 9])))
        text = f"{begin}{digits[:3]}{chance.choice(['', '-', ' '])}{digits[3:]}"

        try:
            found = normalize_phone(text, country)
        except InvalidPhone:
            found = None

        assert found == as_the_library_reads(text, country), (text, country)
        read += found is not None
    assert read > 200
