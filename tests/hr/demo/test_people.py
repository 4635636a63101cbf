import pytest

from core.text import fold
from hr.demo.people import NEWCOMERS, STAFF, person
from hr.identifiers import normalize_national_id
from hr.phones import normalize_phone


def test_a_person_depends_on_the_number_alone():
    assert person(12) == person(12)
    assert person(12) != person(13)
    assert person(12) != person(12, NEWCOMERS)


@pytest.mark.parametrize("field", ["code", "national_id", "work_email"])
def test_no_two_people_share_what_must_be_unique(field):
    people = [person(number, population) for population in (STAFF, NEWCOMERS) for number in range(1, 5001)]
    values = [getattr(who, field) for who in people if getattr(who, field)]

    assert len(set(values)) == len(values) > 9000


def test_people_are_in_stored_form():
    people = [person(number) for number in range(1, 501)]

    assert [normalize_national_id(who.country, who.national_id) for who in people] == [
        who.national_id for who in people
    ]
    assert [normalize_phone(who.private_phone) for who in people] == [who.private_phone for who in people]
    assert [normalize_phone(who.work_phone) for who in people] == [who.work_phone for who in people]


def test_people_exercise_what_breaks_careless_code():
    people = [person(number) for number in range(1, 301)]

    assert any("ñ" in who.last_name for who in people)
    assert any(fold(who.first_name) != who.first_name.lower() for who in people)
    assert any(who.work_email is None for who in people)
    assert any(who.national_id.startswith("E-") for who in people)
    assert {who.country for who in people} == {"VE", "CO"}
    assert all(who.birth_date < who.hired_on for who in people)
