from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import override

from core import roles
from hr.history import columns_told, count_of, entries_of, what_changed_since
from hr.services.employees import change_employees
from hr.services.employment import terminate_employees
from hr.services.evaluation_forms import start_versions
from hr.services.event_plans import change_events
from hr.services.grading import Grading, grade_evaluations, reopen_evaluations
from hr.services.marks import mark_attendance
from hr.services.org_units import move_org_units
from tests.factories import make_attendance, make_evaluation, make_event, make_form_version, make_unit, make_user


def told(entry):
    return [(change.label, change.old, change.new) for change in entry.changes]


def test_a_change_is_told_field_by_field_in_words(beto, carla, finance, hr_manager):
    change_employees(
        {beto.pk: {"org_unit": finance, "reports_to": carla, "private_phone": "", "birth_date": date(1990, 2, 1)}},
        actor=hr_manager,
        source="ui",
        reason="new team",
    )

    latest, first = entries_of(beto, user=hr_manager)

    assert told(latest) == [
        ("private phone", "+58 412-1234567", "–"),
        ("birth date", "–", "02/01/1990"),
        ("unit", "Ventas (VEN)", "Finanzas (FIN)"),
        ("reports to", "Ana Pérez (E1)", "Carla Gil (E3)"),
    ]
    assert (latest.who, latest.source, latest.kind, latest.reason) == ("Hugo", "screen", "~", "new team")
    assert (first.kind, first.who) == ("+", "the system")
    assert ("code", "–", "E2") in told(first)


WITH_HISTORY = [model for model in apps.get_app_config("hr").get_models() if hasattr(model, "history")]


@pytest.mark.parametrize("model", WITH_HISTORY, ids=lambda model: model.__name__)
def test_whatever_is_told_of_a_row_is_in_the_readers_words(model):
    """`make check` finds what is marked for translation and not translated."""
    told = {column.name: column.verbose_name for column in columns_told(model)}
    # The names of countries are kept in a file, hr/countries.py.
    chosen = [column for column in columns_told(model) if column.name != "country"]
    words = [label for column in chosen for _value, label in column.flatchoices]

    assert [name for name, label in told.items() if not isinstance(label, Promise)] == []
    assert [label for label in words if not isinstance(label, Promise)] == []


@pytest.mark.parametrize("model", WITH_HISTORY, ids=lambda model: model.__name__)
def test_whoever_did_something_is_told_by_name(model):
    names = {field.name for field in model._meta.concrete_fields}
    keys = {name for name in names if name.endswith("_by_id")}

    assert {f"{key.removesuffix('_id')}_name" for key in keys} <= {column.name for column in columns_told(model)}


def test_who_marked_is_told_by_name_alone(beto, hr_manager):
    row = make_attendance(make_event(state="in_progress", in_hours=-1), beto)
    mark_attendance({row.pk: "late"}, actor=hr_manager)

    latest = told(entries_of(row, user=hr_manager)[0])

    assert [label for label, _old, _new in latest] == ["outcome", "marked at", "marked by", "marked from"]


def test_statuses_are_told_by_their_names(beto, hr_manager):
    terminate_employees([beto.pk], ended_on=date(2024, 5, 31), actor=hr_manager)

    assert told(entries_of(beto, user=hr_manager)[0]) == [
        ("ended on", "–", "05/31/2024"),
        ("status", "active", "terminated"),
    ]


def test_values_of_personal_fields_are_hidden_without_the_right(ana, beto, hr_manager):
    change_employees({beto.pk: {"private_phone": "0424-1112233", "first_name": "Roberto"}}, actor=hr_manager)
    reader = make_user(employee=ana, role=roles.EMPLOYEE)

    latest, first = entries_of(beto, user=reader)

    assert told(latest) == [("first name", "Beto", "Roberto"), ("private phone", "hidden", "hidden")]
    assert str(latest.changes[1]) == "private phone"
    assert ("national id", "hidden", "hidden") in told(first)
    himself = make_user(employee=beto, role=roles.EMPLOYEE)
    assert ("private phone", "+58 412-1234567", "+58 424-1112233") in told(entries_of(beto, user=himself)[0])


def test_pages_join_without_a_gap(beto, hr_manager):
    for number in range(5):
        change_employees({beto.pk: {"first_name": f"Beto {number}"}}, actor=hr_manager)

    pages = [*entries_of(beto, user=None, first=0, count=2), *entries_of(beto, user=None, first=2, count=4)]

    assert count_of(beto) == 6
    assert [told(entry) for entry in pages[:-1]] == [
        [("first name", "Beto 3", "Beto 4")],
        [("first name", "Beto 2", "Beto 3")],
        [("first name", "Beto 1", "Beto 2")],
        [("first name", "Beto 0", "Beto 1")],
        [("first name", "Beto", "Beto 0")],
    ]


def test_a_unit_moved_along_has_its_say(sales, finance, hr_manager):
    team = make_unit(parent=sales)
    move_org_units([sales.pk], parent=finance, actor=hr_manager)

    entry = entries_of(team, user=hr_manager)[0]

    assert (entry.changes, entry.summary) == ([], "moved along with a unit above")


def test_what_belongs_to_a_row_does_not_move_with_a_unit(hr_manager):
    version = make_form_version()
    start_versions([version.form_id], actor=hr_manager)

    entry = entries_of(version.form, user=hr_manager)[0]

    assert (entry.changes, entry.summary) == ([], "what belongs to it was changed")


def test_times_and_flags_are_told_as_they_are_read(hr_manager):
    starts_at = datetime(2030, 5, 2, 13, tzinfo=UTC)
    event = make_event(starts_at=starts_at)
    change_events({event.pk: {"title": "Inducción general"}}, actor=hr_manager)
    change_events({event.pk: {"starts_at": starts_at - timedelta(hours=1), "open_enrolment": True}}, actor=hr_manager)
    change_events({event.pk: {"open_enrolment": False}}, actor=hr_manager)

    latest, changed = entries_of(event, user=hr_manager)[:2]

    assert told(latest) == [("open enrolment", "yes", "no")]
    assert told(changed) == [
        ("starts at", "05/02/2030 9 a.m.", "05/02/2030 8 a.m."),
        ("open enrolment", "no", "yes"),
    ]


@override("es")
def test_grades_are_told_with_the_comma_of_the_language(beto, hr_manager):
    evaluation = make_evaluation(beto, state="submitted")
    grade_evaluations({evaluation.pk: Grading(Decimal("77.5"))}, actor=hr_manager)
    reopen_evaluations([evaluation.pk], reason="Era de otra persona", actor=hr_manager)

    assert ("nota", "77,50", "–") in told(entries_of(evaluation, user=hr_manager)[0])


def test_only_what_came_after_the_version_is_told(beto, hr_manager, bulk_loader):
    change_employees({beto.pk: {"first_name": "Roberto"}}, actor=bulk_loader)
    change_employees({beto.pk: {"first_name": "Norberto"}}, actor=hr_manager)

    text = what_changed_since(beto, 2, user=hr_manager)

    assert "Hugo" in text
    assert "first name «Roberto» → «Norberto»" in text
    assert "Lola" not in text


def test_the_number_of_queries_does_not_grow_with_the_entries(
    beto, ana, carla, finance, sales, django_assert_num_queries
):
    for number in range(6):
        unit, boss = (finance, carla) if number % 2 else (sales, ana)
        change_employees({beto.pk: {"org_unit": unit, "reports_to": boss, "first_name": f"B{number}"}}, actor=None)

    with django_assert_num_queries(4, using="business"):  # records, units, positions, bosses
        entries_of(beto, user=None)
