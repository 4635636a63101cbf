from datetime import date, timedelta

import pytest
from django.utils import timezone

from core import access, roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound, StaleRow
from hr.models import Employee
from hr.services.employees import NewEmployee, change_boss, change_employees, hire_employees, move_employees
from tests.factories import make_employee, make_position, make_unit, make_user


def new(unit, code="", **values):
    values.setdefault("first_name", "Dora")
    values.setdefault("last_name", "Gil")
    values.setdefault("hired_on", date(2024, 2, 1))
    return NewEmployee(code=code, org_unit_id=unit.pk, **values)


def last_history(row):
    return row.history.first()


# --- Hiring ----------------------------------------------------------------------------------------------------


def test_hiring_stores_normalised_values_and_their_history(sales, analyst, ana, hr_manager):
    typed = new(
        sales, "e-9", national_id="12345678", work_email="DORA@x.org", position_id=analyst.pk, reports_to_id=ana.pk
    )

    [dora] = hire_employees([typed], actor=hr_manager, source="ui")

    stored = Employee.objects.get(code="E-9")
    assert dora.pk == stored.pk
    assert (stored.national_id, stored.work_email) == ("V-12345678", "dora@x.org")
    assert (stored.org_unit, stored.position, stored.reports_to) == (sales, analyst, ana)
    assert (stored.status, stored.version) == ("active", 1)
    assert stored.search_text == "gil dora e-9 dora@x.org"
    told = last_history(stored)
    assert (told.history_type, told.history_user_id, told.history_user_name) == ("+", hr_manager.pk, "Hugo")
    assert (told.history_source, told.code, told.version) == ("ui", "E-9", 1)


def test_a_missing_code_is_made(sales):
    make_employee(code="EMP-00004")

    hired = hire_employees([new(sales), new(sales, "EMP-00005"), new(sales)], actor=None)

    assert [employee.code for employee in hired] == ["EMP-00006", "EMP-00005", "EMP-00007"]


def test_the_boss_may_come_further_down(sales, ana):
    rows = [new(sales, "C", reports_to_code="b"), new(sales, "B", reports_to_code="A"), new(sales, "A")]
    rows[2].reports_to_code = "E1"

    c, b, a = hire_employees(rows, actor=None)

    assert [employee.code for employee in (c, b, a)] == ["C", "B", "A"]
    assert dict(Employee.objects.exclude(pk=ana.pk).values_list("code", "reports_to__code")) == {
        "C": "B",
        "B": "A",
        "A": "E1",
    }
    assert last_history(c).reports_to_id == b.pk


@pytest.mark.parametrize("bosses", [["A"], ["B", "A"], ["B", "C", "A"]])
def test_a_loop_among_the_hired_is_refused(sales, bosses):
    rows = [new(sales, code, reports_to_code=boss) for code, boss in zip("ABC", bosses, strict=False)]

    with pytest.raises(DomainError) as error:
        hire_employees(rows, actor=None)

    assert error.value.field == "reports_to"
    assert not Employee.objects.exists()


def test_an_unknown_boss_is_refused(sales):
    with pytest.raises(NotFound) as error:
        hire_employees([new(sales, "A", reports_to_code="NOBODY")], actor=None)

    assert error.value.field == "reports_to"


@pytest.mark.parametrize("field", ["org_unit", "position", "reports_to"])
def test_what_a_row_points_at_must_exist(sales, field):
    row = new(sales, "A")
    setattr(row, f"{field}_id", 999_999)

    with pytest.raises(NotFound) as error:
        hire_employees([row], actor=None)

    assert error.value.field == field


def test_nobody_is_hired_below_somebody_who_left(sales):
    gone = make_employee(status="terminated", ended_on=date(2024, 1, 1))

    with pytest.raises(DomainError, match="no longer works here"):
        hire_employees([new(sales, reports_to_id=gone.pk)], actor=None)


def test_people_who_left_can_be_entered_with_their_boss(sales):
    gone = make_employee(status="terminated", ended_on=date(2024, 1, 1))

    [row] = hire_employees(
        [new(sales, status="terminated", ended_on=date(2024, 3, 1), reports_to_id=gone.pk)], actor=None
    )

    assert (row.status, row.reports_to) == ("terminated", gone)


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.MANAGER, roles.EMPLOYEE, None])
def test_hiring_needs_the_right(sales, role):
    with pytest.raises(NotAllowed):
        hire_employees([new(sales)], actor=make_user(role=role))

    assert not Employee.objects.exists()


