import csv
import io
from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from openpyxl import load_workbook

from core.roles import AUDITOR, MANAGER
from hr.loading import engine
from hr.loading.export import Export
from hr.loading.kinds import KINDS
from hr.models import Employee
from tests.factories import make_employee, make_position, make_unit, make_user

PEOPLE = KINDS["employees"]


def exported(format_, *, user=None, rows=None, kind=PEOPLE):
    return b"".join(Export(kind, kind.model.objects.all() if rows is None else rows, user=user).file(format_))


def cells(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture
def staff(db):
    boss = make_employee("María", "De la Peña", code="B-1", work_phone="+584121234567")
    sales, other = make_unit("Ventas", code="VEN"), make_unit("Ventas", code="VEN2")
    clerk = make_position("=Cajero", code="CAJ")
    make_employee(
        "Ñandú", '=HYPERLINK("x")', code="007", country="CO", national_id="1020304050", work_email="n@example.com",
        private_phone="+573001234567", birth_date=date(1990, 1, 31), hired_on=date(2020, 2, 1), status="terminated",
        ended_on=date(2024, 2, 29), org_unit=sales, position=clerk, reports_to=boss,
    )  # fmt: skip
    make_employee("-5", "'=quoted", code="@X", org_unit=other)
    return boss


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_goes_out_comes_back_without_a_change(staff, format_, language, kind):
    with translation.override(language):
        content = exported(format_, kind=kind)
        sheet = engine.read_file(content, kind)
        _plan, outcome = engine.load(sheet, kind, actor=None, file_name="x")

    assert (outcome.rows, outcome.unchanged) == (kind.model.objects.count(), kind.model.objects.count())
    assert sheet.mapping.unknown == []


def test_formulas_are_neutralised_in_csv(staff):
    table = cells(exported("csv"))

    values = {value for row in table[1:] for value in row}
    assert not [value for value in values if value[:1] in ("=", "+", "-", "@")]
    assert "'+584121234567" in values
    assert '\'=HYPERLINK("x")' in values


def test_xlsx_cells_are_text_and_days(staff):
    sheet = load_workbook(io.BytesIO(exported("xlsx"))).active
    header = [cell.value for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "007")
    found = dict(zip(header, row, strict=True))

    assert found["Last name"].value == '=HYPERLINK("x")'
    assert {cell.data_type for cell in row if cell.value} == {"s", "d"}
    assert found["Last name"].quotePrefix
    assert found["Hired on"].value.date() == date(2020, 2, 1)


def test_names_that_are_not_unique_go_out_as_codes(staff):
    rows = {row[0]: row for row in cells(exported("csv"))}
    unit = rows["Code"].index("Unit")

    assert (rows["007"][unit], rows["'@X"][unit]) == ("VEN", "VEN2")
    assert rows["007"][rows["Code"].index("Reports to")] == "B-1"


def test_rows_come_in_the_order_asked_for_whatever_their_number(db, monkeypatch):
    monkeypatch.setattr("hr.loading.export.ROWS_A_READ", 3)
    unit = make_unit()
    for number in range(8):
        make_employee(code=f"E{number}", org_unit=unit)

    table = cells(exported("csv", rows=Employee.objects.order_by("-code")))

    assert [row[0] for row in table[1:]] == [f"E{number}" for number in reversed(range(8))]


def test_only_visible_rows_and_personal_data_of_those_one_may_see(db):
    boss = make_employee(code="BOSS")
    own = make_employee(code="OWN", national_id="V-12345678", reports_to=boss)
    make_employee("Secreta", code="E1", national_id="V-11111111")
    user = make_user(role=MANAGER, employee=own)

    text = exported("csv", user=user).decode()

    assert "OWN" in text
    assert "V-12345678" in text
    assert "Secreta" not in text
    assert "BOSS" not in text


def test_without_the_right_personal_columns_are_left_out(db):
    make_employee(code="E1", national_id="V-12345678")
    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_employee"))

    table = cells(exported("csv", user=user))

    assert "National id" not in table[0]
    assert "V-12345678" not in str(table)


def test_an_auditor_sees_personal_data_in_the_file_as_on_the_screen(db):
    make_employee(code="E1", national_id="V-12345678")

    assert "V-12345678" in exported("csv", user=make_user(role=AUDITOR)).decode()


def test_the_number_of_queries_does_not_grow_with_the_rows(staff):
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connections["business"]) as queries:
            exported("csv")
        counts.append(len(queries))
        make_employee(org_unit=staff.org_unit)
        make_employee(org_unit=staff.org_unit)

    assert counts[0] == counts[1]
