"""A hire that is taken back leaves no place behind that only the clock had given."""

import pytest

from core.roles import HR_MANAGER
from hr.loading.kinds import KINDS
from hr.models import Attendance, Employee, Event
from hr.services import enrolment_clock, imports
from hr.services.checked_enrolment import Entry, enrol_checked
from hr.services.enrolment import confirm_attendance
from tests.factories import make_event, make_unit, make_user
from tests.hr.loading.conftest import HEADER, as_csv, person


@pytest.fixture
def hired(db):
    """Two people of a file, enrolled by the clock in an event for everybody."""
    make_unit("Ventas", code="VEN")
    actor = make_user(role=HR_MANAGER)
    event = make_event(state="published")
    event.audience.create(everybody=True)
    job = imports.upload(KINDS["employees"], "a.csv", as_csv([HEADER, person(1), person(2)]), actor=actor)
    imports.confirm(job.pk, actor=actor)
    enrolment_clock.enrol_newcomers(event.pk, Employee.objects.filter(code__in=["E1", "E2"]), actor=None)
    assert Event.objects.get(pk=event.pk).seats_taken == 2
    return job, actor, event


def test_what_the_clock_gave_goes_with_the_person(hired):
    job, actor, event = hired

    told = imports.undo_preview(job.pk, actor=actor)
    imports.undo(job.pk, actor=actor)

    assert (told.removed, told.kept) == (2, 0)
    assert not Employee.objects.filter(code__in=["E1", "E2"]).exists()
    assert not Attendance.objects.exists()
    assert Event.objects.get(pk=event.pk).seats_taken == 0
    assert Attendance.history.filter(history_type="-").count() == 2


def test_who_confirmed_stays(hired):
    job, actor, event = hired
    confirm_attendance([Attendance.objects.get(employee__code="E2").pk], actor=actor)

    told = imports.undo_preview(job.pk, actor=actor)
    imports.undo(job.pk, actor=actor)

    assert (told.removed, told.kept) == (1, 1)
    assert list(Employee.objects.filter(code__in=["E1", "E2"]).values_list("code", flat=True)) == ["E2"]
    assert Event.objects.get(pk=event.pk).seats_taken == 1


def test_whom_a_file_confirmed_stays(hired):
    """A command has no user either, and writes the confirmation with the first version."""
    job, actor, _event = hired
    event = make_event(state="published")
    enrol_checked({(event.pk, Employee.objects.get(code="E2").pk): Entry(confirmed=True)}, actor=None)

    told = imports.undo_preview(job.pk, actor=actor)

    assert (told.removed, told.kept) == (1, 1)
