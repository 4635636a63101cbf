"""Lists and files hold exactly the rows a persona sees: none too many, and none too few."""

import csv
import io
import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group

from hr.models import Attendance, Employee
from tests.access.table import holds, lists, sees
from tests.access.traces import Trace, digits
from tests.hr.personas import PERSONAL, PERSONAS, sentinels

MODELS = [model for model in admin.site._registry if model is not Group]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_a_list_shows_exactly_the_rows_one_sees(model, readers, rows):
    label = model._meta.label_lower
    for reader in readers.values():
        if lists(reader.persona, label):
            text = reader.get(f"/{model._meta.app_label}/{model._meta.model_name}/").text
            shown = {row for row in rows.by_model[model] if re.search(rf"/{row.pk}/", text)}
            assert shown == {row for row in rows.by_model[model] if sees(reader.persona, row)}, str(reader)


@pytest.mark.parametrize("kind", ["employee", "orgunit", "position"])
def test_an_autocomplete_offers_exactly_the_rows_one_sees(kind, readers, rows):
    field = {"employee": "orgunit&field_name=head", "orgunit": "employee&field_name=org_unit"}.get(
        kind, "employee&field_name=position"
    )
    model = next(model for model in MODELS if model._meta.model_name == kind)
    for reader in readers.values():
        if lists(reader.persona, model._meta.label_lower):
            text = reader.get(f"/autocomplete/?term=&app_label=hr&model_name={field}").text
            offered = {row for row in rows.by_model[model] if f'"{row.pk}"' in text}
            wanted = {row for row in rows.by_model[model] if sees(reader.persona, row)}
            # The library gives twenty a page; nobody who left is named as a boss or head.
            assert offered <= wanted, str(reader)
            gone = {row for row in wanted if row.about == "tomas"}
            assert len(wanted) > 20 or model is not Employee or offered >= wanted - gone, str(reader)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_an_export_holds_the_people_one_sees_and_personal_data_of_whom_one_may(format_, readers):
    exporting = [reader for reader in readers.values() if holds(reader.persona, "export", "hr.employee")]
    assert {"head", "boss", "bulk_loader"} <= {str(reader) for reader in exporting}
    for reader in exporting:
        found = reader.traces.of(reader.get(f"/hr/employee/export/{format_}/").text)
        assert found == reader.knows & found, str(reader)
        assert {trace.key for trace in found if trace.what == "person"} == reader.persona.sees, str(reader)
        assert {trace.key for trace in found if trace.what == "personal"} == reader.persona.personal, str(reader)


def test_an_export_fills_personal_cells_only_of_whom_one_may_see_them(readers):
    rows = list(csv.DictReader(io.StringIO(readers["head"].get("/hr/employee/export/csv/").text.lstrip("\ufeff"))))
    filled = {row["Code"]: digits(row["National id"]) for row in rows}

    own = sentinels("hernan")
    assert filled == {sentinels(key)["code"]: "" for key in PERSONAS["head"].sees} | {
        own["code"]: digits(own["national_id"])
    }


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_an_export_of_attendance_holds_what_one_sees_and_ids_of_whom_one_may(format_, readers, rows):
    exporting = [reader for reader in readers.values() if holds(reader.persona, "export", "hr.attendance")]
    assert {"head", "boss", "bulk_loader"} <= {str(reader) for reader in exporting}
    for reader in exporting:
        found = reader.traces.of(reader.get(f"/hr/attendance/export/{format_}/").text)
        seen = {row.about for row in rows.by_model[Attendance] if sees(reader.persona, row)}
        assert {trace.key for trace in found if trace.what == "person"} == seen, str(reader)
        assert {trace.key for trace in found if trace.what == "personal"} == reader.persona.personal & seen, str(reader)


@pytest.mark.parametrize("query", ["", "?all=", "?q=", "?status__exact=", "?p=1", "?org_unit__id__exact=", "?e=1"])
def test_an_export_without_its_filters_is_still_within_the_scope(query, readers):
    reader = readers["boss"]

    found = reader.traces.of(reader.get(f"/hr/employee/export/csv/{query}").text)

    assert {trace.key for trace in found if trace.what == "person"} == reader.persona.sees


@pytest.mark.parametrize("key", ["head", "boss", "grant_employee", "delegate", "grant_personal", "plain", "hr_manager"])
def test_personal_data_finds_a_person_only_for_who_may_see_it(key, readers):
    """A search that finds somebody by his national id has told it."""
    reader = readers[key]
    for name in ("luisa", "hernan", "gabo", "perla"):
        for field in PERSONAL[:2]:
            term = sentinels(name)[field][3:]
            found = reader.traces.of(reader.get(f"/hr/employee/?q={term}").text)
            assert (Trace("person", name) in found) == (name in reader.persona.personal), (name, field)


def test_the_palette_finds_exactly_whom_one_sees(readers):
    for reader in readers.values():
        if reader.persona.may_log_in:
            for name in ("luisa", "fabio"):
                found = reader.traces.of(reader.get(f"/search/?s={sentinels(name)['last_name']}").text)
                assert (Trace("person", name) in found) == (name in reader.persona.sees), str(reader)


def test_the_chart_counts_only_people_one_sees(readers, watch, world):
    reader = readers["boss"]
    before = reader.get("/hr/orgunit/chart/").text
    with watch.undone():
        Employee.objects.filter(code="ZCPABLO").update(org_unit=world.units["team"])

        assert reader.get("/hr/orgunit/chart/").text == before
