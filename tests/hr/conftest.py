"""Three people: Ana heads the unit, Beto works in it and reports to her, Carla is a stranger in another one."""

import pytest
from django.utils import translation

from core import roles
from tests.factories import make_employee, make_position, make_unit, make_user


@pytest.fixture(autouse=True)
def _english():
    """Texts are compared in the language they are written in."""
    with translation.override("en"):
        yield


@pytest.fixture
def company(db):
    return make_unit("Empresa", code="EMP")


@pytest.fixture
def sales(company):
    return make_unit("Ventas", code="VEN", parent=company)


@pytest.fixture
def finance(company):
    return make_unit("Finanzas", code="FIN", parent=company)


@pytest.fixture
def analyst(db):
    return make_position("Analista", code="ANA")


@pytest.fixture
def ana(sales):
    employee = make_employee("Ana", "Pérez", code="E1", org_unit=sales)
    sales.head = employee
    sales.save()
    return employee


@pytest.fixture
def beto(sales, ana, analyst):
    return make_employee(
        "Beto",
        "Ñáñez",
        code="E2",
        org_unit=sales,
        position=analyst,
        reports_to=ana,
        national_id="V-12345678",
        private_phone="+584121234567",
        work_email="beto@example.org",
    )


@pytest.fixture
def carla(finance):
    return make_employee("Carla", "Gil", code="E3", org_unit=finance, national_id="V-87654321")


@pytest.fixture
def hr_manager(db):
    return make_user("hugo", role=roles.HR_MANAGER)


@pytest.fixture
def bulk_loader(db):
    return make_user("lola", role=roles.BULK_LOADER)


@pytest.fixture
def auditor(db):
    return make_user("aldo", role=roles.AUDITOR)