def test_a_grant_to_hire_is_for_its_unit(world):
    access.grant("view_employee_in", world.users["grant_hire"], world.units["finance"])
    nadia = world.user("grant_hire")

    with pytest.raises(NotAllowed, match="hire into this unit"):
        hire_employees([new(world.units["team"], "A"), new(world.units["finance"], "B")], actor=nadia)
    with pytest.raises(NotAllowed):
        hire_employees([new(world.units["team"], "A", national_id="V-12345678")], actor=nadia)
    [hired] = hire_employees([new(world.units["team"], "A")], actor=nadia)

    assert list(Employee.objects.filter(first_name="Dora")) == [hired]


@pytest.mark.parametrize("named", ["reports_to_id", "position_id"])
def test_who_hires_names_nobody_he_does_not_see(world, named):
    values = {"reports_to_id": world.employees["luisa"].pk, "position_id": world.positions["luisa"].pk}

    with pytest.raises(NotFound) as error:
        hire_employees([new(world.units["team"], **{named: values[named]})], actor=world.user("grant_hire"))

    assert f"{error.value.field}_id" == named


def test_one_faulty_row_stops_all_and_is_named(sales):
    rows = [new(sales, "A"), new(sales, "B", work_phone="12"), new(sales, "C")]

    with pytest.raises(DomainError) as error:
        hire_employees(rows, actor=None)

    assert error.value.field == "work_phone"
    assert str(error.value).startswith("B: ")
    assert not Employee.objects.exists()


def test_a_code_that_is_taken_is_refused_on_its_field(sales, ana):
    with pytest.raises(DomainError) as error:
        hire_employees([new(sales, "e1")], actor=None)

    assert error.value.field == "code"


def test_hiring_a_thousand_takes_as_many_queries_as_ten(sales, ana, django_assert_max_num_queries):
    rows = [new(sales, f"N{number}", reports_to_code="E1") for number in range(1000)]

    with django_assert_max_num_queries(15, using="business"):
        hire_employees(rows, actor=None)

    assert Employee.history.filter(history_type="+", code__startswith="N").count() == 1000


# --- Changing --------------------------------------------------------------------------------------------------


def test_a_change_raises_the_version_and_tells_the_history(beto, hr_manager):
    [changed] = change_employees({beto.pk: {"last_name": " Núñez "}}, actor=hr_manager, source="ui", reason="typo")

    beto.refresh_from_db()
    assert (beto.last_name, beto.version, beto.search_text) == ("Núñez", 2, "nunez beto e2 beto@example.org")
    assert changed.version == 2
    told = last_history(beto)
    assert (told.history_type, told.last_name, told.version) == ("~", "Núñez", 2)
    assert (told.history_user_name, told.history_source, told.history_change_reason) == ("Hugo", "ui", "typo")


def test_what_is_the_same_is_not_written(beto, hr_manager):
    same = {
        "last_name": "Ñáñez ",
        "work_email": "BETO@example.org",
        "national_id": "12345678",
        "org_unit": beto.org_unit,
    }

    assert change_employees({beto.pk: same}, actor=hr_manager) == []

    beto.refresh_from_db()
    assert (beto.version, beto.history.count()) == (1, 1)


def test_many_rows_take_values_of_their_own(ana, beto, carla, hr_manager):
    values = {
        ana.pk: {"first_name": "Anita"},
        beto.pk: {"work_phone": "0212 5551234"},
        carla.pk: {"first_name": "Carla"},
    }

    changed = change_employees(values, actor=hr_manager)

    assert {row.pk for row in changed} == {ana.pk, beto.pk}
    assert dict(Employee.objects.values_list("code", "version")) == {"E1": 2, "E2": 2, "E3": 1}
    beto.refresh_from_db()
    assert (beto.first_name, beto.work_phone) == ("Beto", "+582125551234")


def test_a_stale_form_is_refused_with_the_others_change(beto, hr_manager, bulk_loader):
    change_employees({beto.pk: {"last_name": "Núñez"}}, versions={beto.pk: 1}, actor=bulk_loader)

    with pytest.raises(StaleRow) as error:
        change_employees({beto.pk: {"first_name": "Roberto"}}, versions={beto.pk: 1}, actor=hr_manager)

    assert "Lola" in str(error.value)
    assert "last name «Ñáñez» → «Núñez»" in str(error.value)
    beto.refresh_from_db()
    assert (beto.first_name, beto.last_name, beto.version) == ("Beto", "Núñez", 2)


