"""Errors told once for each cause, with what may be meant, and one remedy for all rows of a group."""

import pytest
from django.utils import translation

from core.roles import BULK_LOADER
from hr.loading import engine
from hr.loading.causes import MOST, Groups
from hr.loading.kinds import KINDS
from hr.loading.lines import CellError
from hr.loading.options import Options
from hr.loading.suggestions import Meant
from tests.factories import make_employee, make_event, make_unit, make_user
from tests.hr.loading.conftest import HEADER, as_csv, check, person


def told(plan):
    return [
        (group["field"], group["cause"], group["value"], group["rows"], group["fix"]) for group in plan.groups.as_json()
    ]


def test_rows_with_one_fault_are_one_group_with_what_was_meant(sales):
    rows = [HEADER, *(person(n, Unidad="Ventas Norte") for n in (1, 2, 3)), person(4, **{"Fecha de ingreso": "soon"})]

    plan = check(rows)

    assert told(plan) == [
        ("org_unit", "unknown", "Ventas Norte", 3, {"suggest": "Ventas", "create": True}),
        ("hired_on", "date", "soon", 1, None),
    ]


def test_what_may_be_meant_is_said_of_group_and_rows(sales):
    plan = check([HEADER, person(1, Unidad="Vents"), person(2, Unidad="Zapatería")], user=make_user(role=BULK_LOADER))

    unknown = "No such code or name. Correct it, or ask HR to create it."
    assert [group["message"] for group in plan.groups.as_json()] == [f"{unknown} Did you mean «Ventas»?", unknown]
    assert [plan.groups.told(error) for line in plan.lines for error in line.errors] == [
        f"{unknown} Did you mean «Ventas»?",
        unknown,
    ]


def test_what_may_be_meant_by_a_remedy_that_is_none_is_said(sales):
    options = Options(fixes={"org_unit": {"zapateria": "Vents"}})
    sheet = engine.read_file(as_csv([HEADER, person(1, Unidad="Zapatería")]), KINDS["employees"], options=options)

    plan = engine.check(sheet, KINDS["employees"], user=None)

    assert told(plan) == [("org_unit", "unknown", "Zapatería", 1, {"suggest": "Ventas", "create": True})]


def test_spellings_of_one_value_are_one_group(sales):
    plan = check([HEADER, person(1, Unidad="VENTSA"), person(2, Unidad="ventsa")])

    assert told(plan) == [("org_unit", "unknown", "VENTSA", 2, {"suggest": "Ventas", "create": True})]


def test_faults_that_differ_from_row_to_row_are_one_group(sales):
    rows = [
        HEADER,
        *(person(n, Código=f"E{n // 2}") for n in range(2, 6)),
        person(7, Nombres=""),
        person(8, Nombres=""),
    ]

    assert [(field, cause, rows) for field, cause, _value, rows, _fix in told(check(rows))] == [
        ("code", "repeated", 4), ("first_name", "required", 2),
    ]  # fmt: skip


def test_only_names_the_loader_sees_are_suggested(db):
    make_unit("Secreta")
    own = make_unit("Norte")
    boss = make_employee(code="B", org_unit=own)
    own.head = boss
    own.save()
    manager = make_user(employee=boss)

    hidden = check([["Código", "Unidad"], ["B", "Secrta"]], user=manager)
    seen = check([["Código", "Unidad"], ["B", "Nort"]], user=manager)

    assert [fix for field, *_rest, fix in told(hidden) if field == "org_unit"] == [None]
    assert [fix for field, *_rest, fix in told(seen) if field == "org_unit"] == [{"suggest": "Norte"}]


def test_who_may_not_create_is_not_offered_to(sales):
    plan = check([HEADER, person(1, Unidad="Zapatería")], user=make_user(role=BULK_LOADER))

    assert [fix for *_rest, fix in told(plan)] == [None]


def test_words_of_a_choice_and_events_are_suggested(db, ana):
    make_event("Inducción", code="V1", state="published")
    rows = [["Evento", "Código", "Estado"], ["Inducion", "E1", ""], ["V1", "E1", "confirmda"]]

    found = {field: fix for field, _cause, _value, _rows, fix in told(check(rows, kind="attendance"))}

    assert found == {"event": {"suggest": "Inducción"}, "status": {"suggest": "confirmada"}}


@pytest.mark.parametrize(("language", "words"), [("en", "active, suspended"), ("es", "activo, suspendido")])
def test_the_words_to_choose_from_are_those_of_the_reader(sales, language, words):
    with translation.override(language):
        plan = check([[*HEADER, "Estado"], [*person(1), "xx"]])

    assert f"{words}, " in plan.groups.as_json()[0]["message"]


def test_one_fix_goes_for_all_rows_of_a_group(sales):
    rows = [HEADER, person(1, Unidad="Ventas Norte"), person(2, Unidad="VENTAS  NORTE"), person(3)]
    options = Options(fixes={"org_unit": {"ventas norte": "Ventas"}, "last_name": {"perez 3": "Gil"}})

    sheet = engine.read_file(as_csv(rows), KINDS["employees"], options=options)
    plan = engine.check(sheet, KINDS["employees"], user=None)

    assert [(line.verdict, line.after["org_unit"]) for line in plan.lines] == [("new", sales.pk)] * 3
    assert plan.lines[2].after["last_name"] == "Gil"


def test_too_many_values_are_told_together():
    groups = Groups()
    for number in range(300):
        for _row in range(1 + (number < 10)):
            groups.add([CellError("Unidad", "org_unit", f"Unit {number}", "No such", "unknown")])

    told = groups.as_json()

    assert len(told) == MOST
    assert sum(group["rows"] for group in told) == 310
    assert told[0]["rows"] == 101, "the values that no group of their own is left for"
    assert groups.of([CellError("Unidad", "org_unit", "Unit 299", "", "unknown")]) == ",0,"
    assert groups.of([CellError("Unidad", "org_unit", "Unit 3", "", "unknown")]) != ",0,"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Vents", "Ventas"), ("VENTAS", "Ventas"), ("Talento", "Talento Humano"), ("Ventas de Caracas", "Ventas"),
     ("Almacén", None), ("", None), ("x" * 500, None)],
)  # fmt: skip
def test_the_closest_name_is_found(text, meant):
    assert Meant(["Ventas", "Talento Humano", "Dirección"]).closest(text) == meant
