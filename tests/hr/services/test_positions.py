import pytest

from core import roles
from core.errors import DomainError, NotAllowed, NotFound, StaleRow
from hr.models import Position
from hr.services.positions import NewPosition, change_positions, create_positions, delete_positions
from tests.factories import make_position, make_user


def test_positions_are_created_normalised_with_history(db, hr_manager):
    created = create_positions([NewPosition(code=" ger ", title=" Gerente  general ")], actor=hr_manager)

    stored = Position.objects.get()
    assert (stored.pk, stored.code, stored.title) == (created[0].pk, "GER", "Gerente general")
    assert (stored.history.get().history_type, stored.history.get().history_user_name) == ("+", "Hugo")


def test_a_change_writes_what_differs(analyst, hr_manager):
    other = make_position("Gerente", code="GER")

    changed = change_positions({analyst.pk: {"title": "Analista I"}, other.pk: {"code": "ger"}}, actor=hr_manager)

    assert [row.pk for row in changed] == [analyst.pk]
    assert dict(Position.objects.values_list("code", "version")) == {"ANA": 2, "GER": 1}


def test_a_stale_form_is_refused(analyst, hr_manager):
    change_positions({analyst.pk: {"title": "Analista I"}}, versions={analyst.pk: 1}, actor=hr_manager)

    with pytest.raises(StaleRow, match="title «Analista» → «Analista I»"):
        change_positions({analyst.pk: {"title": "X"}}, versions={analyst.pk: 1}, actor=hr_manager)


def test_a_position_in_use_is_kept_and_the_use_is_counted(beto, analyst, hr_manager):
    with pytest.raises(DomainError, match="held it 1"):
        delete_positions([analyst.pk], actor=hr_manager)

    assert Position.objects.exists()


def test_an_unused_position_is_deleted_and_remembered(analyst, hr_manager):
    assert delete_positions([analyst.pk], actor=hr_manager) == 1

    assert not Position.objects.exists()
    assert [row.history_type for row in Position.history.filter(id=analyst.pk)] == ["-", "+"]


@pytest.mark.parametrize(("code", "title"), [("", "Gerente"), ("GER", ""), ("x" * 33, "Gerente")])
def test_a_position_needs_code_and_title(db, code, title):
    with pytest.raises(DomainError) as error:
        create_positions([NewPosition(code=code, title=title)], actor=None)

    assert error.value.field in {"code", "title"}


@pytest.mark.parametrize("role", [roles.BULK_LOADER, roles.AUDITOR])
def test_only_hr_and_administrators_keep_the_catalogue(analyst, role):
    user = make_user(role=role)

    for call in (
        lambda: create_positions([NewPosition(code="A", title="A")], actor=user),
        lambda: change_positions({analyst.pk: {"title": "A"}}, actor=user),
        lambda: delete_positions([analyst.pk], actor=user),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_for_a_stranger_the_position_is_not_there(analyst, carla):
    with pytest.raises(NotFound):
        delete_positions([analyst.pk], actor=make_user(employee=carla, role=roles.EMPLOYEE))
