"""Pages are sent compressed, files as they are."""

import gzip

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from hr.models import Attendance, Employee
from tests.factories import make_attendance, make_employee, make_event

ACCEPTS = {"Accept-Encoding": "gzip, br"}
# Of a hundred rows, as the predecessor sent them.
A_THIRD = 462 * 1024 // 3


@pytest.mark.parametrize("model", [Employee, Attendance])
def test_a_list_of_a_hundred_rows_takes_a_third_of_what_it_took(model, hr, sales, monkeypatch):
    monkeypatch.setattr(admin.site.get_model_admin(model), "list_per_page", 100)
    event = make_event()
    for number in range(100):
        make_attendance(event, make_employee(code=f"N{number}", org_unit=sales))

    response = hr.get(reverse(f"admin:hr_{model._meta.model_name}_changelist"), headers=ACCEPTS)

    page = gzip.decompress(response.content).decode()
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]
    assert page.count(f'name="{ACTION_CHECKBOX_NAME}"') == 100
    assert len(response.content) < A_THIRD / 3


def test_who_takes_no_compression_gets_none(hr):
    response = hr.get(reverse("admin:index"))

    assert "Content-Encoding" not in response.headers
    assert "<html" in response.text


def test_a_file_is_sent_as_it_is(hr, sales):
    make_employee(org_unit=sales)

    response = hr.get(reverse("admin:hr_employee_template"), headers=ACCEPTS)

    assert response.status_code == 200
    assert "Content-Encoding" not in response.headers
