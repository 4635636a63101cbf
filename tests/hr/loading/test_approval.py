"""Four eyes: above the limits of the settings somebody else approves exactly what was checked."""

import pytest

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.roles import ADMINISTRATOR, AUDITOR, BULK_LOADER, HR_MANAGER
from hr.admin.import_preview import error_of
from hr.loading.jobs import MOVED_SINCE
from hr.loading.kinds import KINDS
from hr.models import Employee, Notification
from hr.services import imports, outbox
from hr.services.employees import change_employees
from tests.factories import make_employee, make_unit, make_user
from tests.hr.loading.conftest import HEADER, as_csv, person


@pytest.fixture
def lola(db):
    return make_user("lola", role=BULK_LOADER)


@pytest.fixture
def hr(db):
    return make_user("hr", role=HR_MANAGER)


def upload(rows, actor):
    return imports.upload(KINDS["employees"], "people.csv", as_csv(rows), actor=actor)


def people(count):
    return [HEADER, *(person(number) for number in range(1, count + 1))]


@pytest.fixture
def waiting(lola, sales, settings):
    """Ana is to be renamed, and one person hired, which is more than one row."""
    settings.LOAD_APPROVAL_ROWS = 1
    make_employee("Ana", code="E1", org_unit=sales)
    return imports.confirm(upload([HEADER, person(1), person(2)], lola).pk, actor=lola)


def told(kind):
    outbox.expand_due(limit=100)
    rows = Notification.objects.filter(message__kind=kind, channel="app")
    return sorted(rows.values_list("user_name", flat=True))


def test_without_limits_nobody_has_to_approve(lola, sales):
    assert imports.confirm(upload(people(3), lola).pk, actor=lola).state == "applied"


def test_at_the_limit_nobody_has_to_approve_above_it_somebody(lola, sales, settings):
    settings.LOAD_APPROVAL_ROWS = 2

    assert imports.confirm(upload(people(2), lola).pk, actor=lola).state == "applied"
    job = imports.confirm(upload([HEADER, *(person(n) for n in (3, 4, 5))], lola).pk, actor=lola)

    assert job.state == "awaiting_approval"
    assert job.approval_reasons == [{"limit": "rows", "allowed": 2, "found": 3}]
    assert Employee.objects.count() == 2


def test_terminations_and_moves_have_limits_of_their_own(lola, sales, settings):
    settings.LOAD_APPROVAL_TERMINATIONS, settings.LOAD_APPROVAL_MOVES = 0, 1
    make_unit("Norte", code="NOR")
    for number in range(3):
        make_employee(code=f"E{number}", org_unit=sales)
    ends = [["Código", "Estado", "Fecha de egreso"], ["E0", "egresado", "2026-01-31"]]
    moves = [["Código", "Unidad", "Jefe"], ["E1", "NOR", ""], ["E2", "", "E1"]]

    jobs = [imports.confirm(upload(rows, lola).pk, actor=lola) for rows in (ends, moves)]

    assert [job.approval_reasons for job in jobs] == [
        [{"limit": "terminations", "allowed": 0, "found": 1}],
        [{"limit": "moves", "allowed": 1, "found": 2}],
    ]


def test_a_second_person_approves_and_it_is_written(waiting, hr, lola):
    job = imports.approve(waiting.pk, actor=hr)

    assert (job.state, job.approved_by_id, job.approved_by_name) == ("applied", hr.pk, str(hr))
    assert job.approved_at
    entry = Employee.objects.get(code="E2").history.get()
    assert (entry.history_user_id, entry.history_job_id) == (lola.pk, job.pk)


def test_those_who_may_approve_are_told_and_then_the_loader(waiting, hr, lola):
    make_user("root", role=ADMINISTRATOR)
    make_user("otto", role=BULK_LOADER)
    make_user("aldo", role=AUDITOR)

    assert told("load.to_approve") == ["Hr", "Root"]
    imports.approve(waiting.pk, actor=hr)
    assert told("load.decided") == ["Lola"]


def test_nobody_approves_his_own_load(hr, sales, settings):
    settings.LOAD_APPROVAL_ROWS = 0
    job = imports.confirm(upload(people(1), hr).pk, actor=hr)

    for decide in (imports.approve, lambda pk, actor: imports.refuse(pk, actor=actor, reason="x")):
        with pytest.raises(NotAllowed):
            decide(job.pk, actor=hr)
    with pytest.raises(InvalidTransition):
        imports.confirm(job.pk, actor=hr)

    assert not Employee.objects.exists()


@pytest.mark.parametrize(("role", "error"), [(BULK_LOADER, NotFound), (AUDITOR, NotAllowed)])
def test_only_who_may_approve_does(waiting, role, error):
    other = make_user(role=role)

    with pytest.raises(error):
        imports.approve(waiting.pk, actor=other)
    with pytest.raises(error):
        imports.refuse(waiting.pk, actor=other, reason="x")

    waiting.refresh_from_db()
    assert waiting.state == "awaiting_approval"


def test_if_the_data_moved_it_is_checked_and_approved_again(waiting, hr, lola):
    change_employees({Employee.objects.get(code="E1").pk: {"last_name": "Gil"}}, actor=hr)

    job = imports.approve(waiting.pk, actor=hr)

    assert (job.state, job.approved_by_id, Employee.objects.count()) == ("checked", None, 1)
    assert job.error == MOVED_SINCE, "for readers of either language"
    assert [error_of(job, own=own).rpartition(": ")[2] for own in (True, False)] == [
        "look at the new preview and confirm again.",
        "who loads it has to confirm the new preview.",
    ]
    assert imports.confirm(job.pk, actor=lola).state == "awaiting_approval"
    assert imports.approve(job.pk, actor=hr).state == "applied"


def test_a_refused_load_goes_back_with_the_reason(waiting, hr, lola):
    with pytest.raises(DomainError):
        imports.refuse(waiting.pk, actor=hr, reason=" ")

    job = imports.refuse(waiting.pk, actor=hr, reason="Not this month.")

    assert (job.state, job.refusal) == ("checked", "Not this month.")
    assert told("load.decided") == ["Lola"]
    assert imports.cancel(job.pk, actor=lola).state == "cancelled"


def test_the_loader_takes_back_what_waits(waiting, lola):
    assert imports.cancel(waiting.pk, actor=lola).state == "cancelled"


def test_the_same_file_is_refused_while_it_waits(waiting, hr):
    with pytest.raises(imports.SameFile):
        upload([HEADER, person(1), person(2)], hr)
