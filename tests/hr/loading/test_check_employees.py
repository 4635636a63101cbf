from datetime import date

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.roles import AUDITOR, BULK_LOADER
from hr.models import Employee
from tests.factories import in_days, make_employee, make_position, make_unit, make_user
from tests.hr.loading.conftest import HEADER, HIRED, check, faults, load, messages, person

KEYS = ["Código", "Cédula", "Nombres", "Apellidos", "Unidad", "Fecha de ingreso"]


def verdicts(plan):
    return [line.verdict for line in plan.lines]


# --- New, changed, unchanged, faulty -----------------------------------------------------------------------------
def test_rows_are_new_changed_unchanged_or_faulty(sales):
    make_employee("Ana", "Pérez 1", code="E1", org_unit=sales, hired_on=HIRED, national_id="V-12000001",
                  work_email="ana1@example.com")  # fmt: skip
    make_employee("Eva", "Pérez 2", code="E2", org_unit=sales, hired_on=HIRED)

    plan = check([HEADER, person(1), person(2), person(3), person(4, **{"Fecha de ingreso": "soon"})])

    assert verdicts(plan) == ["unchanged", "changed", "new", "faulty"]
    assert plan.lines[1].before == {"first_name": "Eva", "national_id": None, "work_email": None}
    assert plan.lines[1].after == {
        "first_name": "Ana",
        "national_id": "V-12000002",
        "work_email": "ana2@example.com",
    }


def test_blank_cells_keep_what_is_there(sales):
    make_employee("Ana", "Pérez 1", code="E1", work_email="ana1@example.com", org_unit=sales, hired_on=HIRED)

    plan = check([["Código", "Nombres", "Correo electrónico", "Cargo"], ["E1", "", "", ""]])

    assert verdicts(plan) == ["unchanged"]


def test_a_faulty_cell_tells_row_column_value_reason_and_remedy(sales):
    plan = check([HEADER, person(1), person(2, **{"Fecha de ingreso": "31/31/2024"})])

    assert faults(plan) == [(3, "Fecha de ingreso", "31/31/2024")]
    assert messages(plan) == [
        "«31/31/2024» is no day of the calendar. Correct it; write day, month and year like 31/12/2024."
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Cédula", "12"),
        ("Correo electrónico", "ana at example"),
        ("Fecha de ingreso", "2024-02-30"),
        ("Fecha de ingreso", "01/02/0024"),
        ("Nombres", "x" * 81),
        ("Código", "x" * 33),
        ("Unidad", "Nowhere"),
        ("Nombres", ""),
        ("Apellidos", ""),
        ("Unidad", ""),
        ("Fecha de ingreso", ""),
    ],
)
def test_each_kind_of_faulty_cell_is_found(sales, column, value):
    plan = check([HEADER, person(1, **{column: value})])

    assert faults(plan) == [(2, column, value)]


def test_a_row_with_more_cells_than_the_header_is_faulty(sales):
    plan = check([HEADER, [*person(1), "", "surplus"]])

    assert faults(plan) == [(2, "", "surplus")]


def test_names_and_codes_compare_without_case_or_accents(sales):
    make_employee("Ana", "Pérez 1", code="ÑU-1", org_unit=sales, hired_on=HIRED)

    plan = check([["CODIGO", "unidad"], ["ñu-1", "VENTAS"], ["nu-1", ""]])

    assert verdicts(plan) == ["faulty", "faulty"], "ñ and n are one letter to MySQL"
    assert faults(plan) == [(2, "CODIGO", "ñu-1"), (3, "CODIGO", "nu-1")]


# --- Keys --------------------------------------------------------------------------------------------------------
def test_the_national_id_is_the_key_where_the_code_is_blank(sales):
    ana = make_employee("Ana", "Pérez", code="E1", national_id="V-12345678")

    plan = check([["Cédula", "Nombres"], ["12.345.678", "Anita"]])

    assert [(line.verdict, line.object_id) for line in plan.lines] == [("changed", ana.pk)]


@pytest.mark.parametrize("spelling", ["V12345678", "V-12.345.678", "12345678", "v 12345678", "12345678.0"])
def test_a_cedula_is_one_in_every_spelling(spelling, db):
    make_employee(national_id="V-12345678", code="E1")

    assert verdicts(check([["Cédula"], [spelling]])) == ["unchanged"]


def test_without_a_country_cell_the_persons_own_country_decides(db):
    make_employee(code="E1", country="CO", national_id="1020304050")

    assert verdicts(check([["Código", "Cédula"], ["E1", "1020304050"]])) == ["unchanged"]


