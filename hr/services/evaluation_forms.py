"""Forms of evaluations. Questions belong to a version: written while it is a draft, fixed once it is published."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition, NotFound
from hr.models import EvaluationForm, FormVersion, Question
from hr.permissions import can_change_form, can_create_forms, require
from hr.questions import Kind, can_score
from hr.services.catalogue import change_rows, create_rows
from hr.services.clean import check_fields
from hr.services.rows import assign, hold, locked, naming, refuse_stale
from hr.services.writing import business_atomic, complete, insert, record, remove, write

if TYPE_CHECKING:
    from core.models import User

MOST_QUESTIONS = 100
# While questions change places, theirs are taken: they wait behind all others.
ASIDE = 10_000
DEFAULT_CODE = "EVENTO"


@dataclass(slots=True, kw_only=True)
class NewForm:
    code: str
    title: str


@dataclass(slots=True, kw_only=True)
class QuestionDraft:
    """`id` names the question that it replaces; `choices` are what hr.questions.choices_from made."""

    text: str
    kind: str = Kind.TEXT
    choices: Any = None
    required: bool = True
    weight: int = 0
    id: int | None = None


@business_atomic
def create_forms(rows: Sequence[NewForm], *, actor: User | None) -> list[EvaluationForm]:
    """Add forms, each with an empty first version; in the order given. Raises NotAllowed, DomainError."""
    require(can_create_forms(actor))
    forms = create_rows(EvaluationForm, rows)
    versions = [FormVersion(form=form, number=1) for form in forms]
    insert(versions, unique="form_id", within={"number": 1})
    record([version.pk for version in versions], FormVersion, "+")
    return forms


@business_atomic
def change_forms(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[EvaluationForm]:
    """Set code or title per form, {id: {field: value}}; returns those that differ from before."""
    return change_rows(
        EvaluationForm, changes, may_change=can_change_form, actor=actor, versions=versions, reason=reason
    )


@business_atomic
def write_questions(
    drafts: Mapping[int, Sequence[QuestionDraft]], *, actor: User | None, versions: Mapping[int, int] | None = None
) -> None:
    """The questions of unpublished versions, all of them and in this order, {version: drafts}.

    Raises InvalidTransition for a published one, StaleRow, NotFound, NotAllowed, DomainError.
    """
    rows = locked(FormVersion, drafts.keys(), actor)
    refuse_stale(rows, versions, actor)
    for key, wanted in drafts.items():
        _require_draft(rows[key], actor)
        _replace_questions(rows[key], wanted)
    # A new number for the version, so that a form opened before is recognised as stale.
    write(list(rows.values()), [])


@business_atomic
def publish_versions(ids: Collection[int], *, actor: User | None) -> list[FormVersion]:
    """Fix versions, so that rounds can use them. Raises InvalidTransition unless all are drafts with questions."""
    versions = list(locked(FormVersion, ids, actor).values())
    for version in versions:
        _require_draft(version, actor)
        if not version.questions.exists():
            raise DomainError(_("%(version)s has no questions yet.") % {"version": version})
        version.published_at = timezone.now()
    return write(versions, ["published_at"])


@business_atomic
def start_versions(form_ids: Collection[int], *, actor: User | None) -> list[FormVersion]:
    """A new draft of each form, with the questions of its latest version. Raises DomainError while there is a draft."""
    forms = locked(EvaluationForm, form_ids, actor)
    started = []
    for form in forms.values():
        require(can_change_form(actor, form))
        latest = form.versions.order_by("-number").first()
        if latest is not None and latest.published_at is None:
            raise DomainError(_("%(version)s is still a draft: write its questions.") % {"version": latest})
        version = FormVersion(form=form, number=latest.number + 1 if latest else 1)
        insert([version], unique="form_id", within={"number": version.number})
        record([version.pk], FormVersion, "+")
        _replace_questions(version, [_copy(question) for question in latest.questions.all()] if latest else [])
        started.append(version)
    # A decision made under the lock of the form writes the form.
    write(list(forms.values()), [])
    return started


@business_atomic
def default_form(*, actor: User | None = None) -> FormVersion:
    """The published version of the form for events with the four usual questions; made when it is asked for first."""
    hold("hr.default_form")
    published = FormVersion.objects.filter(form__code=DEFAULT_CODE).exclude(published_at=None)
    if existing := published.order_by("-number").first():
        return existing
    form = EvaluationForm.objects.filter(code=DEFAULT_CODE).first()
    if form is None:
        (form,) = create_forms([NewForm(code=DEFAULT_CODE, title="Evaluación del evento")], actor=None)
    draft = form.versions.get(published_at=None)
    if not draft.questions.exists():
        write_questions({draft.pk: _default_questions()}, actor=None)
    return publish_versions([draft.pk], actor=None)[0]


def _default_questions() -> list[QuestionDraft]:
    return [
        QuestionDraft(text="¿Qué aprendiste en el evento?"),
        QuestionDraft(text="¿Cómo aplicarías lo aprendido en tu trabajo?"),
        # An opinion: whoever does not recommend the event answered as well as whoever does.
        QuestionDraft(
            text="¿Recomendarías este evento a tus compañeros?", kind=Kind.YES_NO, choices={"yes": 100, "no": 0}
        ),
        QuestionDraft(text="¿Qué mejorarías del evento?", required=False),
    ]


def _copy(question: Question) -> QuestionDraft:
    return QuestionDraft(
        text=question.text,
        kind=question.kind,
        choices=question.choices,
        required=question.required,
        weight=question.weight,
    )


def _require_draft(version: FormVersion, actor: User | None) -> None:
    require(can_change_form(actor, version.form))
    if version.published_at is not None:
        raise InvalidTransition(
            _("%(version)s is published and does not change any more. Start a new version.") % {"version": version}
        )


def _replace_questions(version: FormVersion, drafts: Sequence[QuestionDraft]) -> None:
    if len(drafts) > MOST_QUESTIONS:
        raise DomainError(_("A form has at most %(most)d questions.") % {"most": MOST_QUESTIONS})
    present = {question.pk: question for question in version.questions.all()}
    new, changed = [], []
    for number, draft in enumerate(drafts, 1):
        with naming(_("Question %(number)d") % {"number": number}, among=len(drafts)):
            values = _cleaned(draft, number)
            if draft.id is None:
                new.append(Question(version_of=version, **values))
            elif draft.id not in present:
                raise NotFound
            elif assign(present[draft.id], values):
                changed.append(present[draft.id])
    kept = {draft.id for draft in drafts}
    remove([question for key, question in present.items() if key not in kept])
    _write_in_place(changed)
    insert(new, unique="number", within={"version_of_id": version.pk})
    record([question.pk for question in new], Question, "+")


def _write_in_place(questions: Sequence[Question]) -> None:
    """Two questions may have changed places, and no two stand in one."""
    places = {question.pk: question.number for question in questions}
    for question in questions:
        question.number += ASIDE
    complete(questions, ["number"])
    for question in questions:
        question.number = places[question.pk]
    write(questions, ["number", "text", "kind", "choices", "required", "weight"])


def _cleaned(draft: QuestionDraft, number: int) -> dict[str, Any]:
    values = {
        "number": number,
        "text": " ".join(draft.text.split()),
        "kind": draft.kind,
        "choices": draft.choices if draft.choices is not None else {},
        "required": draft.required,
        "weight": draft.weight,
    }
    check_fields(Question, {name: values[name] for name in ("text", "weight")})
    if draft.kind not in Kind:
        raise DomainError(_("%(value)s is not a kind of question.") % {"value": f"«{draft.kind}»"}, field="kind")
    if draft.weight and not can_score(draft.kind, values["choices"]):
        raise DomainError(weightless(draft.kind), field="weight")
    return values


def weightless(kind: str) -> str:
    """Why a question of the kind cannot have a weight as it stands."""
    if kind == Kind.TEXT:
        return _("A free text cannot score itself: its weight is 0.")
    if kind == Kind.NUMBER:
        return _("To count for the score a number needs a lowest and a highest value.")
    return _("To count for the score each choice needs its points: «text = points».")
