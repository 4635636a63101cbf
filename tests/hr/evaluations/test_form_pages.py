"""HR writes a form, publishes it, and gives it to people."""

import pytest
from django.urls import reverse

from hr.models import Evaluation, EvaluationForm, EvaluationRound, FormVersion
from hr.services.evaluation_forms import default_form
from tests.factories import in_days, make_employee, make_evaluation, make_event, make_form_version, make_round


def page(model, name, *args):
    return reverse(f"admin:hr_{model}_{name}", args=args)


@pytest.fixture
def draft(hr):
    hr.post(page("evaluationform", "add"), {"title": "Clima laboral", "code": "clima", "_save": "1"})
    return FormVersion.objects.get()


def question(number, place, **values):
    values = {"number": place, "kind": "text", "weight": 0, "required": "on", "best": "yes"} | values
    return {f"questions-{number}-{name}": value for name, value in values.items()}


def written(version, *questions, kept=0):
    """What the editor sends."""
    management = {"questions-TOTAL_FORMS": len(questions), "questions-INITIAL_FORMS": kept}
    data = management | {"version": version.version, "_continue": "1"}
    for each in questions:
        data |= each
    return data


def test_a_new_form_leads_on_to_its_questions(hr):
    answer = hr.post(page("evaluationform", "add"), {"title": "Clima laboral", "code": "clima", "_save": "1"})

    form = EvaluationForm.objects.get()
    assert (form.code, form.title) == ("CLIMA", "Clima laboral")
    assert answer.url == page("formversion", "change", form.versions.get().pk)


def test_questions_are_written_line_by_line_without_json(hr, draft):
    hr.post(
        page("formversion", "change", draft.pk),
        written(
            draft,
            question(0, 2, text="¿Algo más?", required=""),
            question(1, 1, text="¿Qué tal?", kind="one", lines="Bien = 100\r\nMal = 0", weight=2),
            question(2, "", text="¿Cuánto?", kind="scale", lowest="0", highest="10"),
        ),
    )

    rows = draft.questions.order_by("number").values_list("text", "kind", "choices", "required", "weight")
    assert list(rows) == [
        ("¿Qué tal?", "one", [{"text": "Bien", "points": 100}, {"text": "Mal", "points": 0}], True, 2),
        ("¿Algo más?", "text", {}, False, 0),
        ("¿Cuánto?", "scale", {"from": 0, "to": 10}, True, 0),
    ]


def test_the_editor_shows_the_lines_again_and_takes_changes(hr, draft):
    hr.post(
        page("formversion", "change", draft.pk),
        written(draft, question(0, 1, text="¿Qué tal?", kind="one", lines="Bien = 100\nMal = 0")),
    )
    draft.refresh_from_db()
    kept = draft.questions.get()

    editor = hr.get(page("formversion", "change", draft.pk))
    assert "Bien = 100\nMal = 0" in editor.text
    hr.post(
        page("formversion", "change", draft.pk),
        written(draft, question(0, 1, id=kept.pk, text="¿Qué tal?", kind="yes_no", best="no", weight=1), kept=1),
    )

    kept.refresh_from_db()
    assert (kept.kind, kept.choices, kept.weight) == ("yes_no", {"yes": 0, "no": 100}, 1)


def test_a_line_that_cannot_be_read_is_told_at_its_field_and_nothing_is_lost(hr, draft):
    answer = hr.post(
        page("formversion", "change", draft.pk),
        written(draft, question(0, 1, text="¿Qué tal?", kind="one", lines="Bien = 1000\nMal = 0")),
    )

    (formset,) = [each.formset for each in answer.context["inline_admin_formsets"]]
    assert formset.errors == [{"lines": ["«Bien = 1000»: points are a number from 0 to 100."]}]
    assert "¿Qué tal?" in answer.text
    assert not draft.questions.exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "text"}, "A free text cannot score itself: its weight is 0."),
        (
            {"kind": "one", "lines": "Bien\nMal"},
            "To count for the score each choice needs its points: «text = points».",
        ),
        ({"kind": "number"}, "To count for the score a number needs a lowest and a highest value."),
    ],
)
def test_a_weight_needs_answers_that_are_worth_something(hr, draft, values, message):
    answer = hr.post(
        page("formversion", "change", draft.pk), written(draft, question(0, 1, text="¿Qué tal?", weight=3, **values))
    )

    (formset,) = [each.formset for each in answer.context["inline_admin_formsets"]]
    assert formset.errors == [{"weight": [message]}]
    assert not draft.questions.exists()


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(hr, draft):
    address = page("formversion", "change", draft.pk)
    opened_twice = written(draft, question(0, 1, text="¿Segunda?"))
    hr.post(address, written(draft, question(0, 1, text="¿Primera?")))

    answer = hr.post(address, opened_twice)

    assert "Not saved, because it was changed since you opened it" in answer.text
    assert "¿Segunda?" in answer.text
    assert [row.text for row in draft.questions.all()] == ["¿Primera?"]


def test_a_published_version_is_shown_and_not_written(hr, draft):
    hr.post(page("formversion", "change", draft.pk), written(draft, question(0, 1, text="¿Qué tal?")))
    hr.dialog(page("formversion", "publish_version", draft.pk))
    draft.refresh_from_db()

    shown = hr.get(page("formversion", "change", draft.pk))
    hr.post(page("formversion", "change", draft.pk), written(draft, question(0, 1, text="¿Otra?")))

    assert draft.published_at is not None
    assert shown.context["inline_admin_formsets"] == []
    assert 'name="_save"' not in shown.text
    assert "¿Qué tal?" in shown.text
    assert [row.text for row in draft.questions.all()] == ["¿Qué tal?"]


