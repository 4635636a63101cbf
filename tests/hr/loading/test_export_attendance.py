"""Attendance as a file: what it holds, for whom, and that it comes back as it was."""

import csv
import io

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core import access
from core.roles import AUDITOR, MANAGER
from hr.loading import engine
from hr.loading.export import Export
from hr.loading.kinds import KINDS
from hr.models import Attendance, Outcome, SessionMark
from tests.factories import make_attendance, make_employee, make_event, make_session, make_user

ATTENDANCE = KINDS["attendance"]


def exported(format_="csv", *, user=None, rows=None):
    return b"".join(Export(ATTENDANCE, Attendance.objects.all() if rows is None else rows, user=user).file(format_))


def cells(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture
def event(db):
    return make_event("Inducción", code="V1", state="closed")


def test_a_row_holds_event_person_status_and_outcome(event, beto):
    make_attendance(event, beto, "confirmed", "late")

    assert cells(exported()) == [
        ["Event", "Code", "Country", "National id", "Session", "Status", "Outcome"],
        ["V1", "E2", "VE", "V-12345678", "", "confirmed", "late"],
    ]


def test_the_sessions_of_which_something_is_known_follow(event, ana, beto):
    first, second = make_session(event, 1), make_session(event, 2)
    of_beto, of_ana = make_attendance(event, beto), make_attendance(event, ana)
    SessionMark.objects.create(attendance=of_beto, session=second, outcome="absent")
    SessionMark.objects.create(attendance=of_beto, session=first, outcome="present")
    SessionMark.objects.create(attendance=of_ana, session=first)

    assert [[row[1], *row[4:]] for row in cells(exported())[1:]] == [
        ["E1", "", "registered", "pending"],
        ["E2", "", "registered", "pending"],
        ["E2", "1", "", "present"],
        ["E2", "2", "", "absent"],
    ]


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["es", "en"])
def test_every_status_and_outcome_comes_back_without_a_change(event, format_, language):
    make_session(event, 1)
    for status in Attendance.Status:
        for outcome in Outcome:
            row = make_attendance(event, make_employee("=1+1", code=f"=A{status[:4]}{outcome[:4]}"), status, outcome)
            SessionMark.objects.create(attendance=row, session=event.sessions.get(), outcome=outcome)

    with translation.override(language):
        sheet = engine.read_file(exported(format_), ATTENDANCE)
        plan = engine.check(sheet, ATTENDANCE, user=None)

    assert plan.count == {"unchanged": 20 + 16}
    assert sheet.mapping.unknown == []


def test_the_words_are_of_the_language_it_was_asked_for_in(event, beto):
    """A file streams when the request, and its language, are gone."""
    row = make_attendance(event, beto, "confirmed", "late")
    SessionMark.objects.create(attendance=row, session=make_session(event, 1), outcome="absent")
    with translation.override("es"):
        pieces = Export(ATTENDANCE, Attendance.objects.all(), user=None).file("csv")

    with translation.override("en"):
        table = cells(b"".join(pieces))

    assert table[0][:2] == ["Evento", "Código"]
    assert [line[5:] for line in table[1:]] == [["confirmada", "tarde"], ["", "ausente"]]


def test_formulas_are_neutralised(event):
    make_attendance(event, make_employee(code="=1+1"))

    assert cells(exported())[1][1] == "'=1+1"


def test_an_export_holds_what_its_user_sees_and_the_ids_he_may(event, ana, beto, carla):
    for person in (ana, beto, carla):
        make_attendance(event, person)
    head = make_user(role=MANAGER, employee=ana)
    granted = make_user()
    access.grant("view_attendance_at", granted, event)

    of_head, of_granted = cells(exported(user=head)), cells(exported(user=granted))

    assert [(row[1], row[3]) for row in of_head[1:]] == [("E2", ""), ("E1", "")]
    assert "National id" not in of_granted[0]
    assert [row[1] for row in of_granted[1:]] == ["E3", "E2", "E1"]
    assert len(cells(exported(user=make_user(role=AUDITOR)))) == 4


def test_the_order_and_the_rows_are_those_of_the_query_whatever_their_number(event, monkeypatch):
    monkeypatch.setattr("hr.loading.export.ROWS_A_READ", 3)
    codes = [make_attendance(event, make_employee(code=f"P{number}")).employee.code for number in range(8)]

    newest = cells(exported(rows=Attendance.objects.filter(event=event)))
    oldest = cells(exported(rows=Attendance.objects.order_by("pk")))

    assert [row[1] for row in newest[1:]] == codes[::-1]
    assert [row[1] for row in oldest[1:]] == codes


def test_the_number_of_queries_does_not_grow_with_the_rows(event, ana, beto):
    counts = []
    for person in (ana, beto):
        make_attendance(event, person)
        with CaptureQueriesContext(connections["business"]) as queries:
            exported()
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 5
