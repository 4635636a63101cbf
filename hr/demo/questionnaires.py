"""What the demo's people are asked and what they answer."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from hr.models import Question
from hr.questions import Kind
from hr.services.evaluation_forms import NewForm, QuestionDraft

PERFORMANCE = NewForm(code="DESEMPEÑO", title="Evaluación de desempeño")
QUESTIONS = (
    QuestionDraft(text="¿Qué logro de este semestre te parece el más importante?"),
    QuestionDraft(text="¿Cómo valoras tu trabajo en equipo?", kind=Kind.SCALE, choices={"from": 1, "to": 5}, weight=3),
    QuestionDraft(
        text="¿Cumpliste los objetivos acordados?",
        kind=Kind.ONE,
        choices=[
            {"text": "Todos", "points": 100},
            {"text": "La mayoría", "points": 75},
            {"text": "Algunos", "points": 40},
            {"text": "Ninguno", "points": 0},
        ],
        weight=4,
    ),
    QuestionDraft(
        text="¿Qué te ayudaría a trabajar mejor?",
        kind=Kind.SEVERAL,
        choices=[
            {"text": "Más formación"},
            {"text": "Mejores herramientas"},
            {"text": "Reuniones más cortas"},
            {"text": "Un horario flexible"},
        ],
        required=False,
    ),
    QuestionDraft(text="¿Tienes claro qué se espera de ti?", kind=Kind.YES_NO, choices={"yes": 100, "no": 0}),
    QuestionDraft(
        text="¿Cuántas horas de formación tuviste?", kind=Kind.NUMBER, choices={"from": 0, "to": 200}, required=False
    ),
)
ADDED_LATER = QuestionDraft(text="¿Qué apoyo esperas de tu supervisor?", required=False)

TEXTS = (
    "Aprendí a preguntar antes de suponer, y a confirmar lo que entendí.",
    "Lo aplico en la entrega de turno: ahora anotamos los pendientes en la pizarra.",
    "Que los simulacros se hagan también en el turno de la noche.",
    "Reducimos las paradas de la línea al revisar las guardas cada mañana.",
    "Más ejemplos de nuestra planta y menos láminas.",
    "Organizar el almacén por rotación; ya no perdemos tiempo buscando repuestos.",
    "Un grupo más pequeño, para que todos practiquen.",
    "A reconocer los riesgos de mi puesto y a reportarlos a tiempo.",
)
FEEDBACK = (
    "Buenas respuestas, con ejemplos concretos. Sigue así.",
    "Se nota el esfuerzo. La próxima vez cuenta cómo lo aplicarás en tu turno.",
    "Muy bien. Comparte con el equipo lo que hiciste con la pizarra.",
    "",
)


def answers_to(questions: Iterable[Question], who: str) -> dict[int, Any]:
    """The person's answer to each question, the same every time."""
    chance = Random(who)
    return {question.pk: _answer(question, chance) for question in questions}


def _answer(question: Question, chance: Random) -> Any:
    match question.kind:
        case Kind.SCALE:
            return chance.choice((3, 4, 4, 5))
        case Kind.ONE:
            return chance.choice((0, 1, 1, 2))
        case Kind.SEVERAL:
            return sorted(chance.sample(range(len(question.choices)), 2))
        case Kind.YES_NO:
            return chance.random() < 0.8
        case Kind.NUMBER:
            return chance.randrange(4, 60)
    return chance.choice(TEXTS)