def test_a_new_version_opens_with_the_questions_of_the_old_one(hr):
    old = make_form_version()

    answer = hr.dialog(page("evaluationform", "new_version", old.form_id))

    new = FormVersion.objects.get(number=2)
    assert answer.headers["HX-Redirect"] == page("formversion", "change", new.pk)
    assert [row.text for row in new.questions.all()] == [row.text for row in old.questions.all()]


def test_a_second_draft_is_refused_in_the_dialog(hr, draft):
    answer = hr.dialog(page("evaluationform", "new_version", draft.form_id))

    assert "is still a draft: write its questions" in answer.text
    assert FormVersion.objects.count() == 1


def test_the_preview_asks_and_keeps_nothing(hr, version):
    answer = hr.get(page("formversion", "preview", version.pk))

    assert "¿Lo recomendarías?" in answer.text
    assert hr.post(page("formversion", "preview", version.pk), {}).status_code == 200
    assert not Evaluation.objects.exists()


# --- Rounds -----------------------------------------------------------------------------------------------------------
def test_the_round_of_an_event_comes_filled_in(hr, hr_manager):
    event, usual = make_event("Taller de Excel"), default_form()

    form = hr.get(page("evaluationround", "add"), {"event": event.pk}).context["adminform"].form

    names = ["event", "title", "form_version", "opens_on", "days_to_answer"]
    assert [form[name].value() for name in names] == [event.pk, "Evaluation: Taller de Excel", usual.pk, in_days(0), 7]


def test_a_round_without_an_event_leads_on_to_its_people(hr, version):
    answer = hr.post(
        page("evaluationround", "add"),
        {"title": "Anual", "form_version": version.pk, "opens_on": in_days(0), "due_on": in_days(0), "_save": "1"},
    )

    assert answer.url == page("evaluationround", "give", EvaluationRound.objects.get().pk)


def test_only_a_published_version_can_be_chosen(hr, draft):
    answer = hr.post(
        page("evaluationround", "add"),
        {"title": "Anual", "form_version": draft.pk, "opens_on": in_days(0), "due_on": in_days(0), "_save": "1"},
    )

    assert list(answer.context["adminform"].form.errors) == ["form_version"]
    offered = hr.get(
        "/autocomplete/", {"app_label": "hr", "model_name": "evaluationround", "field_name": "form_version", "term": ""}
    )
    assert offered.json()["results"] == []


def test_people_are_shown_before_they_are_given_a_round(hr, round_, evaluation, sales):
    make_employee("Eva", "Ríos", org_unit=sales)
    address = page("evaluationround", "give", round_.pk)

    shown = hr.post(address, {"org_units": [sales.pk], "_preview": "1"})
    assert shown.context["preview"]["count"] == 2  # Ana and Eva; Beto has one
    assert shown.context["preview"]["known"] == 1
    assert Evaluation.objects.count() == 1
    given = hr.post(address, {"org_units": [sales.pk], "_give": "1"})

    assert hr.texts(given) == ["2 people got the evaluation."]
    assert Evaluation.objects.count() == 3


def test_a_pasted_list_with_an_error_gives_nothing(hr, round_, carla):
    answer = hr.post(page("evaluationround", "give", round_.pk), {"pasted": "E3\nE999", "_give": "1"})

    assert answer.context["form"].errors == {"pasted": ["Line 2: «E999» is nobody's code or national id."]}
    assert not Evaluation.objects.exists()


def test_another_due_day_is_saved_and_holds_for_the_open_ones(hr, round_, evaluation):
    address, later = page("evaluationround", "change", round_.pk), in_days(40)

    hr.post(address, hr.form(address, due_on=later, _save="1"))

    evaluation.refresh_from_db()
    assert evaluation.due_on == later


def test_whoever_moves_the_due_day_is_told_who_has_expired(hr, round_, beto, carla):
    for person in (beto, carla):
        make_evaluation(person, in_round=round_, state="expired")
    address = page("evaluationround", "change", round_.pk)

    days = hr.texts(hr.post(address, hr.form(address, due_on=in_days(30))))
    title = hr.texts(hr.post(address, hr.form(address, title="Otra")))

    [told] = [text for text in days if "expired" in text]
    assert told.startswith("2 evaluations of this round have expired and stay so.")
    assert "state__exact=expired" in told
    assert [text for text in title if "expired" in text] == []


def test_an_employee_goes_from_the_round_of_his_evaluation_back_to_its_list(as_user, beto_user, evaluation, version):
    make_round("Otra", form_version=version)
    browser = as_user(beto_user)

    shown = browser.get(page("evaluationround", "changelist"))

    assert browser.get(page("evaluationround", "change", evaluation.round_id)).status_code == 200
    assert [(row.title, row.counts) for row in shown.context["cl"].result_list] == [
        ("Evaluación anual", {"available": 1})
    ]
    entries = {str(item["title"]) for group in shown.context["sidebar_navigation"] for item in group["items"]}
    assert entries & {"My evaluations", "Rounds"} == {"My evaluations"}


def test_the_list_of_rounds_counts_what_one_sees(hr, as_user, ana_user, round_, evaluation, carla, version):
    make_evaluation(carla, in_round=round_, state="submitted")
    make_evaluation(carla, in_round=make_round("Otra", form_version=version))

    assert "1 of 2" in hr.get(page("evaluationround", "changelist")).text
    managers = as_user(ana_user).get(page("evaluationround", "changelist")).text
    assert "0 of 1" in managers
    assert "Otra" not in managers
