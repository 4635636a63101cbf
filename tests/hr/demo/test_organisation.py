import pytest

from hr.demo.organisation import LARGEST_TEAM, leaves_of, positions, units_for


@pytest.mark.parametrize("employees", [1, 300, 10_000])
def test_every_unit_stands_behind_the_one_it_is_part_of(employees):
    units = units_for(employees)
    codes = [unit.code for unit in units]

    assert len(set(codes)) == len(codes)
    assert [unit.code for unit in units if unit.parent == ""] == ["DG"]
    assert all(unit.parent in codes[:number] for number, unit in enumerate(units) if number)


def test_unit_names_are_unambiguous():
    names = [unit.name for unit in units_for(10_000)]

    assert len(set(names)) == len(names)


def test_teams_are_added_as_the_staff_grows():
    few, many = units_for(300), units_for(100_000)

    assert many[: len(few)] == few
    assert 100_000 / len(many) <= LARGEST_TEAM + 1
    assert max(unit.depth for unit in many) == 4


def test_leaves_have_nothing_below_them():
    units = units_for(300)
    leaves = {unit.code for unit in leaves_of(units)}

    assert "DG" not in leaves
    assert "TH-SEL" in leaves
    assert leaves.isdisjoint(unit.parent for unit in units)


def test_positions_have_one_title_each():
    titles = dict(positions())

    assert titles["GER"] == "Gerente"
    assert len(set(titles.values())) == len(titles)