def test_code_and_id_naming_two_people_is_an_error(sales):
    make_employee(code="E1", national_id="V-11111111")
    make_employee(code="E2", national_id="V-12222222")

    plan = check([["Código", "Cédula"], ["E1", "V-12222222"]])

    assert faults(plan) == [(2, "Cédula", "V-12222222")]
    assert "belongs to E2" in messages(plan)[0]


def test_an_unknown_code_with_a_known_id_is_an_error(sales):
    make_employee(code="E1", national_id="V-12000009")

    assert faults(check([HEADER, person(9)])) == [(2, "Cédula", "V-12000009")]


def test_a_row_without_any_key_is_an_error(sales):
    assert faults(check([HEADER, person(1, Código="", Cédula="")])) == [(2, "Código", "")]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("Código", ["E7", "e7"]),
        ("Cédula", ["V-15000000", "15.000.000"]),
        ("Correo electrónico", ["ana@example.com", "ANA@example.com"]),
    ],
)
def test_the_same_key_twice_in_a_file_names_both_rows(sales, column, values):
    plan = check([HEADER, person(1, **{column: values[0]}), person(2), person(3, **{column: values[1]})])

    assert faults(plan) == [(2, column, values[0]), (4, column, values[1])]
    assert messages(plan) == ["The same stands in the rows 2, 4. Keep one of them."] * 2


def test_one_person_by_code_and_again_by_id_names_both_rows(db):
    make_employee(code="E1", national_id="V-12345678")

    plan = check([["Código", "Cédula", "Nombres"], ["E1", "", "Ana"], ["", "12345678", "Eva"]])

    assert [row for row, _column, _value in faults(plan)] == [2, 3]
    assert "rows 2, 3" in messages(plan)[0]


def test_an_email_of_somebody_else_is_an_error(sales):
    make_employee(work_email="ana1@example.com")

    plan = check([HEADER, person(1)])

    assert faults(plan) == [(2, "Correo electrónico", "ana1@example.com")]
    assert messages(plan) == ["Another employee has this e-mail. Each needs an own one, or none."]


def test_an_email_whose_owner_gives_it_up_in_the_same_file_asks_for_two_loads(db):
    make_employee(code="E1", work_email="one@example.com")
    make_employee(code="E2", work_email="two@example.com")
    rows = [["Código", "Correo"], ["E1", "new@example.com"], ["E2", "One@example.com"]]

    plan = check(rows)

    assert faults(plan) == [(3, "Correo", "One@example.com")]
    assert "The employee in row 2 has this e-mail until this file is in. Load in two steps" in messages(plan)[0]
    assert load(rows[:2]) == load([rows[0], rows[2]]) == {"rows": 1, "updated": 1}


def test_two_who_swap_their_emails_are_told_how(db):
    make_employee(code="E1", work_email="one@example.com")
    make_employee(code="E2", work_email="two@example.com")

    plan = check([["Código", "Correo"], ["E1", "two@example.com"], ["E2", "one@example.com"]])

    assert [row for row, _column, _value in faults(plan)] == [2, 3]
    assert all("Where two swap" in message for message in messages(plan))


# --- Units and positions -----------------------------------------------------------------------------------------
def test_units_and_positions_are_found_by_code_or_name(sales, clerk):
    rows = [[*HEADER, "Cargo"], [*person(1, Unidad="ven"), "CAJERO"], [*person(2), "caj"]]

    plan = check(rows)

    assert [(line.after["org_unit"], line.after["position"]) for line in plan.lines] == [(sales.pk, clerk.pk)] * 2


def test_a_name_that_several_units_bear_is_refused(sales):
    make_unit("Ventas", code="VEN2")

    assert faults(check([HEADER, person(1), person(2, Unidad="VEN2")])) == [(2, "Unidad", "Ventas")]


def test_unknown_units_are_counted_and_faulty_until_they_may_be_created(sales):
    rows = [
        [*HEADER, "Cargo"],
        [*person(1, Unidad="Norte"), "Piloto"],
        [*person(2, Unidad="NORTE"), ""],
        [*person(3), "Piloto"],
    ]

    refused, accepted = check(rows), check(rows, create_missing=True)

    assert refused.missing == accepted.missing == {"org_unit": {"Norte": 2}, "position": {"Piloto": 2}}
    assert verdicts(refused) == ["faulty"] * 3
    assert verdicts(accepted) == ["new"] * 3


def test_who_may_not_add_units_cannot_have_them_created(sales):
    loader = make_user(role=BULK_LOADER)

    plan = check([HEADER, person(1, Unidad="Norte")], user=loader, create_missing=True)

    assert faults(plan) == [(2, "Unidad", "Norte")]
    assert plan.creatable == set()


