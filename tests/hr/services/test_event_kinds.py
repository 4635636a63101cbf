import pytest

from core import roles
from core.errors import DomainError, NotAllowed, StaleRow
from hr.models import EventKind
from hr.services.event_kinds import NewEventKind, change_event_kinds, create_event_kinds, delete_event_kinds
from tests.factories import make_event, make_kind, make_user


def test_kinds_are_created_with_history(hr_manager):
    [kind] = create_event_kinds([NewEventKind(code=" seg ", name="Seguridad", validity_months=12)], actor=hr_manager)

    assert (kind.code, kind.name, kind.validity_months) == ("SEG", "Seguridad", 12)
    assert list(kind.history.values_list("history_type", "history_user_name")) == [("+", str(hr_manager))]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "TAKEN"}, "code"),
        ({"name": " "}, "name"),
        ({"validity_months": -1}, "validity_months"),
    ],
)
def test_a_broken_rule_of_a_kind_names_its_field(hr_manager, values, field):
    make_kind(code="TAKEN")

    with pytest.raises(DomainError) as refused:
        create_event_kinds([NewEventKind(**{"code": "K", "name": "Kind"} | values)], actor=hr_manager)

    assert refused.value.field == field


def test_a_kind_is_changed_unless_the_form_is_stale(hr_manager):
    kind = make_kind()
    change_event_kinds({kind.pk: {"validity_months": 24}}, versions={kind.pk: 1}, actor=hr_manager)

    with pytest.raises(StaleRow):
        change_event_kinds({kind.pk: {"validity_months": 6}}, versions={kind.pk: 1}, actor=hr_manager)

    kind.refresh_from_db()
    assert (kind.validity_months, kind.version) == (24, 2)


def test_a_kind_of_which_there_is_an_event_stays(hr_manager):
    used, free = make_kind("Usado"), make_kind()
    make_event(kind=used)

    with pytest.raises(DomainError, match="Usado is in use: events of this kind 1"):
        delete_event_kinds([used.pk, free.pk], actor=hr_manager)
    assert delete_event_kinds([free.pk], actor=hr_manager) == 1

    assert list(EventKind.objects.all()) == [used]


@pytest.mark.parametrize("role", [roles.BULK_LOADER, roles.AUDITOR, roles.MANAGER, roles.EMPLOYEE])
def test_only_hr_keeps_the_catalogue(db, role):
    actor, kind = make_user(role=role), make_kind()

    for step in (
        lambda: create_event_kinds([NewEventKind(code="K", name="x")], actor=actor),
        lambda: change_event_kinds({kind.pk: {"name": "x"}}, actor=actor),
        lambda: delete_event_kinds([kind.pk], actor=actor),
    ):
        with pytest.raises(NotAllowed):
            step()