def test_the_others_change_of_personal_data_is_told_only_to_who_may_see_it(beto, hr_manager):
    from django.contrib.auth.models import Permission

    change_employees({beto.pk: {"private_phone": "+584241112233"}}, actor=hr_manager)
    editor = make_user()
    editor.user_permissions.set(
        Permission.objects.filter(content_type__app_label="hr", codename__in=["view_employee", "change_employee"])
    )

    with pytest.raises(StaleRow) as error:
        change_employees({beto.pk: {"first_name": "Roberto"}}, versions={beto.pk: 1}, actor=editor)

    assert "private phone" in str(error.value)
    assert "1112233" not in str(error.value).replace("-", "")
    with pytest.raises(NotAllowed):
        change_employees({beto.pk: {"private_phone": ""}}, actor=editor)


def test_a_new_country_reads_the_number_again(beto, hr_manager):
    with pytest.raises(DomainError) as error:
        change_employees({beto.pk: {"country": "ES"}}, actor=hr_manager)

    assert error.value.field == "national_id"


def test_somebody_out_of_scope_does_not_exist(ana, beto):
    user = make_user(employee=beto, role=roles.EMPLOYEE)

    with pytest.raises(NotFound):
        change_employees({ana.pk: {"first_name": "X"}}, actor=user)
    with pytest.raises(NotFound):
        change_employees({999_999: {"first_name": "X"}}, actor=user)


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.EMPLOYEE])
def test_seeing_is_not_changing(beto, role):
    user = make_user(employee=beto, role=role)

    with pytest.raises(NotAllowed):
        change_employees({beto.pk: {"first_name": "X"}}, actor=user)

    beto.refresh_from_db()
    assert beto.first_name == "Beto"


def test_a_grant_to_change_does_not_reach_what_is_guarded(world):
    luisa, marco = world.employees["luisa"], world.employees["marco"]
    access.grant("view_employee_in", world.users["grant_change"], world.units["sales"])
    celia = world.user("grant_change")

    for values in ({"code": "X"}, {"work_email": "x@example.org"}, {"reports_to": None}):
        with pytest.raises(NotAllowed, match="Only HR"):
            change_employees({luisa.pk: values}, actor=celia)
    with pytest.raises(NotAllowed, match="into this unit"):
        change_employees({luisa.pk: {"org_unit": world.units["sales"]}}, actor=celia)
    with pytest.raises(NotAllowed):
        change_employees({luisa.pk: {"first_name": "X"}, marco.pk: {"first_name": "X"}}, actor=celia)
    [changed] = change_employees({luisa.pk: {"first_name": "X"}}, actor=celia)

    assert (changed.pk, changed.version) == (luisa.pk, 2)


def test_a_change_names_nothing_the_actor_does_not_see(world):
    luisa, mateo = world.employees["luisa"], world.employees["mateo"]
    celia = world.user("grant_change")

    for values in (
        {"position": world.positions["mateo"]},
        {"org_unit": world.units["finance"]},
        {"reports_to": mateo},
    ):
        with pytest.raises((NotFound, NotAllowed)):
            change_employees({luisa.pk: values}, actor=celia)

    luisa.refresh_from_db()
    assert (luisa.position, luisa.version) == (world.positions["luisa"], 1)


def test_a_broken_rule_of_several_columns_is_told_on_its_field(beto, hr_manager):
    with pytest.raises(DomainError) as error:
        change_employees({beto.pk: {"birth_date": date(2024, 1, 1)}}, actor=hr_manager)

    assert error.value.field == "birth_date"


def test_status_goes_by_its_table(beto, hr_manager):
    change_employees({beto.pk: {"status": "terminated", "ended_on": date(2024, 5, 1)}}, actor=hr_manager)

    with pytest.raises(InvalidTransition):
        change_employees({beto.pk: {"status": "suspended"}}, actor=hr_manager)
    change_employees({beto.pk: {"status": "active"}}, actor=hr_manager)

    beto.refresh_from_db()
    assert (beto.status, beto.ended_on) == ("active", None)


