from datetime import date, timedelta

import pytest

from core import roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from hr.services.employment import (
    reactivate_employees,
    rehire_employees,
    suspend_employees,
    terminate_employees,
)
from tests.factories import in_days, make_user

LAST_DAY = date(2024, 5, 31)


def test_a_suspension_begins_and_ends(beto, hr_manager):
    suspend_employees([beto.pk], reason="leave", actor=hr_manager)
    beto.refresh_from_db()
    assert (beto.status, beto.history.first().history_change_reason) == ("suspended", "leave")

    reactivate_employees([beto.pk], actor=hr_manager)
    beto.refresh_from_db()
    assert (beto.status, beto.version) == ("active", 3)


def test_a_termination_leaves_units_without_a_head_and_reports_with_their_boss(ana, beto, sales, hr_manager):
    terminate_employees([ana.pk], ended_on=LAST_DAY, reason="resigned", actor=hr_manager)

    for row in (ana, beto, sales):
        row.refresh_from_db()
    assert (ana.status, ana.ended_on) == ("terminated", LAST_DAY)
    assert sales.head is None
    assert (sales.version, sales.history.first().history_change_reason) == (2, "The head left.")
    assert (beto.reports_to, beto.version) == (ana, 1)


def test_a_suspended_head_stays_head(ana, sales, hr_manager):
    suspend_employees([ana.pk], actor=hr_manager)

    sales.refresh_from_db()
    assert sales.head == ana


def test_a_rehire_starts_anew_and_the_history_keeps_the_old_dates(beto, hr_manager):
    terminate_employees([beto.pk], ended_on=LAST_DAY, actor=hr_manager)

    rehire_employees([beto.pk], hired_on=date(2025, 1, 7), actor=hr_manager)

    beto.refresh_from_db()
    assert (beto.status, beto.hired_on, beto.ended_on) == ("active", date(2025, 1, 7), None)
    before = beto.history.all()[1]
    assert (before.hired_on, before.ended_on) == (date(2020, 1, 7), LAST_DAY)


def test_nobody_is_rehired_before_he_left(beto, hr_manager):
    terminate_employees([beto.pk], ended_on=LAST_DAY, actor=hr_manager)

    with pytest.raises(DomainError) as error:
        rehire_employees([beto.pk], hired_on=LAST_DAY - timedelta(days=1), actor=hr_manager)

    assert error.value.field == "hired_on"


@pytest.mark.parametrize("day", [lambda: in_days(1), lambda: date(2019, 1, 1)], ids=["tomorrow", "before he was hired"])
def test_a_termination_needs_a_sensible_day(beto, hr_manager, day):
    with pytest.raises(DomainError) as error:
        terminate_employees([beto.pk], ended_on=day(), actor=hr_manager)

    assert error.value.field == "ended_on"


def call(verb, ids, actor):
    days = {terminate_employees: {"ended_on": LAST_DAY}, rehire_employees: {"hired_on": date(2025, 1, 1)}}
    return verb(ids, **days.get(verb, {}), actor=actor)


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        (suspend_employees, "suspended"),
        (suspend_employees, "terminated"),
        (reactivate_employees, "active"),
        (reactivate_employees, "terminated"),
        (terminate_employees, "terminated"),
        (rehire_employees, "active"),
        (rehire_employees, "suspended"),
    ],
)
def test_a_verb_refuses_what_it_does_not_start_from(beto, hr_manager, verb, status):
    beto.status, beto.ended_on = status, LAST_DAY if status == "terminated" else None
    beto.save()

    with pytest.raises(InvalidTransition):
        call(verb, [beto.pk], hr_manager)

    beto.refresh_from_db()
    assert (beto.status, beto.version) == (status, 1)


def test_one_who_cannot_stops_all(ana, beto, carla, hr_manager):
    suspend_employees([beto.pk], actor=hr_manager)

    with pytest.raises(InvalidTransition, match="Beto"):
        suspend_employees([ana.pk, beto.pk, carla.pk], actor=hr_manager)

    ana.refresh_from_db()
    assert ana.status == "active"


VERBS = [suspend_employees, reactivate_employees, terminate_employees, rehire_employees]
START = {suspend_employees: "active", reactivate_employees: "suspended", terminate_employees: "active"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_needs_the_right(beto, auditor, verb):
    beto.status = START.get(verb, "terminated")
    beto.ended_on = LAST_DAY if beto.status == "terminated" else None
    beto.save()

    with pytest.raises(NotAllowed):
        call(verb, [beto.pk], auditor)


@pytest.mark.parametrize("verb", VERBS)
def test_for_a_stranger_nobody_is_there(beto, carla, verb):
    with pytest.raises(NotFound):
        call(verb, [beto.pk], make_user(employee=carla, role=roles.EMPLOYEE))


def test_nobody_ends_his_own_employment(beto):
    user = make_user(employee=beto, role=roles.HR_MANAGER)

    with pytest.raises(NotAllowed, match="his own employment"):
        terminate_employees([beto.pk], ended_on=LAST_DAY, actor=user)
    with pytest.raises(NotAllowed):
        suspend_employees([beto.pk], actor=user)


def test_the_terminated_lose_their_rights_at_once(beto, hr_manager):
    from core.models import User
    from hr.scope import may_act

    user = make_user(employee=beto, role=roles.HR_MANAGER)

    terminate_employees([beto.pk], ended_on=LAST_DAY, actor=hr_manager)

    assert not may_act(User.objects.get(pk=user.pk))


@pytest.mark.parametrize("verb", [suspend_employees, terminate_employees])
def test_the_last_administrator_is_not_sent_away(beto, hr_manager, verb):
    """Somebody must be left who can give access."""
    make_user(employee=beto, role=roles.ADMINISTRATOR)

    with pytest.raises(DomainError, match="last Administrator stays"):
        call(verb, [beto.pk], hr_manager)
    make_user(role=roles.ADMINISTRATOR)
    call(verb, [beto.pk], hr_manager)

    beto.refresh_from_db()
    assert beto.status != "active"