# --- Bosses ------------------------------------------------------------------------------------------------------
def test_a_boss_is_found_by_code_or_id_in_the_database_and_further_down(sales):
    boss = make_employee(code="B1", national_id="V-10000001")
    rows = [
        [*HEADER, "Jefe"],
        [*person(1), "b1"],
        [*person(2), "10.000.001"],
        [*person(3), "E4"],
        [*person(4), "12000001"],
    ]

    plan = check(rows)

    assert verdicts(plan) == ["new"] * 4
    assert [line.after["reports_to"] for line in plan.lines] == [boss.pk, boss.pk, {"row": 5}, {"row": 2}]


def test_an_unknown_boss_and_oneself_are_refused(sales):
    plan = check([[*HEADER, "Jefe"], [*person(1), "B9"], [*person(2), "E2"]])

    assert faults(plan) == [(2, "Jefe", "B9"), (3, "Jefe", "E2")]


def test_bosses_in_a_circle_are_refused_and_the_rows_named(sales):
    rows = [[*HEADER, "Jefe"], [*person(1), "E2"], [*person(2), "E3"], [*person(3), "E1"], [*person(4), "E1"]]

    plan = check(rows)

    circle = [error for error in faults(plan) if error[0] < 5]
    assert circle == [(2, "Jefe", "E2"), (3, "Jefe", "E3"), (4, "Jefe", "E1")]
    assert "2, 3, 4" in messages(plan)[0]
    assert faults(plan)[3:] == [(5, "Jefe", "E1")], "the boss of row 5 will not be there"


def test_a_circle_through_people_outside_the_file_is_found(db):
    top = make_employee(code="A")
    middle = make_employee(code="B", reports_to=top)
    make_employee(code="C", reports_to=middle)

    plan = check([["Código", "Jefe"], ["A", "C"]])

    assert faults(plan) == [(2, "Jefe", "C")]
    assert messages(plan) == [
        "This boss reports, directly or through others, to the person in row 2. Name another one."
    ]


def test_the_file_may_turn_a_line_around(db):
    top = make_employee(code="A")
    make_employee(code="B", reports_to=top)
    other = make_employee(code="C")

    plan = check([["Código", "Jefe"], ["A", "B"], ["B", "C"]])

    assert verdicts(plan) == ["changed", "changed"]
    assert plan.lines[1].after == {"reports_to": other.pk}


def test_who_reports_to_a_faulty_newcomer_is_faulty_too(sales):
    rows = [[*HEADER, "Jefe"], [*person(1), "E2"], [*person(2, Nombres=""), ""], [*person(3), "E1"]]

    assert faults(check(rows)) == [(2, "Jefe", "E2"), (3, "Nombres", ""), (4, "Jefe", "E1")]


def test_a_boss_who_left_is_refused(sales):
    make_employee(code="B1", status="terminated", ended_on=date(2024, 1, 1))

    assert faults(check([[*HEADER, "Jefe"], [*person(1), "B1"]])) == [(2, "Jefe", "B1")]


def test_a_boss_who_left_stays_with_those_who_report_to_him(db):
    boss = make_employee(code="B1", status="terminated", ended_on=date(2024, 1, 1))
    make_employee(code="E1", reports_to=boss)

    assert verdicts(check([["Código", "Jefe"], ["E1", "B1"], ["B1", ""]])) == ["unchanged", "unchanged"]


def test_the_boss_of_a_foreigner_may_be_named_by_a_venezuelan_id(db):
    make_employee(code="B1", national_id="V-10000001")
    make_employee(code="E1", country="CO")

    assert verdicts(check([["Código", "Jefe"], ["E1", "V-10.000.001"]])) == ["changed"]


# --- Status and dates --------------------------------------------------------------------------------------------
STATUS = ["Código", "Estado", "Fecha de egreso"]


def test_an_end_date_terminates(db):
    make_employee(code="E1")

    plan = check([STATUS, ["E1", "", "31/01/2024"]])

    assert plan.lines[0].after == {"status": "terminated", "ended_on": "2024-01-31"}


