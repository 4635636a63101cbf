"""The employee's form, posted after the session ended: dates, choices and the row's version come back as typed."""

from datetime import date

from django.urls import reverse

from core import roles
from core.middleware import SEEN
from hr.models import Employee
from tests.factories import make_employee, make_unit, make_user


def test_an_employee_form_posted_too_late_comes_back_as_typed(client, db):
    hugo = make_user("hugo", role=roles.HR_MANAGER, language="es")
    luisa = make_employee("Luisa", "Pérez", birth_date=date(1990, 2, 1))
    unit = make_unit("Ventas")
    client.post("/login/", {"username": "hugo", "password": "demo"})
    path = reverse("admin:hr_employee_change", args=[luisa.pk])
    form = client.get(path).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    typed |= {"first_name": "María Luisa", "org_unit": unit.pk, "birth_date": "03/02/1990", "hired_on": "07/01/2021"}
    session = client.session
    session[SEEN] -= 31 * 60
    session.save()

    late = client.post(path, typed)
    back = client.post(late["Location"], {"username": hugo.username, "password": "demo"}, follow=True)

    page = back.content.decode()
    assert back.redirect_chain == [(path, 302)]
    for shown in (
        'value="María Luisa"',
        'value="03/02/1990"',
        'value="07/01/2021"',
        f'<option value="{unit.pk}" selected',
    ):
        assert shown in page
    luisa.refresh_from_db()
    assert (luisa.first_name, luisa.version) == ("Luisa", 1)

    saved = client.post(path, typed)

    assert saved.status_code == 302
    changed = Employee.objects.get(pk=luisa.pk)
    assert (changed.first_name, changed.org_unit, changed.birth_date) == ("María Luisa", unit, date(1990, 2, 3))
