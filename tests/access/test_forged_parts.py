"""Keys of rows that belong elsewhere, in the parts of pages about events, rolls and evaluations."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils import timezone

from hr.models import (
    Attendance,
    AttendanceCorrection,
    Evaluation,
    Event,
    EventAudience,
    EventSession,
    FormVersion,
    Question,
)
from tests.access.readers import difference, fields_of
from tests.access.rows import EVERYBODYS, NOBODYS
from tests.access.test_forged import NOBODYS_KEY

TOO_LARGE = "9" * 30


@pytest.fixture
def key_of(rows):
    """`key_of(Attendance, "luisa")`; without a name the event in which everybody is enrolled."""

    def find(model, name=EVERYBODYS):
        return next(row.pk for row in rows.by_model[model] if name in (row.about, row.what))

    return find


def sent_from(reader, url):
    return {name: values[-1] for name, values in fields_of(reader.get(url)).items() if values}


def told(reader, url, data, key, watch):
    """What is answered, without the key; and which rows are others then."""
    with watch.undone(), watch.noting() as written:
        answer = reader.post(url, data)
        changed = {f"{table} {pk}" for table, rows in watch.changed(written).items() for pk in rows}
    return answer.about(key), changed


def employee(world, key_of, name):
    return world.employees[name].pk


def code(world, key_of, name):
    return f"ZC{name.upper()}"


def attendance(world, key_of, name):
    return key_of(Attendance, name)


ROLL, PARTICIPANTS = "/hr/attendance/roll-call/{event}/", "/hr/event/{event}/participants/"
# Page, what the key is of, one that never was, and where it is sent; with what else.
PARTS = {
    "a mark of the roll": (ROLL, attendance, NOBODYS_KEY, "o-{key}", "present", {}),
    "a walk-in": (ROLL, employee, NOBODYS_KEY, "walk_ins", "{key}", {}),
    "a walk-in by code": (ROLL, code, "ZCNOBODY", "codes", "{key}", {}),
    "an enrolment": (PARTICIPANTS, employee, NOBODYS_KEY, "employees", "{key}", {"_enrol": "1"}),
    "a cancellation": (PARTICIPANTS, attendance, NOBODYS_KEY, "rows", "{key}", {"_cancel": "1"}),
    "a confirmation": (PARTICIPANTS, attendance, NOBODYS_KEY, "rows", "{key}", {"_confirm": "1"}),
    "a reminder": ("/hr/event/{event}/missing/", employee, NOBODYS_KEY, "person", "{key}", {}),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("reader", ["head", "boss", "delegate"])
def test_what_belongs_to_somebody_unseen_is_answered_like_a_key_that_never_was(
    part, reader, readers, watch, world, key_of
):
    page, find, never, name, value, more = PARTS[part]
    url, answers = page.format(event=key_of(Event)), []
    for key in (find(world, key_of, "fabio"), never):
        data = sent_from(readers[reader], url) | {name.format(key=key): value.format(key=key)} | more
        answer, changed = told(readers[reader], url, data, key, watch)
        assert changed == set()
        answers.append(answer)

    assert difference(*answers) == []


@pytest.mark.parametrize("part", [part for part in PARTS if "code" not in part])
def test_a_key_too_large_breaks_no_page(part, readers, watch, key_of):
    page, _find, _never, name, value, more = PARTS[part]
    url = page.format(event=key_of(Event))
    data = sent_from(readers["head"], url) | {name.format(key=TOO_LARGE): value.format(key=TOO_LARGE)} | more

    answer, changed = told(readers["head"], url, data, TOO_LARGE, watch)

    assert (answer.status in (200, 302, 400), changed) == (True, set())


@pytest.mark.parametrize(
    "url",
    [
        "/hr/evaluation/queue/?round={key}",
        "/hr/attendance/roll-call/{event}/?session={key}",
        "/hr/event/{event}/participants/?p={key}&status={key}",
        "/hr/evaluationform/{form}/results/?version={key}",
        "/hr/evaluationround/add/?event={key}",
        "/hr/event/calendar/?month={key}",
    ],
)
def test_a_number_too_large_in_an_address_breaks_no_page(url, readers, key_of, rows):
    form = next(iter(rows.by_model[FormVersion._meta.get_field("form").related_model])).pk
    for key in ("head", "administrator"):
        answer = readers[key].get(url.format(key=TOO_LARGE, event=key_of(Event), form=form))
        assert answer.status in (200, 302, 403, 404)


@pytest.mark.parametrize("field", ["employees", "org_units", "positions", "remove"])
def test_an_audience_takes_no_key_too_large(field, readers, watch, key_of):
    url = f"/hr/event/{key_of(Event)}/audience/"

    answer, changed = told(readers["hr_manager"], url, {"_add": "1", field: TOO_LARGE}, TOO_LARGE, watch)

    assert (answer.status in (302, 400), changed) == (True, set())


def test_people_are_enrolled_in_no_event_one_does_not_see(readers, watch, world, key_of):
    data = {
        "action": "enrol_many",
        ACTION_CHECKBOX_NAME: world.employees["luisa"].pk,
        "index": "0",
        "_form_submitted": "on",
    }
    answers = []
    for key in (key_of(Event, NOBODYS), NOBODYS_KEY):
        answer, changed = told(readers["head"], "/hr/employee/", data | {"event": key}, key, watch)
        assert changed == set()
        answers.append(answer)

    assert difference(*answers) == []


# --- A row of another whole -------------------------------------------------------------------------------------------
def test_a_plan_of_sessions_takes_none_of_another_event(readers, watch, key_of):
    url, session = f"/hr/event/{key_of(Event)}/sessions/", EventSession.objects.get()
    data = sent_from(readers["hr_manager"], url) | {
        "sessions-0-id": session.pk,
        "sessions-0-starts_at": f"{timezone.localtime(session.starts_at):%Y-%m-%dT%H:%M}",
        "sessions-0-ends_at": f"{timezone.localtime(session.ends_at):%Y-%m-%dT%H:%M}",
        "reason": "forged",
    }

    answer, changed = told(readers["hr_manager"], url, data, session.pk, watch)

    assert (answer.status, changed) == (400, set())


def test_an_audience_removes_no_line_of_another_event(readers, watch, key_of):
    url = f"/hr/event/{key_of(Event, NOBODYS)}/audience/"
    line = key_of(EventAudience, "luisa")

    _answer, changed = told(readers["hr_manager"], url, {"remove": line}, line, watch)

    assert changed == set()


def test_a_draft_takes_no_question_of_a_published_version(readers, watch):
    question = Question.objects.get()
    with watch.undone():
        draft = FormVersion.objects.create(form=question.version_of.form, number=2)
        url = f"/hr/formversion/{draft.pk}/change/"
        data = sent_from(readers["hr_manager"], url)
        forged = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 1, "0-id": question.pk, "0-version_of": draft.pk}
        forged |= {"0-text": "Forged", "0-kind": "text", "0-number": 1}
        for more in ({}, {"0-DELETE": "on"}):
            sent = {f"questions-{name}": value for name, value in (forged | more).items()}
            readers["hr_manager"].post(url, data | sent)

        assert "questions-TOTAL_FORMS" in data
        now = Question.objects.get(pk=question.pk)
        assert (now.text, now.version_of_id) == (question.text, question.version_of_id)


# --- Actions on many --------------------------------------------------------------------------------------------------
MANY = {
    "mark_many": (Attendance, {"outcome": "present"}),
    "approve_many": (AttendanceCorrection, {}),
    "reject_many": (AttendanceCorrection, {"answer": "forged"}),
    "send_back_many": (Evaluation, {"comment": "forged", "due_on": "2099-01-01"}),
}


@pytest.mark.parametrize("action", MANY)
def test_among_many_a_row_unseen_counts_like_a_key_that_never_was(action, readers, watch, key_of):
    model, more = MANY[action]
    address = f"/{model._meta.app_label}/{model._meta.model_name}/"
    data, answers = {"action": action, "index": "0", "_form_submitted": "on"} | more, []
    for key in (key_of(model, "fabio"), NOBODYS_KEY):
        answer, changed = told(
            readers["boss"], address, data | {ACTION_CHECKBOX_NAME: [key_of(model, "luisa"), key]}, key, watch
        )
        assert f"{model._meta.db_table} {key_of(model, 'fabio')}" not in changed
        assert f"{model._meta.db_table} {key_of(model, 'luisa')}" in changed
        answers.append(answer)

    assert difference(*answers) == []
