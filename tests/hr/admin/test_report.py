"""The report of attendance: Ana heads sales, where Beto works; Carla is in finance."""

import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core import roles
from hr.models import Attendance
from tests.factories import make_attendance, make_employee, make_event, make_kind, make_user

PAGE, FILE = "/hr/attendance/report/", "/hr/attendance/report/xlsx/"
MARCH = "first=2026-03-01&last=2026-03-31"


@pytest.fixture
def kinds(db):
    return {name: make_kind(name) for name in ("Taller", "Reunión")}


@pytest.fixture
def march(kinds, beto, carla):
    """A workshop of two hours, to which Beto came; a meeting of one hour, from which he was absent; Carla in both."""
    at = datetime(2026, 3, 10, 16, tzinfo=UTC)
    workshop = make_event(kind=kinds["Taller"], state="closed", starts_at=at, hours=2)
    meeting = make_event(kind=kinds["Reunión"], state="completed", starts_at=at + timedelta(days=5), hours=1)
    late = make_event(kind=kinds["Taller"], state="closed", starts_at=at + timedelta(days=30), hours=1)
    for person, first, second in ((beto, "present", "absent"), (carla, "late", "excused")):
        make_attendance(workshop, person, outcome=first)
        make_attendance(meeting, person, outcome=second)
        make_attendance(late, person, outcome="absent")


@pytest.fixture
def head(as_user, ana):
    return as_user(make_user(role=roles.MANAGER, employee=ana))


@pytest.fixture
def hr(as_user, hr_manager):
    return as_user(hr_manager)


def told(page):
    return [
        (line["label"], line["tally"].enrolled, line["tally"].came, line["tally"].absent)
        for line in page.context["lines"]
    ]


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("unit", [("Finanzas", 2, 1, 0), ("Ventas", 2, 1, 1)]),
        ("kind", [("Reunión", 2, 0, 1), ("Taller", 2, 2, 0)]),
        ("month", [("Mar 2026", 4, 2, 1)]),
        ("nonsense", [("Finanzas", 2, 1, 0), ("Ventas", 2, 1, 1)]),
    ],
)
def test_hr_compares_units_kinds_and_months(by, lines, march, hr):
    page = hr.get(f"{PAGE}?{MARCH}&by={by}")

    assert told(page) == lines
    assert [tile.text for tile in page.context["tiles"]] == ["66.7", "4.0", "50.0", "4"]


def test_a_manager_is_told_of_the_team_alone(march, head):
    page = head.get(f"{PAGE}?{MARCH}")

    assert told(page) == [("Ventas", 2, 1, 1)]
    assert b"Finanzas" not in page.content


def test_of_a_unit_and_a_kind(march, hr, sales, kinds):
    page = hr.get(f"{PAGE}?{MARCH}&unit={sales.pk}&kind={kinds['Taller'].pk}&by=month")

    assert told(page) == [("Mar 2026", 1, 1, 0)]


@pytest.mark.parametrize("by", ["unit", "kind", "month"])
@pytest.mark.parametrize("more", ["", "&unit={unit}", "&kind={kind}"])
def test_every_count_is_that_of_the_list_it_leads_to(by, more, march, hr, head, sales, kinds):
    for browser in (hr, head):
        page = browser.get(f"{PAGE}?{MARCH}&by={by}{more.format(unit=sales.pk, kind=kinds['Taller'].pk)}")
        for line in [*page.context["lines"], page.context["total"]]:
            tally = line["tally"]
            wanted = {"enrolled": tally.enrolled, "rated": tally.counted, "came": tally.came, "absent": tally.absent}
            assert {
                name: browser.get(link).context["cl"].result_count for name, link in line["links"].items()
            } == wanted, line["label"]


def test_a_unit_outside_the_scope_is_no_choice(march, head, finance):
    page = head.get(f"{PAGE}?{MARCH}&unit={finance.pk}")

    assert page.status_code == 400
    assert b"Finanzas" not in page.content


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("first=2026-03-31&last=2026-03-01", "The first day is after the last one."),
        ("first=2020-01-01&last=2026-03-01", "Choose at most 36 months."),
        ("first=nonsense", "Enter a valid date."),
    ],
)
def test_days_that_make_no_period_are_told(query, text, hr):
    for address in (PAGE, FILE):
        page = hr.get(f"{address}?{query}")
        assert (page.status_code, text in page.text) == (400, True), address


@pytest.mark.parametrize("address", [PAGE, FILE])
def test_who_sees_nobody_else_is_not_let_in(address, as_user, carla):
    assert as_user(make_user(role=roles.EMPLOYEE, employee=carla)).get(address).status_code == 403
    assert as_user(make_user()).get(address).status_code == 403


def test_the_auditor_reads_it_and_takes_no_file(as_user, auditor):
    browser = as_user(auditor)

    assert browser.get(PAGE).status_code == 200
    assert browser.get(FILE).status_code == 403
    assert b"xlsx" not in browser.get(PAGE).content


def test_the_file_holds_all_three_of_what_the_reader_sees(march, head):
    response = head.get(f"{FILE}?{MARCH}")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))

    assert [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets[1:]] == [
        [
            ["Unit", "Enrolled", "Came", "Absent", "Other", "Attendance rate, %", "Training hours", "Completion, %"],
            ["Ventas", 2, 1, 1, 0, 50, 2, 50],
            ["Total", 2, 1, 1, 0, 50, 2, 50],
        ],
        [
            ["Kind of event", *HEADER],
            ["Reunión", 1, 0, 1, 0, 0, 0, 0],
            ["Taller", 1, 1, 0, 0, 100, 2, 100],
            ["Total", 2, 1, 1, 0, 50, 2, 50],
        ],
        [["Month", *HEADER], ["Mar 2026", 2, 1, 1, 0, 50, 2, 50], ["Total", 2, 1, 1, 0, 50, 2, 50]],
    ]
    assert "no-store" in response["Cache-Control"]


HEADER = ["Enrolled", "Came", "Absent", "Other", "Attendance rate, %", "Training hours", "Completion, %"]


def test_it_takes_as_many_queries_for_many_people(march, hr, sales):
    def queries():
        with CaptureQueriesContext(connections["business"]) as captured:
            hr.get(f"{PAGE}?{MARCH}")
        return len(captured)

    queries()
    few = queries()
    event = Attendance.objects.first().event
    people = [make_employee(org_unit=sales) for _number in range(30)]
    Attendance.objects.bulk_create([Attendance(event=event, employee=person, outcome="late") for person in people])

    assert queries() == few
