"""Forged requests from somebody who may do something: they reach what he may change, and not one row more."""

import pytest
from django.contrib import admin

from core import access
from hr.models import Attendance, Employee
from tests.access.forms import NAMES
from tests.access.readers import difference, fields_of
from tests.access.rows import EVERYBODYS
from tests.access.table import REQUESTS, approves, cancels, changes, decides
from tests.hr.personas import PERSONAS

NOBODYS_KEY = 4_499_999
KEPT = ("national_id", "private_phone", "birth_date", "status", "ended_on", "uid", "reports_to_id", "org_unit_id", "pk")
TODAY = "2026-01-15"
ACTIONS = [
    (model, name)
    for model, page in admin.site._registry.items()
    for name in [getattr(action, "__name__", action) for action in page.actions or ()]
]


def may_be_changed(reader, table, key):
    """Whether the persona may change this row: his own notifications and requests, and what the world lets him."""
    for row in reader.rows:
        if row.model._meta.db_table == table and str(row.pk) == str(key):
            return changes(reader.persona, row) or may_change_otherwise(reader, row)
    return False


def may_change_otherwise(reader, row):
    """By pages that are not the row's form. An event's seats are freed with the enrolments."""
    who = reader.persona
    if row.label == REQUESTS:
        return row.owner == who.key or decides(who, row)
    if row.label == "hr.attendancecorrection":
        return approves(who, row)
    if row.label == "hr.event":
        return row.what == EVERYBODYS and any(cancels(who, seat) for seat in reader.rows.by_model[Attendance])
    return (row.label == "hr.attendance" and cancels(who, row)) or (
        row.label == "hr.notification" and row.owner == who.key
    )


def wrongly_changed(reader, changed):
    """Rows that are other than before and not his to change. What records a change is no change of its own."""
    kept = ("employee", "orgunit", "position", "changerequest", "attendance", "attendancecorrection", "event")
    histories = {f"hr_historical{name}" for name in kept}
    records = {*histories, "hr_outboxmessage", "hr_figuresdue"}
    return {
        f"{table} {key}"
        for table in changed.keys() - records
        for key in changed[table]
        if not may_be_changed(reader, table, key)
    }


@pytest.mark.parametrize(("model", "action"), ACTIONS, ids=[f"{m._meta.label_lower}.{a}" for m, a in ACTIONS])
@pytest.mark.parametrize("across", ["0", "1"], ids=["ids", "all"])
def test_an_action_reaches_only_rows_one_may_change(model, action, across, readers, rows, watch, world):
    """All ids there are, and "select all": of a list without its filters."""
    address = f"/{model._meta.app_label}/{model._meta.model_name}/"
    data = {
        "action": action,
        "_selected_action": [row.pk for row in rows.by_model[model]],
        "select_across": across,
        "index": "0",
        "_form_submitted": "on",
        "reason": "forged",
        "ended_on": TODAY,
        "hired_on": TODAY,
        "org_unit": world.units["finance"].pk,
        "reports_to": world.employees["fabio"].pk,
        "parent": world.units["finance"].pk,
        "post": "yes",
    }
    for key in ("head", "boss", "grant_change", "grant_hire", "plain", "auditor"):
        reader = readers[key]
        with watch.undone(), watch.noting() as written:
            answer = reader.post(address, data)
            assert wrongly_changed(reader, watch.changed(written)) == set(), key
        assert reader.leaks(answer, asked=str(data)) == [], key


@pytest.mark.parametrize("action", [name for model, name in ACTIONS if model is Employee])
def test_a_foreign_row_among_ones_own_counts_like_an_id_that_never_was(action, readers, watch, world):
    reader, data = (
        readers["grant_change"],
        {"_form_submitted": "on", "reason": "x", "ended_on": TODAY, "hired_on": TODAY},
    )
    own, told = world.employees["luisa"].pk, []

    for key in (world.employees["fabio"].pk, NOBODYS_KEY):
        with watch.undone():
            answer = reader.post("/hr/employee/", {"action": action, "_selected_action": [own, key], **data})
            told.append(answer.about(key))

    assert difference(*told) == []


# --- Forms ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def stronger(watch, world):
    """The persona with the grant on a unit may also change and hire there, so that more forms open to him."""
    with watch.undone():
        for right in ("change_employee_in", "add_employee_in"):
            access.grant(right, world.users["grant_unit"], world.units["sales"])
        yield


