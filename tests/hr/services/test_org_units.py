from datetime import date

import pytest

from core import roles
from core.access import grant, granted_ids
from core.errors import DomainError, NotAllowed, NotFound, StaleRow
from hr import paths
from hr.models import OrgUnit
from hr.services.org_units import (
    NewOrgUnit,
    change_org_units,
    create_org_units,
    delete_org_units,
    move_org_units,
    set_heads,
)
from tests.factories import make_employee, make_unit, make_user


def tree():
    """Code → (code of the parent, path as ids), read afresh."""
    return {
        unit.code: (unit.parent.code if unit.parent else None, paths.ids(unit.path))
        for unit in OrgUnit.objects.select_related("parent")
    }


def assert_paths_follow_the_parents():
    for unit in OrgUnit.objects.select_related("parent"):
        assert unit.path == paths.join(unit.parent.path if unit.parent else "", unit.pk)


# --- Creating --------------------------------------------------------------------------------------------------


def test_a_unit_is_created_with_its_path_and_history(company, ana, hr_manager):
    [unit] = create_org_units(
        [NewOrgUnit(code=" leg ", name="Legal", parent_id=company.pk, head_id=ana.pk)], actor=hr_manager
    )

    stored = OrgUnit.objects.get(code="LEG")
    assert (stored.pk, stored.parent, stored.head) == (unit.pk, company, ana)
    assert stored.path == company.path + paths.segment(stored.pk)
    told = stored.history.get()
    assert (told.history_type, told.history_user_name, told.path) == ("+", "Hugo", stored.path)


def test_parents_may_come_further_down(company):
    rows = [
        NewOrgUnit(code="C", name="C", parent_code="b"),
        NewOrgUnit(code="B", name="B", parent_code="A"),
        NewOrgUnit(code="A", name="A", parent_code="EMP"),
        NewOrgUnit(code="R", name="R"),
    ]

    created = create_org_units(rows, actor=None)

    assert [unit.code for unit in created] == ["C", "B", "A", "R"]
    assert {code: parent for code, (parent, _path) in tree().items()} == {
        "EMP": None,
        "A": "EMP",
        "B": "A",
        "C": "B",
        "R": None,
    }
    assert_paths_follow_the_parents()


def test_units_that_contain_each_other_are_refused(db):
    rows = [NewOrgUnit(code="A", name="A", parent_code="B"), NewOrgUnit(code="B", name="B", parent_code="A")]

    with pytest.raises(DomainError) as error:
        create_org_units(rows, actor=None)

    assert error.value.field == "parent"
    assert not OrgUnit.objects.exists()


def test_an_unknown_parent_or_head_is_refused(company):
    for row, field in (
        (NewOrgUnit(code="A", name="A", parent_code="NONE"), "parent"),
        (NewOrgUnit(code="A", name="A", parent_id=999_999), "parent"),
        (NewOrgUnit(code="A", name="A", head_id=999_999), "head"),
    ):
        with pytest.raises(NotFound) as error:
            create_org_units([row], actor=None)
        assert error.value.field == field


def test_the_tree_is_at_most_42_levels_deep(db):
    rows = [NewOrgUnit(code=f"L{level}", name="x", parent_code=f"L{level - 1}" if level else "") for level in range(42)]
    create_org_units(rows, actor=None)

    with pytest.raises(DomainError, match="at most 42 levels") as error:
        create_org_units([NewOrgUnit(code="L42", name="x", parent_code="L41")], actor=None)

    assert error.value.field == "parent"


# --- Changing --------------------------------------------------------------------------------------------------


def test_a_rename_changes_no_path(sales, hr_manager):
    change_org_units({sales.pk: {"name": " Ventas  y Mercadeo"}}, actor=hr_manager)

    stored = OrgUnit.objects.get(pk=sales.pk)
    assert (stored.name, stored.path, stored.version) == ("Ventas y Mercadeo", sales.path, 2)


def test_a_move_takes_everything_below_along(company, sales, finance, hr_manager):
    team = make_unit(code="T", parent=sales)
    group = make_unit(code="G", parent=team)

    move_org_units([team.pk], parent=finance, actor=hr_manager)

    assert tree() == {
        "EMP": (None, [company.pk]),
        "VEN": ("EMP", [company.pk, sales.pk]),
        "FIN": ("EMP", [company.pk, finance.pk]),
        "T": ("FIN", [company.pk, finance.pk, team.pk]),
        "G": ("T", [company.pk, finance.pk, team.pk, group.pk]),
    }
    versions = dict(OrgUnit.objects.values_list("code", "version"))
    assert versions == {"EMP": 1, "VEN": 1, "FIN": 1, "T": 2, "G": 2}
    group.refresh_from_db()
    assert (group.history.first().path, group.history.first().version) == (group.path, 2)


def test_a_unit_moves_to_the_top(sales, hr_manager):
    team = make_unit(code="T", parent=sales)

    move_org_units([sales.pk], parent=None, actor=hr_manager)

    assert tree()["T"] == ("VEN", [sales.pk, team.pk])


@pytest.mark.parametrize("below", [False, True])
def test_a_unit_does_not_move_into_itself_or_below(sales, hr_manager, below):
    target = make_unit(parent=sales) if below else sales

    with pytest.raises(DomainError) as error:
        move_org_units([sales.pk], parent=target, actor=hr_manager)

    assert error.value.field == "parent"
    assert_paths_follow_the_parents()