def test_a_rehire_takes_the_end_date_away(db):
    make_employee(code="E1", status="terminated", ended_on=date(2024, 1, 1))

    plan = check([STATUS, ["E1", "activa", ""]])

    assert plan.lines[0].after == {"status": "active", "ended_on": None}
    assert plan.lines[0].before["ended_on"] == "2024-01-01"


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (["E1", "egresado", ""], "Fecha de egreso"),
        (["E1", "activo", "31/01/2024"], "Fecha de egreso"),
        (["E1", "egresado", "01/01/2019"], "Fecha de egreso"),
        (["E1", "on the moon", ""], "Estado"),
        (["E2", "suspendido", ""], "Estado"),
    ],
)
def test_status_and_end_must_fit(db, row, column):
    make_employee(code="E1", hired_on=date(2020, 1, 1))
    make_employee(code="E2", status="terminated", ended_on=date(2024, 1, 1))

    assert [column for _row, column, _value in faults(check([STATUS, row]))] == [column]


def test_nobody_left_tomorrow(db):
    make_employee(code="E1")

    found = faults(check([STATUS, ["E1", "egresado", f"{in_days(1)}"]]))

    assert [column for _row, column, _value in found] == ["Fecha de egreso"]


def test_born_after_hired_is_refused(db):
    make_employee(code="E1", hired_on=date(2020, 1, 1))

    plan = check([["Código", "Fecha de nacimiento"], ["E1", "2020-01-01"]])

    assert faults(plan) == [(2, "Fecha de nacimiento", "2020-01-01")]


def test_nobody_ends_his_own_employment_by_file(db):
    loader = make_user(role=BULK_LOADER, employee=make_employee(code="E1"))

    assert faults(check([STATUS, ["E1", "suspendido", ""]], user=loader)) == [(2, "Estado", "suspendido")]


# --- Rights ------------------------------------------------------------------------------------------------------
def test_a_row_outside_the_scope_is_neither_shown_nor_overwritten(db):
    secret = make_employee("Secreta", "Otra", code="E1")
    own = make_employee(code="E2")
    user = make_user(employee=own)

    plan = check([["Código", "Nombres"], ["E1", "Ana"]], user=user)

    assert [(line.verdict, line.object_id) for line in plan.lines] == [("faulty", None)]
    assert "Secreta" not in str(plan.lines[0])
    assert secret.first_name == Employee.objects.get(code="E1").first_name


def test_a_boss_outside_the_scope_reads_like_one_who_never_was(db):
    make_employee(code="E1")
    user = make_user(employee=make_employee(code="E2"))

    hidden = check([["Código", "Jefe"], ["E2", "E1"]], user=user)
    unknown = check([["Código", "Jefe"], ["E2", "E9"]], user=user)

    assert messages(hidden) == messages(unknown)


def test_who_may_only_look_changes_nothing(sales):
    make_employee("Eva", code="E1")
    auditor = make_user(role=AUDITOR)

    plan = check([["Código", "Nombres"], ["E1", "Ana"], ["E2", "Luis"], ["E1", ""]][:2], user=auditor)

    assert faults(plan) == [(2, "Código", "E1")]
    assert verdicts(check([HEADER, person(1)], user=auditor)) == ["faulty"]


def test_without_the_right_to_personal_data_its_columns_are_refused_and_no_key(db):
    from django.contrib.auth.models import Permission

    user = make_user()
    user.user_permissions.add(
        *Permission.objects.filter(codename__in=["view_employee", "change_employee", "import_employee"])
    )
    make_employee(code="E1", national_id="V-12345678")

    plan = check([["Código", "Cédula"], ["E1", "V-11111111"], ["", "V-12345678"]], user=user)

    assert faults(plan) == [(2, "Cédula", "V-11111111"), (3, "Cédula", "V-12345678")]
    assert plan.lines[1].object_id is None


# --- Cost --------------------------------------------------------------------------------------------------------
def test_the_number_of_queries_does_not_grow_with_the_rows(sales, clerk, django_assert_max_num_queries):
    for number in range(1, 21):
        make_employee(code=f"E{number}", org_unit=sales)
    make_position("Otro")
    rows = [[*HEADER, "Cargo", "Jefe"], *([*person(n), "Cajero", f"E{n % 30 + 1}"] for n in range(1, 41))]

    with django_assert_max_num_queries(8, using="business"):
        check(rows)


def test_one_three_and_a_thousand_rows_take_the_same_queries(sales, clerk):
    make_employee(code="E1", org_unit=sales)
    loader = make_user(role=BULK_LOADER)
    header = [*HEADER, "Cargo", "Jefe"]
    counts = []
    for count in (1, 3, 1000):
        rows = [header, *([*person(n), "Cajero", "" if n == 1 else "E1"] for n in range(1, count + 1))]
        with CaptureQueriesContext(connections["business"]) as queries:
            check(rows, user=loader)
        counts.append(len(queries))

    assert counts[0] == counts[1] == counts[2]