FORMS = {
    "grant_change at change": ("grant_change", "/hr/employee/{luisa}/change/", ["position", "org_unit", "reports_to"]),
    "grant_hire at add": ("grant_hire", "/hr/employee/add/", ["org_unit", "position", "reports_to"]),
    "grant_unit at change": ("grant_unit", "/hr/employee/{luisa}/change/", ["position", "org_unit", "reports_to"]),
    "grant_unit at add": ("grant_unit", "/hr/employee/add/", ["org_unit", "position", "reports_to"]),
    "grant_unit at move": ("grant_unit", "/hr/employee/{luisa}/move/", ["org_unit"]),
    "grant_unit at change_boss": ("grant_unit", "/hr/employee/{luisa}/change_boss/", ["reports_to"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_foreign_key_takes_no_row_one_does_not_see(form, stronger, readers, watch, world):
    """What is answered is what is answered to a key that never was, and nothing is written."""
    key, address, names = FORMS[form]
    reader = readers[key]
    url = address.format(luisa=world.employees["luisa"].pk)
    page = reader.get(url)
    data = {name: values[-1] for name, values in fields_of(page).items()} if page.status == 200 else {}
    data |= {"first_name": "F", "last_name": "F", "hired_on": TODAY, "_form_submitted": "on"}
    data.setdefault("org_unit", world.units["team"].pk)
    foreign = {
        "org_unit": [unit.pk for name, unit in world.units.items() if name not in PERSONAS[key].units],
        "position": [row.pk for name, row in world.positions.items() if name not in PERSONAS[key].sees],
        "reports_to": [row.pk for name, row in world.employees.items() if name not in PERSONAS[key].sees],
    }
    for name in names:
        with watch.undone():
            unknown = reader.post(url, data | {name: NOBODYS_KEY}).about(NOBODYS_KEY)
        for pk in foreign[name][:3]:
            with watch.undone(), watch.noting() as written:
                told = reader.post(url, data | {name: pk}).about(pk)
                changed = watch.changed(written)
            assert named_by(changed, pk) == [], f"{name} became {pk}"
            assert difference(told, unknown) == [], name


def named_by(changed, pk):
    """Rows of people that are new or other than before, and hold the key."""
    return [
        f"{table} {key}"
        for table, rows in changed.items()
        if table.startswith("hr_")
        for key, row in rows.items()
        if str(pk) in row
    ]


def test_what_one_may_not_change_stays_as_it_was_whatever_is_posted(readers, watch, world):
    """Every column of the table is in the POST. The form shows some of them to read, and some not at all."""
    reader, luisa = readers["grant_change"], world.employees["luisa"]
    url = f"/hr/employee/{luisa.pk}/change/"
    data = {name: values[-1] for name, values in fields_of(reader.get(url)).items()}
    forged = {
        "national_id": "V-11222333", "private_phone": "+584125550000", "birth_date": "1990-01-01",
        "status": "terminated", "ended_on": TODAY, "uid": "00000000-0000-4000-8000-000000000000", "search_text": "x",
        "reports_to": "", "org_unit": world.units["staff"].pk, "id": NOBODYS_KEY, "pk": NOBODYS_KEY,
    }  # fmt: skip
    with watch.undone():
        answer = reader.post(url, data | forged | {"first_name": "Changed"})
        row = Employee.objects.get(pk=luisa.pk)

        assert (answer.status, row.first_name) == (302, "Changed"), answer.errors
        assert {name: str(getattr(row, name)) for name in KEPT} == {name: str(getattr(luisa, name)) for name in KEPT}


@pytest.mark.parametrize("page", ["change", "add", "changelist"])
@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label_lower)
def test_a_formset_nobody_offered_writes_nothing(page, model, readers, rows, watch):
    """Management forms with counts and ids of rows, under every prefix a formset could have."""
    forged = {}
    prefixes = ["form", "children", "employees", "reports", "headed_units", "lines", "notifications", "core-usergrant"]
    for prefix in [*prefixes, *(f"{other._meta.model_name}_set" for other in admin.site._registry)]:
        forged |= {f"{prefix}-TOTAL_FORMS": 2, f"{prefix}-INITIAL_FORMS": 1, f"{prefix}-MAX_NUM_FORMS": 1000}
        for number, row in enumerate(rows.by_model[model][:2]):
            forged |= {f"{prefix}-{number}-{name}": f"Forged {name}" for name in NAMES}
            forged |= {f"{prefix}-{number}-id": row.pk, f"{prefix}-{number}-DELETE": "on"}
    row = rows.by_model[model][0]
    address = f"/{model._meta.app_label}/{model._meta.model_name}/"
    url = {"change": f"{address}{row.pk}/change/", "add": f"{address}add/", "changelist": address}[page]
    for key in ("administrator", "head", "grant_change"):
        with watch.unchanged(f"{key} at {url}"):
            readers[key].post(url, forged | {"_save": "Save"})
