"""The employee answers on his page; whoever answers for him grades on another."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import User
from hr.models import Evaluation
from hr.services.answers import answers_of, save_answers
from hr.services.grading import Grading, grade_evaluations, reopen_evaluations, return_evaluations
from tests.factories import in_days, make_employee, make_evaluation, make_form_version, make_round


def page(name, *args):
    return reverse(f"admin:hr_evaluation_{name}", args=args)


@pytest.fixture
def beto_browser(as_user, beto_user):
    return as_user(beto_user)


@pytest.fixture
def ana_browser(as_user, ana_user):
    return as_user(ana_user)


@pytest.fixture
def fields(questions):
    """The names of the fields of the three questions."""
    return [f"question_{key}" for key in questions]


def submitted(employee, round_, minutes=0, **values):
    at = timezone.now() - timedelta(minutes=minutes)
    return make_evaluation(employee, in_round=round_, state="submitted", submitted_at=at, **values)


# --- Answering --------------------------------------------------------------------------------------------------------
def test_a_draft_is_saved_and_shown_again(beto_browser, evaluation, fields, questions):
    text, _yes_no, scale = fields

    answer = beto_browser.post(page("answer", evaluation.pk), {text: "Mucho", scale: "4", "_draft": "1"})

    assert beto_browser.texts(answer) == ["Your draft was saved. It is not submitted yet."]
    assert answers_of(evaluation) == {questions[0]: "Mucho", questions[2]: 4}
    assert evaluation.history.latest().history_source == "self-service"
    form = beto_browser.get(page("answer", evaluation.pk)).context["form"]
    assert [form[name].value() for name in fields] == ["Mucho", None, "4"]


def test_what_is_missing_is_named_and_the_rest_is_kept(beto_browser, evaluation, fields, questions):
    text, _yes_no, _scale = fields

    answer = beto_browser.post(page("answer", evaluation.pk), {text: "Mucho", "_submit": "1"})

    assert answer.status_code == 400
    assert {question.text: field.errors for question, field in answer.context["form"].faults()} == {
        "¿Lo recomendarías?": ["This one needs an answer."]
    }
    evaluation.refresh_from_db()
    assert (evaluation.state, answers_of(evaluation)) == ("in_progress", {questions[0]: "Mucho"})


def test_answers_are_submitted_once_and_read_afterwards(beto_browser, evaluation, fields):
    text, yes_no, _scale = fields
    address, data = page("answer", evaluation.pk), {text: "Mucho", yes_no: "True", "_submit": "1"}

    beto_browser.post(address, data)
    again = beto_browser.post(address, data | {text: "Otra cosa"})

    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.score) == ("submitted", Decimal(100))
    assert again.context["form"] is None
    assert "Mucho" in again.text
    assert "Otra cosa" not in again.text


def test_a_choice_that_was_not_offered_is_refused(beto_browser, evaluation, fields):
    _text, yes_no, scale = fields

    answer = beto_browser.post(page("answer", evaluation.pk), {yes_no: "1", scale: "9", "_draft": "1"})

    assert set(answer.context["form"].errors) == {yes_no, scale}
    assert answers_of(evaluation) == {}


def test_what_was_returned_shows_why(beto_browser, evaluation):
    Evaluation.objects.update(state="returned", return_comment="Falta el ejemplo")

    assert "It was returned to you: Falta el ejemplo" in beto_browser.get(page("answer", evaluation.pk)).text


def test_what_was_due_yesterday_is_not_asked_any_more(beto_browser, evaluation):
    Evaluation.objects.update(due_on=in_days(-1))

    answer = beto_browser.get(page("answer", evaluation.pk))

    assert answer.context["form"] is None
    assert "The answers were due on" in answer.text
    assert reverse("admin:hr_evaluation_mine") in answer.text


def test_what_is_not_open_yet_says_from_when_on_it_is(beto_browser, evaluation):
    Evaluation.objects.update(state="pending")
    type(evaluation.round).objects.update(opens_on=in_days(3))

    assert "Opens on" in beto_browser.get(page("answer", evaluation.pk)).text


def test_grade_and_feedback_are_read_by_whom_they_are_about(beto_browser, beto, round_, hr_manager):
    evaluation = submitted(beto, round_)
    grade_evaluations({evaluation.pk: Grading(Decimal("87.5"), "Muy bien")}, actor=hr_manager)

    told = beto_browser.get(page("answer", evaluation.pk)).text

    assert "87.50" in told
    assert "Muy bien" in told


def test_the_row_of_ones_own_open_evaluation_leads_to_answering_it(beto_browser, evaluation):
    assert beto_browser.get(page("change", evaluation.pk)).url == page("answer", evaluation.pk)


def test_nobody_answers_for_another(as_user, ana_user, carla_user, hr, evaluation, fields):
    for browser, status in ((as_user(ana_user), 403), (hr, 403), (as_user(carla_user), 404)):
        answer = browser.post(page("answer", evaluation.pk), {fields[0]: "Yo", "_draft": "1"})
        assert (answer.status_code, answers_of(evaluation)) == (status, {})


def test_a_draft_is_not_read_by_others(ana_browser, evaluation, questions, beto_user):
    save_answers({evaluation.pk: {questions[0]: "Un secreto"}}, actor=beto_user)

    told = ana_browser.get(page("change", evaluation.pk)).text

    assert "¿Qué aprendiste?" in told
    assert "Answers are shown only once they were submitted." in told
    assert [secret for secret in ("Un secreto", "no answer") if secret in told] == []


# --- Grading ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def waiting(beto, carla, ana, sales, round_):
    """Submitted by Beto 30 minutes ago, by Dora 20, by Carla 10, and by Ana herself."""
    dora = make_employee("Dora", org_unit=sales)
    people = ((beto, 30), (dora, 20), (carla, 10), (ana, 40))
    return {person.first_name: submitted(person, round_, minutes, score=Decimal(62)) for person, minutes in people}


def test_the_queue_goes_from_one_to_the_next_until_nothing_waits(ana_browser, waiting):
    beto, dora = page("grade", waiting["Beto"].pk), page("grade", waiting["Dora"].pk)
    assert ana_browser.get(page("queue")).url == beto
    shown = ana_browser.get(beto)
    assert (shown.context["form"]["grade"].value(), shown.context["waiting"], shown.context["skip"]) == (62, 2, dora)

    version = waiting["Beto"].version
    first = ana_browser.post(beto, {"grade": "80", "feedback": "Bien", "version": version, "_grade": "1"})
    second = ana_browser.post(dora, {"grade": "70.25", "version": version, "_grade": "1"})

    assert (first.url, second.url) == (dora, page("queue"))
    assert "Nothing waits for a grade from you." in ana_browser.get(page("queue")).text
    grades = dict(Evaluation.objects.values_list("employee__first_name", "grade"))
    assert grades == {"Beto": Decimal(80), "Dora": Decimal("70.25"), "Carla": None, "Ana": None}


def test_what_was_skipped_comes_back_at_the_end(ana_browser, waiting):
    dora = page("grade", waiting["Dora"].pk)

    answer = ana_browser.post(dora, {"grade": "70", "version": waiting["Dora"].version, "_grade": "1"})

    assert answer.url == page("grade", waiting["Beto"].pk)


def test_the_queue_of_one_round_stays_in_it(hr, waiting, beto, version):
    other = submitted(beto, make_round("Otra", form_version=version), minutes=60)
    queue = f"{page('queue')}?round={other.round_id}"

    address = hr.get(reverse("admin:hr_evaluationround_open_queue", args=[other.round_id]), follow=True).redirect_chain[
        -1
    ][0]
    done = hr.post(address, {"grade": "70", "version": other.version, "_grade": "1"})

    assert address == f"{page('grade', other.pk)}?round={other.round_id}"
    assert done.url == queue
    end = hr.get(queue)
    assert "Nothing of this round waits for a grade from you." in end.text
    assert (end.context["others"], end.context["queue"]) == (4, page("queue"))


def test_the_queue_of_a_round_is_offered_while_something_waits_in_it(ana_browser, beto_browser, waiting, round_):
    change = reverse("admin:hr_evaluationround_change", args=[round_.pk])
    queue = reverse("admin:hr_evaluationround_open_queue", args=[round_.pk])

    assert queue in ana_browser.get(change).text
    Evaluation.objects.exclude(employee__first_name__in=["Ana", "Carla"]).update(state="returned")
    assert queue not in ana_browser.get(change).text
    assert queue not in beto_browser.get(change).text


def test_answers_are_returned_from_the_queue(ana_browser, waiting):
    data = {"return-comment": "Falta el ejemplo", "return-due_on": in_days(0), "_return": "1"}

    ana_browser.post(page("grade", waiting["Beto"].pk), data)

    row = Evaluation.objects.get(pk=waiting["Beto"].pk)
    assert (row.state, row.return_comment, row.due_on) == ("returned", "Falta el ejemplo", in_days(0))


def test_a_grade_out_of_range_is_told_and_what_was_typed_stays(ana_browser, waiting):
    answer = ana_browser.post(
        page("grade", waiting["Beto"].pk), {"grade": "101", "feedback": "Muy largo", "version": 1, "_grade": "1"}
    )

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["grade"])
    assert "Muy largo" in answer.text


def test_answers_that_changed_since_they_were_read_are_not_graded(ana_browser, waiting):
    evaluation = waiting["Beto"]
    opened = {"grade": "80", "version": evaluation.version, "_grade": "1"}
    return_evaluations([evaluation.pk], comment="Más", due_on=in_days(0), actor=None)
    Evaluation.objects.filter(pk=evaluation.pk).update(state="submitted")

    answer = ana_browser.post(page("grade", evaluation.pk), opened)

    assert "changed since you opened it" in answer.text
    assert Evaluation.objects.get(pk=evaluation.pk).state == "submitted"


def test_nobody_grades_himself_or_a_stranger(as_user, ana_browser, carla_user, waiting):
    data = {"grade": "100", "version": 1, "_grade": "1"}

    assert ana_browser.post(page("grade", waiting["Ana"].pk), data).status_code == 403
    assert ana_browser.post(page("grade", waiting["Carla"].pk), data).status_code == 404
    assert as_user(carla_user).post(page("grade", waiting["Carla"].pk), data).status_code == 403
    assert not Evaluation.objects.exclude(grade=None).exists()


def test_what_is_graded_already_leads_to_its_page(ana_browser, waiting, hr_manager):
    key = waiting["Beto"].pk
    grade_evaluations({key: Grading(Decimal(50))}, actor=hr_manager)

    assert ana_browser.get(page("grade", key)).url == page("change", key)


# --- Dialogs and lists ------------------------------------------------------------------------------------------------
def test_reopening_asks_for_a_reason_and_shows_the_old_grade(hr, hr_manager, waiting):
    key = waiting["Beto"].pk
    grade_evaluations({key: Grading(Decimal("41.5"), "Flojo")}, actor=hr_manager)

    refused = hr.dialog(page("reopen_grading", key), reason="")
    hr.dialog(page("reopen_grading", key), reason="De otra persona")

    assert "HX-Redirect" not in refused.headers
    assert Evaluation.objects.get(pk=key).state == "submitted"
    for told in (hr.get(page("change", key)).text, hr.get(page("grade", key)).text):
        assert "41.50" in told
        assert "Reopened: De otra persona" in told


def test_what_was_reopened_begins_with_its_last_grade(hr, hr_manager, waiting):
    key = waiting["Beto"].pk
    for grade in (30, 41):
        grade_evaluations({key: Grading(Decimal(grade))}, actor=hr_manager)
        reopen_evaluations([key], reason="De otra persona", actor=hr_manager)

    assert hr.get(page("grade", key)).context["form"]["grade"].value() == 41


def test_what_was_answered_anew_begins_with_its_score(hr, hr_manager, waiting):
    key = waiting["Beto"].pk
    grade_evaluations({key: Grading(Decimal(41))}, actor=hr_manager)
    reopen_evaluations([key], reason="Faltaba algo", actor=hr_manager)
    Evaluation.objects.filter(pk=key).update(submitted_at=timezone.now())

    assert hr.get(page("grade", key)).context["form"]["grade"].value() == 62


def test_an_evaluation_is_cancelled_with_a_reason(hr, evaluation):
    hr.dialog(page("withdraw", evaluation.pk), reason="De reposo")

    evaluation.refresh_from_db()
    assert evaluation.state == "cancelled"
    assert "De reposo" in hr.get(page("history", evaluation.pk)).text


def test_what_expired_is_given_more_time(hr, evaluation):
    Evaluation.objects.update(state="expired")

    hr.dialog(page("extend", evaluation.pk), due_on=in_days(3))

    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.due_on) == ("available", in_days(3))


def test_many_that_expired_are_given_more_time(hr, round_, beto, carla):
    rows = [make_evaluation(person, in_round=round_, state="expired") for person in (beto, carla)]
    data = {"action": "extend_many", "_selected_action": [row.pk for row in rows], "_form_submitted": "on"}

    hr.post(page("changelist"), data | {"due_on": in_days(3)})

    assert set(Evaluation.objects.values_list("state", "due_on")) == {("available", in_days(3))}


def test_a_manager_is_offered_none_of_them(ana_browser, evaluation):
    for name in ("withdraw", "reopen_grading", "extend"):
        assert ana_browser.dialog(page(name, evaluation.pk), reason="x", due_on=in_days(3)).status_code == 403

    evaluation.refresh_from_db()
    assert evaluation.state == "available"


def test_many_are_graded_with_their_score(hr, waiting):
    data = {"action": "accept_scores", "_selected_action": [row.pk for row in waiting.values()]}

    hr.post(page("changelist"), data | {"_form_submitted": "on"})

    assert set(Evaluation.objects.values_list("state", "grade")) == {("graded", Decimal(62))}


def test_a_manager_finds_his_people_and_himself(ana_browser, waiting):
    shown = ana_browser.get(page("changelist"))

    assert {row.employee.first_name for row in shown.context["cl"].result_list} == {"Ana", "Beto", "Dora"}


def test_a_person_is_found_by_name_and_the_list_takes_as_many_queries_for_many(hr, round_, sales):
    counts = []
    for size in (1, 6):
        for _number in range(size):
            submitted(make_employee("Rosa", org_unit=sales), round_)
        with CaptureQueriesContext(connections["business"]) as queries:
            shown = hr.get(page("changelist"), {"q": "rosa"})
        counts.append((len(shown.context["cl"].result_list), len(queries)))

    assert [count for count, _queries in counts] == [1, 7]
    assert counts[0][1] == counts[1][1]


def test_an_employee_sees_his_own_and_no_queue(beto_browser, waiting):
    shown = beto_browser.get(page("changelist"))

    assert {row.employee.first_name for row in shown.context["cl"].result_list} == {"Beto"}
    assert beto_browser.get(page("queue")).status_code == 403


def test_a_number_comes_back_as_it_was_typed(beto, beto_browser):
    asked = ({"kind": "number", "text": "¿Cuántas horas?", "choices": {"from": 0, "to": 9.5}},)
    round_ = make_round(form_version=make_form_version("Horas", questions=asked))
    address = page("answer", make_evaluation(beto, in_round=round_).pk)
    [name] = beto_browser.get(address).context["form"].fields
    User.objects.update(language="es")

    beto_browser.post(address, {name: "7,5", "_draft": "1"})
    refused = beto_browser.post(address, {name: "9,75", "_draft": "1"})

    assert beto_browser.get(address).context["form"][name].value() == "7,5"
    assert refused.context["form"].errors == {name: ["No puede ser mayor que 9,5."]}


def test_the_list_of_ones_own_is_headed_by_the_round(beto_browser, ana_browser, evaluation):
    columns = [browser.get(page("changelist")).context["cl"].list_display for browser in (beto_browser, ana_browser)]

    assert [[name for name in names if name in ("employee", "round")] for names in columns] == [
        ["round"],
        ["employee", "round"],
    ]