def test_an_end_is_never_in_the_future(beto, hr_manager):
    tomorrow = timezone.localdate() + timedelta(days=1)

    with pytest.raises(DomainError) as error:
        change_employees({beto.pk: {"status": "terminated", "ended_on": tomorrow}}, actor=hr_manager)

    assert error.value.field == "ended_on"


# --- Units and bosses ------------------------------------------------------------------------------------------


def test_people_move_and_keep_their_boss(ana, beto, finance, hr_manager):
    moved = move_employees([ana.pk, beto.pk], org_unit=finance, actor=hr_manager)

    beto.refresh_from_db()
    assert len(moved) == 2
    assert (beto.org_unit, beto.reports_to) == (finance, ana)


def test_those_already_there_are_not_touched(beto, carla, finance, hr_manager):
    assert [row.pk for row in move_employees([beto.pk, carla.pk], org_unit=finance, actor=hr_manager)] == [beto.pk]


def test_a_boss_can_be_changed_and_removed(ana, beto, carla, hr_manager):
    change_boss([beto.pk, ana.pk], reports_to=carla, actor=hr_manager)
    assert set(carla.reports.all()) == {ana, beto}

    change_boss([beto.pk], reports_to=None, actor=hr_manager)
    assert set(carla.reports.all()) == {ana}


def test_nobody_reports_to_himself(beto, hr_manager):
    with pytest.raises(DomainError) as error:
        change_boss([beto.pk], reports_to=beto, actor=hr_manager)

    assert error.value.field == "reports_to"


def test_a_loop_through_others_is_refused(ana, beto, carla, hr_manager):
    change_boss([carla.pk], reports_to=beto, actor=hr_manager)

    with pytest.raises(DomainError, match="directly or through others"):
        change_boss([ana.pk], reports_to=carla, actor=hr_manager)

    ana.refresh_from_db()
    assert ana.reports_to is None


def test_a_loop_made_within_one_call_is_refused(ana, beto, carla, hr_manager):
    with pytest.raises(DomainError):
        change_employees({ana.pk: {"reports_to": carla}, carla.pk: {"reports_to": beto}}, actor=hr_manager)


def test_an_exchange_of_bosses_within_one_call_is_no_loop(ana, beto, hr_manager):
    change_employees({ana.pk: {"reports_to": beto}, beto.pk: {"reports_to": None}}, actor=hr_manager)

    ana.refresh_from_db()
    assert ana.reports_to == beto


def test_a_very_long_line_is_still_walked_to_its_end(sales, hr_manager):
    rows = [new(sales, f"L{level}", reports_to_code=f"L{level - 1}" if level else "") for level in range(40)]
    line = hire_employees(rows, actor=None)

    with pytest.raises(DomainError):
        change_boss([line[0].pk], reports_to=line[-1], actor=hr_manager)


def test_who_left_becomes_nobodys_boss(beto, carla, hr_manager):
    gone = make_employee(status="terminated", ended_on=date(2024, 1, 1))

    with pytest.raises(DomainError, match="no longer works here"):
        change_boss([beto.pk], reports_to=gone, actor=hr_manager)


def test_a_boss_or_unit_out_of_scope_does_not_exist(ana, beto, hr_manager):
    for values in ({"reports_to_id": 999_999}, {"org_unit_id": 999_999}, {"position_id": 999_999}):
        with pytest.raises(NotFound) as error:
            change_employees({beto.pk: values}, actor=hr_manager)
        assert f"{error.value.field}_id" in values


def test_changing_a_thousand_takes_as_many_queries_as_ten(sales, finance, ana, django_assert_max_num_queries):
    hired = hire_employees([new(sales, f"N{number}") for number in range(1000)], actor=None)
    position = make_position()
    values = {
        row.pk: {"first_name": f"D{row.code}", "org_unit": finance, "position": position, "reports_to": ana}
        for row in hired
    }

    with django_assert_max_num_queries(20, using="business"):
        change_employees(values, actor=None)

    assert Employee.objects.filter(version=2, reports_to=ana, org_unit=finance).count() == 1000


def test_a_deleted_unit_takes_nobody(beto, hr_manager):
    empty = make_unit()
    type(empty).objects.filter(pk=empty.pk).delete()

    with pytest.raises(NotFound):
        move_employees([beto.pk], org_unit=empty, actor=hr_manager)
