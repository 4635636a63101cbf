import pytest
from django.utils import translation

from hr.countries import COUNTRIES, UnknownCountry, country_choices, country_name, parse_country


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("VE", "VE"),
        ("ve", "VE"),
        ("VEN", "VE"),
        (" venezuela ", "VE"),
        ("República Bolivariana de Venezuela", "VE"),
        ("España", "ES"),
        ("ESPANA", "ES"),
        ("Spain", "ES"),
        ("EE.UU.", "US"),
        ("United States", "US"),
        ("Trinidad and Tobago", "TT"),
        ("Países Bajos", "NL"),
        ("netherlands", "NL"),
    ],
)
def test_a_country_is_known_by_code_and_by_either_name(text, code):
    assert parse_country(text) == code


@pytest.mark.parametrize("text", ["", "  ", "XX", "Narnia"])
def test_what_names_no_country_is_refused_with_a_remedy(text):
    with translation.override("en"), pytest.raises(UnknownCountry, match="for example Venezuela or VE"):
        parse_country(text)


def test_every_country_is_found_by_each_of_its_names():
    found = [[parse_country(name) for name in country] for country in COUNTRIES.values()]

    assert found == [[code] * 4 for code in COUNTRIES]


def test_names_follow_the_language():
    with translation.override("es"):
        assert country_name("DE") == "Alemania"
    with translation.override("en"):
        assert country_name("DE") == "Germany"
    assert country_name("??") == "??"


def test_choices_begin_with_the_default_and_go_on_by_name():
    with translation.override("es"):
        choices = country_choices()

    assert [code for code, _name in choices[:3]] == ["VE", "AF", "AL"]
    assert len(choices) == len(COUNTRIES)
