import random

import pytest
from django.db import connections

from hr import paths
from hr.models import OrgUnit
from tests.factories import make_unit


def test_join_writes_ids_in_base_36_six_wide():
    assert paths.join("", 1) == "000001"
    assert paths.join("000001", 37) == "000001000011"


def test_ids_reads_a_path_back():
    assert paths.ids(paths.join(paths.join("", 7), 46_655)) == [7, 46_655]


def test_after_counts_the_last_segment_up():
    assert paths.after("000001") == "000002"
    assert paths.after("00000100000Z") == "000001000010"


def test_join_refuses_more_than_42_levels():
    deepest = "000001" * 42

    with pytest.raises(ValueError, match="42"):
        paths.join(deepest, 1)


def test_a_subtree_is_the_unit_and_all_below_it(db):
    root, other = make_unit(), make_unit()
    child = make_unit(parent=root)
    grandchild = make_unit(parent=child)
    make_unit(parent=other)

    assert set(OrgUnit.objects.subtree(root.path)) == {root, child, grandchild}
    assert set(OrgUnit.objects.subtree(child.path)) == {child, grandchild}


@pytest.mark.servers
@pytest.mark.parametrize("collation", ["utf8mb4_unicode_ci", "utf8mb4_general_ci", "utf8mb4_bin"])
def test_the_range_holds_under_every_collation(db, collation):
    """The end of the range must not depend on how letters, digits and signs sort."""
    top = paths.join("", 35)
    inside = [top, *(paths.join(top, key) for key in random.Random(1).sample(range(36**6), 200))]
    outside = [paths.join("", 34), paths.join("", 36), paths.join(paths.join("", 34), 36**6 - 1)]

    with connections["business"].cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE p (path VARCHAR(252) COLLATE {collation})")
        cursor.executemany("INSERT INTO p VALUES (%s)", [[path] for path in inside + outside])
        cursor.execute("SELECT path FROM p WHERE path >= %s AND path < %s", [top, paths.after(top)])
        found = {path for (path,) in cursor.fetchall()}
        cursor.execute("DROP TEMPORARY TABLE p")

    assert found == set(inside)
