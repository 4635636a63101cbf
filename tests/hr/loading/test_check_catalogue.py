from core.roles import AUDITOR, BULK_LOADER
from hr import paths
from hr.models import OrgUnit
from tests.factories import make_employee, make_position, make_unit, make_user
from tests.hr.loading.conftest import check, faults, load, messages

UNITS = ["Código", "Nombre", "Unidad superior", "Responsable"]


def test_units_go_in_with_parents_further_down_and_heads(db):
    head = make_employee(code="E1")

    result = load(
        [UNITS, ["V-N", "Ventas Norte", "Ventas", ""], ["VEN", "Ventas", "DG", "E1"], ["DG", "Dirección", "", ""]],
        kind="units",
    )

    assert result == {"rows": 3, "created": 3}
    units = {unit.code: unit for unit in OrgUnit.objects.exclude(pk=head.org_unit_id)}
    assert units["V-N"].path == units["DG"].path + units["VEN"].path[6:] + units["V-N"].path[12:]
    assert len(paths.ids(units["V-N"].path)) == 3
    assert units["VEN"].head == head


def test_a_unit_without_a_code_gets_one_from_its_name_and_keeps_it(db):
    rows = [["Nombre", "Unidad superior"], ["Núcleo Táchira", ""], ["Núcleo  Tachira 2", "nucleo tachira"]]

    assert load(rows, kind="units") == {"rows": 2, "created": 2}
    assert load(rows, kind="units") == {"rows": 2, "unchanged": 2}
    assert list(OrgUnit.objects.values_list("code", flat=True)) == ["NUCLEO-TACHIRA", "NUCLEO-TACHIRA-2"]


def test_a_moved_unit_takes_the_units_below_along(db):
    north, south = make_unit("Norte", code="N"), make_unit("Sur", code="S")
    shop = make_unit("Tienda", code="T", parent=north)
    desk = make_unit("Caja", code="C", parent=shop)

    load([["Código", "Unidad superior"], ["T", "S"]], kind="units")

    desk.refresh_from_db()
    assert desk.path.startswith(south.path)


def test_units_in_a_circle_are_refused(db):
    top = make_unit("Arriba", code="A")
    make_unit("Abajo", code="B", parent=top)

    plan = check([["Código", "Unidad superior"], ["A", "B"]], kind="units")

    assert faults(plan) == [(2, "Unidad superior", "B")]
    assert messages(plan) == ["This unit lies below the one in row 2, directly or through others. Name another one."]


def test_a_new_unit_below_a_faulty_one_is_faulty_too(db):
    plan = check([UNITS, ["B", "Abajo", "A", ""], ["A", "", "", ""]], kind="units")

    assert faults(plan) == [(2, "Unidad superior", "A"), (3, "Nombre", "")]


def test_an_unknown_parent_or_head_is_refused(db):
    plan = check([UNITS, ["A", "Arriba", "Z", "E9"], ["B", "Abajo", "b", ""]], kind="units")

    assert faults(plan) == [(2, "Unidad superior", "Z"), (2, "Responsable", "E9"), (3, "Unidad superior", "b")]


def test_the_same_unit_twice_names_both_rows(db):
    make_unit("Ventas", code="VEN")

    plan = check([UNITS, ["VEN", "Ventas", "", ""], ["", "ventas", "", ""]], kind="units")

    assert [row for row, _column, _value in faults(plan)] == [2, 3]
    assert "2, 3" in messages(plan)[0]


def test_positions_go_in_change_and_stay(db):
    make_position("Cajero", code="CAJ")
    rows = [["Código", "Título"], ["CAJ", "Cajero Principal"], ["", "Vendedor"]]

    assert load(rows, kind="positions") == {"rows": 2, "created": 1, "updated": 1}
    assert load(rows, kind="positions") == {"rows": 2, "unchanged": 2}


def test_who_sees_units_but_may_not_add_or_change_them_is_refused(db):
    make_unit("Ventas", code="VEN")

    for role in (BULK_LOADER, AUDITOR):
        plan = check([["Código", "Nombre"], ["VEN", "Otro"], ["NEW", "Nuevo"]], user=make_user(role=role), kind="units")
        assert faults(plan) == [(2, "Código", "VEN"), (3, "Código", "NEW")]
