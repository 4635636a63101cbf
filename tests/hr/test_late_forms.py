"""Forms posted after the session ended come back as typed: dates, choices, the row's version, the marks of a roll."""

from datetime import date

from django.urls import reverse

from core import roles
from core.middleware import SEEN
from hr.models import Attendance, Employee
from tests.factories import make_attendance, make_employee, make_event, make_unit, make_user


def end_session(client):
    session = client.session
    session[SEEN] -= 31 * 60
    session.save()


def test_an_employee_form_posted_too_late_comes_back_as_typed(client, db):
    hugo = make_user("hugo", role=roles.HR_MANAGER, language="es")
    luisa = make_employee("Luisa", "Pérez", birth_date=date(1990, 2, 1))
    unit = make_unit("Ventas")
    client.post("/login/", {"username": "hugo", "password": "demo"})
    path = reverse("admin:hr_employee_change", args=[luisa.pk])
    form = client.get(path).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    typed |= {"first_name": "María Luisa", "org_unit": unit.pk, "birth_date": "03/02/1990", "hired_on": "07/01/2021"}
    end_session(client)

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


def test_a_roll_sent_too_late_comes_back_as_marked_and_says_so(client, db):
    make_user("hugo", role=roles.HR_MANAGER)
    event = make_event(state="in_progress", in_hours=-1)
    row, guest = make_attendance(event, make_employee("Luisa")), make_employee("Gabo")
    path = reverse("admin:hr_attendance_roll_call", args=[event.pk])
    client.post("/login/", {"username": "hugo", "password": "demo"})
    end_session(client)

    late = client.post(path, {f"was-{row.pk}": "pending", f"o-{row.pk}": "late", "walk_ins": [guest.pk]})
    back = client.post(late["Location"], {"username": "hugo", "password": "demo"}, follow=True)

    assert [(line.saved, line.chosen) for line in back.context["lines"]] == [("pending", "late")]
    assert f'<option value="{guest.pk}" selected' in back.text
    assert [str(message) for message in back.context["messages"]] == [
        "Your session had ended. The form is filled in as you left it; nothing has been saved yet."
    ]
    assert list(Attendance.objects.values_list("outcome", flat=True)) == ["pending"]
