import pytest

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound, StaleRow
from hr.models import EvaluationForm, FormVersion, Question
from hr.services.evaluation_forms import (
    NewForm,
    QuestionDraft,
    change_forms,
    create_forms,
    default_form,
    publish_versions,
    start_versions,
    write_questions,
)
from tests.factories import make_form_version

CHOICES = [{"text": "Bien", "points": 100}, {"text": "Mal", "points": 0}]


@pytest.fixture
def draft(hr_manager):
    """The empty first version of a new form."""
    (form,) = create_forms([NewForm(code=" enc ", title=" Encuesta  anual ")], actor=hr_manager)
    return form.versions.get()


def texts(version):
    return list(version.questions.order_by("number").values_list("number", "text"))


def test_a_form_begins_with_an_empty_draft(draft):
    form = EvaluationForm.objects.get()

    assert (form.code, form.title) == ("ENC", "Encuesta anual")
    assert (draft.number, draft.published_at, draft.history.count()) == (1, None, 1)


def test_questions_are_written_in_their_order(draft, hr_manager):
    write_questions(
        {
            draft.pk: [
                QuestionDraft(text=" ¿Qué  tal? ", kind="one", choices=CHOICES, weight=2),
                QuestionDraft(text="¿Algo más?", required=False),
            ]
        },
        actor=hr_manager,
    )

    rows = Question.objects.order_by("number").values_list("number", "kind", "text", "choices", "required", "weight")
    assert list(rows) == [(1, "one", "¿Qué tal?", CHOICES, True, 2), (2, "text", "¿Algo más?", {}, False, 0)]
    assert set(Question.history.values_list("history_type", "history_user_name")) == {("+", str(hr_manager))}


def test_questions_change_places_are_dropped_and_added(draft, hr_manager):
    write_questions({draft.pk: [QuestionDraft(text=text) for text in "ABC"]}, actor=hr_manager)
    a, _b, c = draft.questions.order_by("number")

    write_questions(
        {draft.pk: [QuestionDraft(id=c.pk, text="C"), QuestionDraft(text="D"), QuestionDraft(id=a.pk, text="A!")]},
        actor=hr_manager,
    )

    assert texts(draft) == [(1, "C"), (2, "D"), (3, "A!")]
    assert list(draft.questions.filter(pk__in=[a.pk, c.pk]).order_by("number")) == [c, a]
    told = Question.history.filter(history_type__in="~-").order_by("text").values_list("text", "number", "history_type")
    assert list(told) == [("A!", 3, "~"), ("B", 2, "-"), ("C", 1, "~")]


@pytest.mark.parametrize(
    ("question", "field", "message"),
    [
        ({"text": " "}, "text", "cannot be blank"),
        ({"text": "x" * 301}, "text", "at most 300"),
        ({"text": "¿?", "kind": "poem"}, "kind", "is not a kind of question"),
        ({"text": "¿?", "weight": 1}, "weight", "A free text cannot score itself"),
        ({"text": "¿?", "kind": "number", "choices": {"from": 1}, "weight": 1}, "weight", "a lowest and a highest"),
        (
            {"text": "¿?", "kind": "one", "choices": [{"text": "a"}, {"text": "b", "points": 1}], "weight": 1},
            "weight",
            "each choice needs its points",
        ),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(draft, hr_manager, question, field, message):
    with pytest.raises(DomainError, match=message) as raised:
        write_questions({draft.pk: [QuestionDraft(**question)]}, actor=hr_manager)

    assert raised.value.field == field


def test_of_several_questions_the_wrong_one_is_named(draft, hr_manager):
    with pytest.raises(DomainError, match="Question 2: "):
        write_questions({draft.pk: [QuestionDraft(text="A"), QuestionDraft(text="B", weight=1)]}, actor=hr_manager)

    assert texts(draft) == []


def test_a_question_of_another_version_is_not_there(draft, hr_manager):
    foreign = make_form_version().questions.get()

    with pytest.raises(NotFound):
        write_questions({draft.pk: [QuestionDraft(id=foreign.pk, text="A")]}, actor=hr_manager)


def test_questions_somebody_else_wrote_meanwhile_are_not_overwritten(draft, hr_manager):
    write_questions({draft.pk: [QuestionDraft(text="A")]}, versions={draft.pk: 1}, actor=hr_manager)

    with pytest.raises(StaleRow):
        write_questions({draft.pk: [QuestionDraft(text="B")]}, versions={draft.pk: 1}, actor=hr_manager)


def test_a_published_version_never_changes(draft, hr_manager):
    write_questions({draft.pk: [QuestionDraft(text="A")]}, actor=hr_manager)
    publish_versions([draft.pk], actor=hr_manager)

    with pytest.raises(InvalidTransition, match="is published and does not change any more"):
        write_questions({draft.pk: [QuestionDraft(text="B")]}, actor=hr_manager)
    with pytest.raises(InvalidTransition):
        publish_versions([draft.pk], actor=hr_manager)

    assert texts(draft) == [(1, "A")]


def test_a_version_without_questions_is_not_published(draft, hr_manager):
    with pytest.raises(DomainError, match="has no questions yet"):
        publish_versions([draft.pk], actor=hr_manager)


def test_a_new_version_copies_and_leaves_the_old_one(hr_manager):
    old = make_form_version(questions=({"text": "A", "kind": "one", "choices": CHOICES, "weight": 3}, {"text": "B"}))

    (new,) = start_versions([old.form_id], actor=hr_manager)
    write_questions({new.pk: [QuestionDraft(text="Z")]}, actor=hr_manager)

    assert (new.number, new.published_at) == (2, None)
    assert texts(new) == [(1, "Z")]
    assert texts(old) == [(1, "A"), (2, "B")]


def test_there_is_one_draft_at_a_time(hr_manager):
    form = make_form_version().form
    start_versions([form.pk], actor=hr_manager)

    with pytest.raises(DomainError, match="version 2 is still a draft"):
        start_versions([form.pk], actor=hr_manager)


def test_the_default_form_asks_the_four_questions_and_is_made_once(db):
    first, second = default_form(), default_form()

    assert first == second
    rows = first.questions.order_by("number").values_list("text", "kind", "required", "weight")
    assert list(rows) == [
        ("¿Qué aprendiste en el evento?", "text", True, 0),
        ("¿Cómo aplicarías lo aprendido en tu trabajo?", "text", True, 0),
        ("¿Recomendarías este evento a tus compañeros?", "yes_no", True, 0),
        ("¿Qué mejorarías del evento?", "text", False, 0),
    ]
    assert FormVersion.objects.get().published_at is not None


def test_the_default_form_is_its_latest_published_version(hr_manager):
    form = default_form().form
    (draft,) = start_versions([form.pk], actor=hr_manager)
    assert default_form().number == 1

    publish_versions([draft.pk], actor=hr_manager)

    assert default_form().number == 2


def test_only_hr_writes_forms(draft, ana_user, bulk_loader, auditor):
    for user in (ana_user, bulk_loader, auditor):
        with pytest.raises(NotAllowed):
            create_forms([NewForm(code="X", title="X")], actor=user)
        for refused in (
            lambda user=user: write_questions({draft.pk: [QuestionDraft(text="A")]}, actor=user),
            lambda user=user: publish_versions([draft.pk], actor=user),
            lambda user=user: start_versions([draft.form_id], actor=user),
            lambda user=user: change_forms({draft.form_id: {"title": "X"}}, actor=user),
        ):
            with pytest.raises((NotAllowed, NotFound)):
                refused()
