"""Beto was given an evaluation: Ana heads his unit, Carla is a stranger, Hugo is HR and works nowhere."""

import pytest

from core import roles
from tests.factories import make_evaluation, make_form_version, make_round, make_user
from tests.hr.admin.conftest import as_user, hr  # noqa: F401  (browsers, as the tests of other pages have them)

QUESTIONS = (
    {"kind": "text", "text": "¿Qué aprendiste?"},
    {"kind": "yes_no", "text": "¿Lo recomendarías?", "choices": {"yes": 100, "no": 0}, "weight": 1},
    {"kind": "scale", "text": "¿Cómo estuvo?", "choices": {"from": 1, "to": 5}, "weight": 3, "required": False},
)


@pytest.fixture
def version(db):
    return make_form_version("Encuesta", questions=QUESTIONS)


@pytest.fixture
def questions(version):
    """The keys: a text, yes or no, a scale that need not be answered."""
    return list(version.questions.order_by("number").values_list("pk", flat=True))


@pytest.fixture
def round_(version):
    return make_round("Evaluación anual", form_version=version)


@pytest.fixture
def evaluation(round_, beto):
    return make_evaluation(beto, in_round=round_)


@pytest.fixture
def ana_user(ana):
    return make_user("ana", role=roles.MANAGER, employee=ana)


@pytest.fixture
def beto_user(beto):
    return make_user("beto", role=roles.EMPLOYEE, employee=beto)


@pytest.fixture
def carla_user(carla):
    return make_user("carla", role=roles.MANAGER, employee=carla)
