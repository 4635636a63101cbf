from datetime import date

import pytest
from django.apps import apps

from core.errors import DomainError, InvalidTransition
from hr.models import Employee, OrgUnit, Position
from hr.models.base import BusinessModel
from hr.services.writing import business_atomic, insert
from tests.factories import make_employee, make_position, make_unit

# What a row of these says is no decision of a person, or is kept elsewhere: history of it would be noise.
WITHOUT_HISTORY = {
    "ImportJob": "the job row tells its own story",
    "ImportRow": "holds before and after itself",
    "DeniedAttempt": "never changed but counted",
    "Lease": "changes every few seconds",
    "Notification": "its states are its story",
    "OutboxMessage": "its states are its story",
    "StoredFile": "never changed",
    "StoredFileChunk": "never changed",
    "ColumnMapping": "how a header was read last, of no consequence for any record",
    "ExportLog": "a log itself",
    "EventFigures": "counted from rows that have history",
    "FiguresDue": "there until the clock comes",
}


@business_atomic
def put(rows, *, actor=None):
    return insert(rows)


def test_every_model_has_history_or_is_exempt():
    models = [model for model in apps.get_app_config("hr").get_models() if not model.__name__.startswith("Historical")]

    assert all(issubclass(model, BusinessModel) for model in models)
    assert {model.__name__ for model in models if not hasattr(model, "history")} == WITHOUT_HISTORY.keys()


def test_history_lives_in_the_database_of_the_row(db):
    employee = make_employee()

    assert employee.history.get()._state.db == "business"


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"code": ""}, "code", "An employee needs a code."),
        ({"first_name": ""}, "first_name", "An employee needs a first name and a last name."),
        ({"last_name": ""}, "first_name", "An employee needs a first name and a last name."),
        ({"status": "lost"}, "status", "Unknown status."),
        (
            {"status": "terminated", "ended_on": date(2019, 1, 1)},
            "ended_on",
            "An employment cannot end before it begins.",
        ),
        ({"status": "terminated"}, "ended_on", "A terminated employee has an end date, and nobody else has one."),
        ({"ended_on": date(2021, 1, 1)}, "ended_on", "A terminated employee has an end date, and nobody else has one."),
        ({"birth_date": date(2020, 1, 1)}, "birth_date", "The birth date must lie before the hiring date."),
    ],
)
def test_a_broken_rule_of_an_employee_is_told_in_its_words(db, values, field, message):
    unit = make_unit()
    row = {"code": "X", "first_name": "Ana", "last_name": "Gil", "hired_on": date(2020, 1, 1), "org_unit": unit}

    with pytest.raises(DomainError) as error:
        put([Employee(**row | values)])

    assert (error.value.field, str(error.value)) == (field, message)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": "E1"}, "code"),
        ({"work_email": "ana@example.org"}, "work_email"),
        ({"country": "VE", "national_id": "V-1234567"}, "national_id"),
    ],
)
def test_what_must_be_unique_of_an_employee_is_told_on_its_field(db, values, field):
    make_employee(code="E1", work_email="ana@example.org", national_id="V-1234567")
    row = {"code": "X", "first_name": "Ana", "last_name": "Gil", "hired_on": date(2020, 1, 1)}

    with pytest.raises(DomainError) as error:
        put([Employee(**row | values, org_unit=make_unit())])

    assert error.value.field == field


def test_two_employees_may_lack_e_mail_and_national_id(db):
    make_employee(work_email=None, national_id=None)
    make_employee(work_email=None, national_id=None)

    assert Employee.objects.count() == 2


def test_one_number_may_occur_in_two_countries(db):
    make_employee(country="CO", national_id="12345678")
    make_employee(country="PE", national_id="12345678")

    assert Employee.objects.count() == 2


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        (OrgUnit(code="", name="Ventas", path="?1"), "code", "A unit needs a code."),
        (OrgUnit(code="V", name="", path="?2"), "name", "A unit needs a name."),
        (Position(code="", title="Analista"), "code", "A position needs a code."),
        (Position(code="A", title=""), "title", "A position needs a title."),
    ],
)
def test_a_broken_rule_of_a_unit_or_position_is_told_in_its_words(db, row, field, message):
    with pytest.raises(DomainError) as error:
        put([row])

    assert (error.value.field, str(error.value)) == (field, message)


@pytest.mark.parametrize("make", [make_unit, make_position])
def test_codes_of_units_and_positions_are_unique(db, make):
    taken = make(code="A")
    names = {"name": "Otra", "path": "?"} if isinstance(taken, OrgUnit) else {"title": "Otro"}

    with pytest.raises(DomainError) as error:
        put([type(taken)(code="A", **names)])

    assert error.value.field == "code"


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("active", {"suspended", "terminated"}),
        ("suspended", {"active", "terminated"}),
        ("terminated", {"active"}),
    ],
)
def test_an_employee_moves_only_along_the_table_of_states(status, wanted):
    reached = set()
    for target in Employee.Status.values:
        employee = Employee(first_name="Ana", last_name="Gil", code="E1", status=status)
        try:
            employee.move_to(target)
        except InvalidTransition:
            assert employee.status == status
        else:
            reached.add(employee.status)

    assert reached == wanted