def test_units_may_exchange_places_in_one_call(company, sales, hr_manager):
    team = make_unit(code="T", parent=sales)
    group = make_unit(code="G", parent=team)

    change_org_units({team.pk: {"parent": company}, sales.pk: {"parent": team}}, actor=hr_manager)

    assert {code: parent for code, (parent, _path) in tree().items()} == {
        "EMP": None,
        "T": "EMP",
        "VEN": "T",
        "G": "T",
    }
    assert_paths_follow_the_parents()
    group.refresh_from_db()
    assert group.version == 2


def test_two_units_do_not_move_into_each_other(sales, finance, hr_manager):
    with pytest.raises(DomainError):
        change_org_units({sales.pk: {"parent": finance}, finance.pk: {"parent": sales}}, actor=hr_manager)


def test_a_move_must_not_push_units_below_the_deepest_level(db):
    line = [NewOrgUnit(code=f"L{level}", name="x", parent_code=f"L{level - 1}" if level else "") for level in range(41)]
    deepest = create_org_units(line, actor=None)[-1]
    pair = make_unit(code="P")
    make_unit(code="Q", parent=pair)

    with pytest.raises(DomainError, match="at most 42 levels"):
        move_org_units([pair.pk], parent=deepest, actor=None)


def test_a_move_of_a_thousand_units_takes_few_queries(company, finance, django_assert_max_num_queries):
    root = make_unit(code="ROOT", parent=company)
    create_org_units([NewOrgUnit(code=f"N{n}", name="x", parent_id=root.pk) for n in range(1000)], actor=None)

    with django_assert_max_num_queries(16, using="business"):
        move_org_units([root.pk], parent=finance, actor=None)

    assert OrgUnit.objects.filter(code__startswith="N", version=2).count() == 1000
    assert_paths_follow_the_parents()


def test_a_stale_form_is_refused_with_the_others_change(sales, hr_manager):
    change_org_units({sales.pk: {"name": "Ventas Norte"}}, versions={sales.pk: 1}, actor=hr_manager)

    with pytest.raises(StaleRow, match="name «Ventas» → «Ventas Norte»"):
        change_org_units({sales.pk: {"code": "V"}}, versions={sales.pk: 1}, actor=hr_manager)


def test_a_form_opened_before_the_unit_moved_along_is_told_so(company, sales, finance, hr_manager):
    team = make_unit(parent=sales)
    move_org_units([sales.pk], parent=finance, actor=hr_manager)

    with pytest.raises(StaleRow, match="moved along with a unit above"):
        change_org_units({team.pk: {"name": "X"}}, versions={team.pk: 1}, actor=hr_manager)


def test_heads_are_named_and_removed(sales, finance, ana, hr_manager):
    set_heads({finance.pk: ana, sales.pk: None}, actor=hr_manager)

    assert dict(OrgUnit.objects.values_list("code", "head__code")) == {"EMP": None, "VEN": None, "FIN": "E1"}


def test_who_left_heads_nothing(finance, hr_manager):
    gone = make_employee(status="terminated", ended_on=date(2024, 1, 1))

    with pytest.raises(DomainError, match="no longer works here") as error:
        set_heads({finance.pk: gone}, actor=hr_manager)

    assert error.value.field == "head"


def test_a_code_that_is_taken_is_refused_on_its_field(sales, finance, hr_manager):
    with pytest.raises(DomainError) as error:
        change_org_units({sales.pk: {"code": "fin"}}, actor=hr_manager)

    assert error.value.field == "code"


# --- Deleting --------------------------------------------------------------------------------------------------


def test_an_empty_unit_is_deleted_and_remembered(company, hr_manager):
    unit = make_unit(code="X", parent=company)

    assert delete_org_units([unit.pk], actor=hr_manager, source="ui") == 1

    last = OrgUnit.history.filter(id=unit.pk).first()
    assert (last.history_type, last.code, last.history_user_name, last.history_source) == ("-", "X", "Hugo", "ui")


def test_a_unit_goes_together_with_those_below_it(company, hr_manager):
    unit = make_unit(parent=company)
    below = make_unit(parent=unit)

    assert delete_org_units([unit.pk, below.pk], actor=hr_manager) == 2


def test_a_unit_in_use_is_kept_and_the_use_is_counted(company, sales, ana, beto, hr_manager):
    with pytest.raises(DomainError, match="belonged to it 2, units directly below it 0"):
        delete_org_units([sales.pk], actor=hr_manager)
    with pytest.raises(DomainError, match="belonged to it 0, units directly below it 1"):
        delete_org_units([company.pk], actor=hr_manager)

    assert OrgUnit.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_grants_on_a_deleted_unit_go_with_it():
    unit, user = make_unit(), make_user()
    grant("view_orgunit", user, unit)

    delete_org_units([unit.pk], actor=None)

    assert granted_ids(user, "view_orgunit", OrgUnit) == []


# --- Rights ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [roles.BULK_LOADER, roles.AUDITOR])
def test_only_hr_and_administrators_shape_the_tree(sales, role):
    user = make_user(role=role)

    for call in (
        lambda: create_org_units([NewOrgUnit(code="A", name="A")], actor=user),
        lambda: change_org_units({sales.pk: {"name": "A"}}, actor=user),
        lambda: delete_org_units([sales.pk], actor=user),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_for_a_stranger_the_unit_is_not_there(sales, carla):
    user = make_user(employee=carla, role=roles.EMPLOYEE)

    with pytest.raises(NotFound):
        change_org_units({sales.pk: {"name": "A"}}, actor=user)
    with pytest.raises(NotFound):
        delete_org_units([sales.pk], actor=user)


def test_a_unit_is_not_moved_below_one_that_is_not_there(sales, hr_manager):
    with pytest.raises(DomainError) as error:
        change_org_units({sales.pk: {"parent_id": 999_999}}, versions={}, actor=hr_manager)

    assert error.value.field == "parent"
