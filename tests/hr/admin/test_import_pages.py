"""The pages of a load in each of its states: what they show, offer and refuse, and to whom."""

import io
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from openpyxl import Workbook, load_workbook

from core import roles
from hr.admin import import_after
from hr.admin.import_mapping import MappingForm
from hr.models import Employee, ImportJob, ImportRow
from hr.services import files
from tests.factories import make_employee, make_event, make_session, make_unit, make_user
from tests.hr.loading.conftest import HEADER, as_csv, person

READING = {
    "format": "csv",
    "sheets": [],
    "sheet": "",
    "encoding": "cp1252",
    "delimiter": ";",
    "header_row": 3,
    "date_order": "ambiguous",
    "headers": ["Ficha", "Nombre completo", "Ingreso", "Qué hacer"],
    "columns": [["Ficha", "code"], ["Nombre completo", None], ["Ingreso", "hired_on"], ["Qué hacer", None]],
    "sample": [["E1", "Pérez, Ana", "03/04/2024", "x"], ["E2", "", "05/06/2024", ""]],
    "rows": 1234,
    "matrix": False,
    "notes": [{"code": "serial", "column": "Ingreso", "count": 2, "rows": [3, 4], "message": "Two are numbers."}],
    "questions": [{"code": "date_order", "column": "Ingreso", "message": "Is 03/04/2024 in March or April?"}],
}
UNKNOWN = {
    "cause": "unknown",
    "field": "org_unit",
    "column": "Unidad",
    "value": "Vetas",
    "message": "Nobody knows it. Did you mean «Ventas»?",
    "rows": 37,
    "fix": {"suggest": "Ventas"},
}
REPEATED = {
    "cause": "repeated",
    "field": "code",
    "column": "Ficha",
    "value": "",
    "message": "It stands twice in the file.",
    "rows": 2,
    "fix": None,
}
ERROR = {"column": "Unidad", "field": "org_unit", "value": "Vetas", "message": "Nobody knows it.", "cause": "unknown"}


def page(name, *args, model="employee"):
    return reverse(f"admin:hr_{model}_{name}", args=args)


@pytest.fixture
def make_job(hr_manager):
    def make(state="checked", **values):
        return ImportJob.objects.create(
            **{
                "resource": "employees",
                "state": state,
                "file_name": "people.csv",
                "language": "en",
                "created_by_id": hr_manager.pk,
                "created_by_name": str(hr_manager),
                "heartbeat_at": timezone.now(),
                "columns": [["Ficha", "code"], ["Unidad", "org_unit"]],
            }
            | values
        )

    return make


def make_row(job, number, verdict, **values):
    return ImportRow.objects.create(
        **{"job": job, "number": number, "verdict": verdict, "label": f"Person {number}"} | values
    )


def shown(response):
    return [row.number for row in response.context["rows"]]


# --- Columns ------------------------------------------------------------------------------------------------------
def test_what_was_found_is_shown_and_what_is_asked_comes_first(hr, make_job):
    job = make_job("uploaded", reading=READING)

    assert hr.get(page("import_job", job.pk)).url == page("import_mapping", job.pk)
    response = hr.get(page("import_mapping", job.pk))

    form = response.context["form"]
    assert {field.name: field.value() for field in form.settings()} == {
        "encoding": "cp1252",
        "delimiter": ";",
        "header_row": 3,
        "date_order": "",
    }
    assert "Is 03/04/2024 in March or April?" in response.text
    assert "Two are numbers." in response.text
    assert "1,234 rows were read" in response.text
    rows = form.rows()
    assert [(row.header, row.samples) for row in rows][:2] == [
        ("Ficha", ["E1", "E2"]),
        ("Nombre completo", ["Pérez, Ana"]),
    ]
    assert [row.field.value() for row in rows] == ["code", "", "hired_on", ""]
    assert [row.advice for row in rows] == [False, False, False, True]


def test_a_question_left_unanswered_keeps_the_page(hr, make_job):
    job = make_job("uploaded", reading=READING)

    response = hr.post(page("import_mapping", job.pk), {"column_0": "code"})

    assert response.status_code == 400
    assert "Say in which order days are written." in response.text


def test_two_columns_cannot_mean_the_same(hr, make_job):
    job = make_job("uploaded", reading=READING)

    response = hr.post(page("import_mapping", job.pk), {"date_order": "dmy", "column_0": "code", "column_1": "code"})

    assert "cannot both be this" in response.text


def test_what_is_chosen_is_said_to_the_reader_and_nothing_else(hr_manager, make_job):
    job = make_job("uploaded", reading=READING, options={"fixes": {"org_unit": {"vetas": "Ventas"}}})

    def chosen(**changes):
        found = {"encoding": "cp1252", "delimiter": ";", "header_row": "3", "date_order": "dmy", "column_0": "code",
                 "column_2": "hired_on"}  # fmt: skip
        form = MappingForm(found | changes, job=job, user=hr_manager)
        assert form.is_valid(), form.errors
        return form.options()

    kept = {"fixes": {"org_unit": {"vetas": "Ventas"}}, "date_order": "dmy"}
    assert chosen() == kept
    assert chosen(split_names="on", column_1="full_name") == kept | {
        "split_names": True,
        "columns": {"0": "code", "1": "full_name", "2": "hired_on", "3": None},
    }
    assert chosen(header_row="4", column_1="last_name") == kept | {"header_row": 4}, "other columns are there then"


def test_an_event_is_asked_for_where_nothing_names_it(hr, hr_manager, make_job):
    event = make_event(state="published")
    question = {"code": "event", "column": "", "message": "Which event is it about?"}
    reading = READING | {"questions": [question], "columns": [["Ficha", "code"], ["1", "session"], ["2", "session"]]}
    job = make_job("uploaded", resource="attendance", reading=reading)
    columns = {"matrix": "on", "column_0": "code", "column_1": "session", "column_2": "session"}

    assert "Which event is it about?" in hr.get(page("import_mapping", job.pk, model="attendance")).text
    assert MappingForm(columns, job=job, user=hr_manager).errors == {
        "event": ["Choose the event, or the column that names it."]
    }
    form = MappingForm(columns | {"event": event.pk}, job=job, user=hr_manager)
    assert form.is_valid(), form.errors
    assert (form.event_id(), form.options()) == (event.pk, {"matrix": True})


def test_the_columns_are_their_loaders(hr, as_user, auditor, make_job):
    job = make_job("uploaded", reading=READING)

    assert as_user(auditor).get(page("import_mapping", job.pk)).status_code == 404
    assert as_user(auditor).get(page("import_job", job.pk)).status_code == 200


def as_people_make_it():
    """A title, two sheets of people, a hidden row, merged units, a day as its serial number, a total at the foot."""
    workbook, buffer = Workbook(), io.BytesIO()
    sheet = workbook.active
    sheet.title = "Caracas"
    rows = [person(1), person(2, Unidad=""), person(3, **{"Fecha de ingreso": 45306})]
    for row in [["People of 2024"], HEADER, *rows, ["", "Total", "", 3]]:
        sheet.append(row)
    sheet.merge_cells("F3:F4")
    sheet.row_dimensions[5].hidden = True
    other = workbook.create_sheet("Valencia")
    for row in [HEADER, person(9)]:
        other.append(row)
    workbook.save(buffer)
    return buffer.getvalue()


def test_what_was_noticed_is_told_before_the_rows(hr, as_user, auditor, sales):
    file = SimpleUploadedFile("people.xlsx", as_people_make_it())

    preview = hr.post(page("import"), {"file": file}, follow=True)

    job = preview.context["job"]
    assert (job.state, job.created, job.failed) == ("checked", 3, 0)
    noted = [note["code"] for note in job.reading["notes"]]
    assert noted == ["totals", "merged", "serials", "sheets", "hidden_rows"]
    for told in (
        "Only the sheet «Caracas» is loaded. These look like data as well: «Valencia».",
        "1 row is hidden in the sheet. It is loaded like the others. Row 5.",
        "The last row is a total. It is not loaded. Row 6.",
        "Sheet: Caracas · Row of the header: 2 · Dates: day/month/year: 31/12/2024",
    ):
        assert told in preview.text
    assert f'href="{page("import_mapping", job.pk)}"' in preview.text
    seen = as_user(auditor).get(page("import_job", job.pk)).text
    assert "What was noticed" in seen
    assert page("import_mapping", job.pk) not in seen


def test_the_page_says_the_number_of_the_load(hr, make_job):
    job = make_job()

    assert f"Load {job.pk} · {job.created_by_name}" in hr.get(page("import_job", job.pk)).text


# --- Groups of errors ---------------------------------------------------------------------------------------------
def test_errors_are_told_by_their_cause_with_one_remedy_for_all(hr, make_job, sales):
    job = make_job(rows=39, failed=39, causes=[UNKNOWN, REPEATED])

    response = hr.get(page("import_job", job.pk))

    first, second = response.context["groups"]
    assert (first.rows, first.widget, first.suggested) == (37, "list", "Ventas")
    assert first.choices == ["Empresa", "Ventas"]
    assert (second.rows, second.widget) == (2, "")
    assert "Use it for all 37" in response.text
    assert '<option value="Ventas">' in response.text


def test_the_rows_of_one_cause_are_shown_alone(hr, make_job):
    job = make_job(rows=3, failed=2, created=1, causes=[UNKNOWN, REPEATED])
    make_row(job, 2, "faulty", errors=[ERROR], causes=",0,1,")
    make_row(job, 3, "faulty", errors=[ERROR], causes=",1,")
    make_row(job, 4, "new")

    assert shown(hr.get(page("import_job", job.pk), {"cause": "0"})) == [2]
    assert shown(hr.get(page("import_job", job.pk), {"cause": "1"})) == [2, 3]
    assert shown(hr.get(page("import_job", job.pk), {"cause": "9"})) == [2, 3]
    assert shown(hr.get(page("import_job", job.pk), {"cause": "x", "show": "all"})) == [2, 3, 4]


def test_many_causes_are_folded_away(hr, make_job, sales):
    causes = [UNKNOWN | {"value": f"V{number}", "fix": None} for number in range(200)]
    job = make_job(rows=200, failed=200, causes=causes)

    response = hr.get(page("import_job", job.pk))

    assert (len(response.context["groups"]), len(response.context["more_groups"])) == (6, 194)
    assert response.text.count("<datalist") == 1


def test_who_only_looks_is_offered_no_remedy(as_user, auditor, make_job):
    job = make_job(rows=37, failed=37, causes=[UNKNOWN])

    text = as_user(auditor).get(page("import_job", job.pk)).text

    assert "37 rows" in text
    assert 'value="fix"' not in text
    assert "<datalist" not in text


# --- Rows ---------------------------------------------------------------------------------------------------------
def test_rows_are_found_by_name_or_number(hr, make_job):
    job = make_job(rows=3, created=3)
    for number, label in ((2, "Ana Pérez"), (3, "Beto 17"), (17, "Carla")):
        make_row(job, number, "new", label=label)

    assert shown(hr.get(page("import_job", job.pk), {"q": "ana"})) == [2]
    assert shown(hr.get(page("import_job", job.pk), {"q": "17"})) == [3, 17]
    nothing = hr.get(page("import_job", job.pk), {"q": "nobody"})
    assert shown(nothing) == []
    assert "No row is like this." in nothing.text


@pytest.mark.parametrize(("language", "days"), [("en", ("Feb. 3, 2024", "April 3, 2024")),
                                                ("es", ("3 de febrero de 2024", "3 de abril de 2024"))])  # fmt: skip
def test_days_are_shown_in_no_order_that_could_be_another(as_user, hr_manager, make_job, language, days):
    hr_manager.language = language
    hr_manager.save()
    job = make_job(rows=1, updated=1)
    make_row(job, 2, "changed", before={"hired_on": "2024-02-03"}, after={"hired_on": "2024-04-03"})

    (row,) = as_user(hr_manager).get(page("import_job", job.pk)).context["rows"]

    assert [(change.old, change.new) for change in row.changes] == [days]


# --- Effects ------------------------------------------------------------------------------------------------------
def test_what_it_does_beyond_its_rows_is_said_before(hr, make_job, django_assert_num_queries):
    job = make_job(rows=6, created=1, updated=5)
    make_event(state="published").audience.create(everybody=True)
    for number, after in enumerate(
        [
            {"status": "terminated", "ended_on": "2026-01-31"},
            {"status": "terminated"},
            {"status": "suspended"},
            {"work_email": "a@example.org", "org_unit": 1},
            {"reports_to": {"row": 4}},
        ],
        2,
    ):
        make_row(job, number, "changed", after=after, before={})
    make_row(job, 9, "new", after={"status": "active", "work_email": "n@example.org"})

    assert hr.get(page("import_job", job.pk)).context["effects"] == [
        "2 people leave: their access ends, and places in coming events are given up.",
        "1 person is suspended and cannot log in until reactivated.",
        "1 e-mail changes, and with it the one to log in with.",
        "1 person changes unit, and with it who answers for them.",
        "1 person gets another boss.",
        "New people are enrolled in 1 coming event, if it is meant for them, and told.",
    ]


def test_what_a_roll_does_is_said_before(hr, make_job):
    job = make_job(resource="attendance", rows=3, created=2, updated=1)
    make_row(job, 2, "new", after={"enrol": True, "outcome": "present"})
    make_row(job, 3, "new", after={"enrol": True})
    make_row(job, 4, "changed", after={"cancel": True})

    assert hr.get(page("import_job", job.pk, model="attendance")).context["effects"] == [
        "2 people are enrolled, and told unless the event is over.",
        "1 enrolment is cancelled; the person is told, and who waits gets the seat.",
        "1 attendance opens the evaluation of its event, where it has one.",
    ]


# --- Under way ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("uploaded", "The file is being read"),
        ("mapped", "The rows are being checked"),
        ("applying", "The rows are being written"),
        ("undoing", "The load is being undone"),
    ],
)
def test_while_it_works_the_page_says_how_far_it_is(hr, make_job, state, told):
    job = make_job(state, rows=5000, rows_done=1200, rows_to_do=5000, started_at=timezone.now() - timedelta(seconds=60))

    text = hr.get(page("import_job", job.pk)).text

    assert told in text
    assert 'max="5000" value="1200"' in text
    assert "1,200 of 5,000 rows" in text
    assert "rows a second" in text
    assert '<meta http-equiv="refresh"' in text
    assert ('value="cancel"' in text) == (state != "undoing")


def test_the_storing_of_the_preview_is_a_step_of_its_own(hr, make_job):
    job = make_job("mapped", rows=30_000, rows_done=30_000, rows_to_do=30_000, started_at=timezone.now())

    text = hr.get(page("import_job", job.pk)).text

    assert "The preview is being stored" in text
    assert "30,000 rows" in text
    assert not any(words in text for words in ("of 30,000", "a second", "less than a minute"))
    assert 'max="30000"' not in text


def test_who_only_looks_cannot_cancel(as_user, auditor, make_job):
    job = make_job("applying", rows=5)

    assert 'value="cancel"' not in as_user(auditor).get(page("import_job", job.pk)).text


def test_the_page_that_watched_is_loaded_anew_at_the_end(hr, make_job):
    job = make_job("applied", rows=5)

    response = hr.get(page("import_job", job.pk), headers={"HX-Request": "true"})

    assert response["HX-Refresh"] == "true"


# --- Approval -----------------------------------------------------------------------------------------------------
@pytest.fixture
def second(as_user):
    user = make_user(role=roles.HR_MANAGER)
    user.user_permissions.add(Permission.objects.get(codename="approve_importjob"))
    return as_user(user)


def test_a_second_person_is_asked_with_the_reasons(hr, second, make_job):
    job = make_job(
        "awaiting_approval",
        rows=2,
        updated=2,
        approval_reasons=[{"limit": "terminations", "allowed": 10, "found": 1200}],
    )
    make_row(job, 2, "changed", before={"first_name": "Ana"}, after={"first_name": "Eva"})

    own, theirs = hr.get(page("import_job", job.pk)), second.get(page("import_job", job.pk))

    for response in (own, theirs):
        assert "It ends the employment of 1,200 people; up to 10 need no approval." in response.text
        assert shown(response) == [2]
    assert 'value="approve"' not in own.text
    assert 'value="approve"' in theirs.text
    assert 'value="refuse"' in theirs.text


def test_a_refusal_is_told_with_its_reason(hr, make_job):
    job = make_job("checked", rows=1, updated=1, refusal="Wrong month")

    assert "It was not approved: Wrong month" in hr.get(page("import_job", job.pk)).text


# --- Downloads ----------------------------------------------------------------------------------------------------
def test_the_faulty_rows_are_downloaded(hr, make_job):
    job = make_job(rows=1, failed=1)
    make_row(job, 2, "faulty", errors=[ERROR], cells=["E1", "Vetas"])
    assert page("import_errors", job.pk) in hr.get(page("import_job", job.pk)).text

    response = hr.get(page("import_errors", job.pk))

    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["What to do", "Ficha", "Unidad"],
        ["Unidad: Nobody knows it.", "E1", "Vetas"],
    ]
    assert response["Content-Disposition"] == 'attachment; filename="errors-people.xlsx"'


def test_the_file_is_downloaded_as_it_came(hr, make_job, hr_manager):
    content = "Código;ñ\n".encode("cp1252")
    until = timezone.now() + timedelta(days=1)
    job = make_job(file=files.keep_file("imports", "a.csv", content, actor=hr_manager, expires_at=until))
    assert page("import_file", job.pk) in hr.get(page("import_job", job.pk)).text

    response = hr.get(page("import_file", job.pk))

    assert response.content == content
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["import_errors", "import_file", "import_undo", "import_roster", "import_mapping"])
def test_the_pages_of_the_owner_do_not_exist_for_others(as_user, auditor, bulk_loader, make_job, name):
    job = make_job("applied", rows=1, failed=1, full_roster=True, reading=READING)

    others = [auditor, bulk_loader, make_user(role=roles.EMPLOYEE), make_user(role=roles.HR_MANAGER)]
    # Who may approve the loads of others may also take them back.
    others = others[:3] if name == "import_undo" else others

    assert {as_user(user).get(page(name, job.pk)).status_code for user in others} == {404}


def test_what_is_not_there_cannot_be_downloaded(hr, make_job):
    job = make_job(rows=1)

    assert hr.get(page("import_errors", job.pk)).status_code == 404
    assert hr.get(page("import_file", job.pk)).status_code == 404
    assert hr.get(page("import_roster", job.pk)).status_code == 404


# --- After it is written ------------------------------------------------------------------------------------------
def test_a_load_can_be_undone_for_a_while(hr, make_job):
    young = make_job("applied", rows=1, undo_until=timezone.now() + timedelta(days=30))
    old = make_job("applied", rows=1, undo_until=timezone.now() - timedelta(seconds=1))

    assert page("import_undo", young.pk) in hr.get(page("import_job", young.pk)).text
    assert page("import_undo", old.pk) not in hr.get(page("import_job", old.pk)).text


def test_who_is_missing_from_a_full_roster_is_listed_apart(hr, make_job):
    job = make_job("applied", rows=1, created=1, full_roster=True)
    make_row(job, 2, "new")
    gone = make_employee("Zoé", "Zulu")
    make_row(job, None, "missing", label="Zoé Zulu (X)", object_id=gone.pk)

    report = hr.get(page("import_job", job.pk))
    assert shown(report) == [2]
    assert "1 person who works here is not in the file." in report.text
    listed = hr.get(page("import_roster", job.pk))
    assert "Zoé Zulu (X)" in listed.text
    assert page("change", gone.pk) in listed.text


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "Choose what becomes of them."),
        ({"action": "terminate", "sure": "on"}, "Say which day was their last."),
        ({"action": "suspend"}, "Tick that you looked at the list."),
    ],
)
def test_nobody_leaves_by_a_slip(hr, make_job, sent, told):
    job = make_job("applied", rows=1, full_roster=True)
    make_row(job, None, "missing", object_id=make_employee().pk)

    response = hr.post(page("import_roster", job.pk), sent)

    assert response.status_code == 400
    assert told in response.text


def test_what_became_of_an_undone_load_is_told(hr, make_job):
    job = make_job(
        "partly_undone", rows=3, created=2, updated=1, removed=1, restored=1, kept=1,
        undone_at=timezone.now(), undone_by_name="Hugo",
    )  # fmt: skip
    make_row(job, 2, "new", undone="removed")
    make_row(job, 3, "new", undone="kept", kept_because="She is enrolled in an event.")

    response = hr.get(page("import_job", job.pk), {"show": "kept"})

    assert "Undone by Hugo" in response.text
    assert shown(response) == [3]
    assert "She is enrolled in an event." in response.text


# --- The history --------------------------------------------------------------------------------------------------
def test_the_history_tells_who_loaded_what_and_leads_to_file_and_undo(hr, as_user, auditor, make_job, hr_manager):
    until = timezone.now() + timedelta(days=1)
    file = files.keep_file("imports", "a.csv", b"x", actor=hr_manager, expires_at=until)
    columns = [["Ficha", "code"], ["Talla", None], ["", None]]
    job = make_job("applied", rows=7, created=3, updated=2, unchanged=1, failed=1, undo_until=until, file=file,
                   columns=columns)  # fmt: skip

    own, theirs = (browser.get(page("changelist", model="importjob")).text for browser in (hr, as_user(auditor)))

    for text in (own, theirs):
        assert page("change", job.pk, model="importjob") in text
        assert "1 of 2" in text
    assert page("import_file", job.pk) in own
    assert page("import_undo", job.pk) in own
    assert page("import_file", job.pk) not in theirs
    assert page("import_undo", job.pk) not in theirs


def test_the_history_tells_counts_that_add_up(hr, make_job):
    make_job("applied", rows=30_000, created=9_700, updated=0, unchanged=20_000, skipped=0, failed=300)

    text = hr.get(page("changelist", model="importjob")).text

    for count in ("30,000", "9,700", "20,000", "300"):
        assert f">{count}<" in text


def test_whoever_may_undo_a_load_finds_the_way_in_the_history(second, as_user, auditor, make_job):
    job = make_job("applied", rows=1, undo_until=timezone.now() + timedelta(days=1))
    listed = page("changelist", model="importjob")

    assert page("import_undo", job.pk) in second.get(listed).text
    assert page("import_undo", job.pk) not in as_user(auditor).get(listed).text


def test_a_load_with_questions_is_not_said_to_be_read(hr, as_user, auditor, make_job):
    make_job("uploaded", reading=READING)
    listed = page("changelist", model="importjob")

    for text in (hr.get(listed).text, hr.get(page("import")).text):
        assert "needs your answer" in text
        assert "being read" not in text.replace('title="being read"', "").split('id="changelist-filter"')[0]
    assert "needs an answer" in as_user(auditor).get(listed).text


def test_the_history_is_searched_and_narrowed_down(hr, make_job, bulk_loader):
    own = make_job("applied", file_name="enero.xlsx")
    other = make_job("failed", file_name="febrero.xlsx", created_by_id=bulk_loader.pk, created_by_name="Lola")

    def listed(**asked):
        response = hr.get(page("changelist", model="importjob"), asked)
        return [job.pk for job in response.context["cl"].result_list]

    assert listed() == [other.pk, own.pk]
    assert listed(q="enero") == [own.pk]
    assert listed(q="lola") == [other.pk]
    assert listed(whose="mine") == [own.pk]
    assert listed(whose="others") == [other.pk]
    assert listed(state__exact="failed") == [other.pk]


# --- From end to end ----------------------------------------------------------------------------------------------
def upload(browser, rows, *, model="employee", **data):
    file = SimpleUploadedFile("people.csv", as_csv(rows))
    return browser.post(page("import", model=model), {"file": file, **data}, follow=True)


def act(browser, job, action, model="employee", **data):
    return browser.post(page("import_job", job.pk, model=model), {"action": action, **data}, follow=True)


def test_one_remedy_mends_all_rows_of_a_cause(hr, sales):
    preview = upload(hr, [HEADER, *(person(number, Unidad="Vetas") for number in range(1, 4))])
    (group,) = preview.context["groups"]
    assert (group.rows, group.value) == (3, "Vetas")

    mended = act(hr, preview.context["job"], "fix", index=group.place, value="Ventas")

    assert mended.context["groups"] == []
    assert mended.context["job"].created == 3


def test_what_may_be_meant_is_said_to_every_reader_and_in_the_workbook(hr, as_user, auditor, sales):
    job = upload(hr, [HEADER, person(1, Unidad="Vetas")]).context["job"]

    seen = as_user(auditor).get(page("import_job", job.pk)).text
    workbook = load_workbook(io.BytesIO(b"".join(hr.get(page("import_errors", job.pk)).streaming_content)))

    assert seen.count("Did you mean «Ventas»?") == 2, "of the group and of its row"
    assert workbook.worksheets[0].cell(2, 1).value.endswith("Did you mean «Ventas»?")


def test_a_remedy_that_is_none_is_shown_with_what_it_was_for(hr, sales):
    preview = upload(hr, [HEADER, person(1, Unidad="Zapatería")])
    (group,) = preview.context["groups"]

    again = act(hr, preview.context["job"], "fix", index=group.place, value="Quesos")

    (group,) = again.context["groups"]
    assert (group.value, group.meant, group.suggested) == ("Zapatería", "Quesos", "Quesos")
    assert again.text.index("Zapatería</code>") < again.text.index("Quesos</code>")


def test_a_word_that_may_be_meant_is_chosen_in_the_language_of_the_reader(hr, sales):
    preview = upload(hr, [[*HEADER, "Estado"], [*person(1), "actva"]])

    (group,) = preview.context["groups"]
    assert (group.widget, group.suggested) == ("select", "active")
    assert "<option selected>active</option>" in preview.text


def test_only_new_rows_or_only_known_ones_are_written(hr, sales):
    make_employee("Eva", "Pérez 2", code="E2", org_unit=sales)
    job = upload(hr, [HEADER, person(1), person(2)]).context["job"]
    assert (job.created, job.updated) == (1, 1)

    again = act(hr, job, "check", mode="create")
    assert (again.context["job"].created, again.context["job"].updated) == (1, 0)

    other = upload(hr, [HEADER, person(1), person(2)], mode="update", again="on").context["job"]
    assert (other.created, other.updated) == (0, 1)


def test_the_same_file_twice_is_told_and_can_be_loaded_all_the_same(hr, sales):
    rows = [HEADER, person(1)]
    job = upload(hr, rows).context["job"]
    act(hr, job, "confirm")

    told = upload(hr, rows)
    assert told.status_code == 400
    assert page("import_job", job.pk) in told.text
    assert 'name="again"' in told.text

    again = upload(hr, rows, again="on")
    assert again.context["job"].unchanged == 1


def corrected(browser, job, model="employee", **values):
    """The error workbook with these values in its coloured cells, by header; none other is touched."""
    address = page("import_errors", job.pk, model=model)
    workbook, buffer = load_workbook(io.BytesIO(b"".join(browser.get(address).streaming_content))), io.BytesIO()
    sheet = workbook.worksheets[0]
    red = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"]
    headers = [sheet.cell(1, cell.column).value for cell in red]
    assert sorted(headers) == sorted(values)
    for cell, header in zip(red, headers, strict=True):
        cell.value = values[header]
    workbook.save(buffer)
    return SimpleUploadedFile("e.xlsx", buffer.getvalue())


def test_a_corrected_error_workbook_is_the_next_upload(hr, sales):
    rows = [["Ficha", "Nombre", "Apellido", "Dpto", "Ingreso"]]
    rows += [["E1", "Ana", "Pérez", "Ventas", "15/01/2024"], ["E2", "Eva", "Ruiz", "Vetas", "soon"]]
    job = upload(hr, rows).context["job"]
    act(hr, job, "confirm", accept_valid="on")
    file = corrected(hr, job, Dpto="Ventas", Ingreso=date(2024, 2, 29))

    preview = hr.post(page("import"), {"file": file}, follow=True)

    assert preview.context["unknown_columns"] == []
    assert (preview.context["job"].created, preview.context["job"].failed) == (1, 0)
    act(hr, preview.context["job"], "confirm")
    assert sorted(Employee.objects.values_list("code", "hired_on")) == [
        ("E1", date(2024, 1, 15)),
        ("E2", date(2024, 2, 29)),
    ]


def test_what_was_said_for_a_group_stands_in_the_error_workbook(hr, sales):
    rows = [["Ficha", "Nombre", "Apellido", "Dpto", "Ingreso"]]
    rows += [["E1", "Ana", "Pérez", "Ventas", "15/01/2024"], ["E2", "Eva", "Ruiz", "Vetas", "soon"]]
    preview = upload(hr, rows)
    job = preview.context["job"]
    (group,) = [group for group in preview.context["groups"] if group.value == "Vetas"]
    act(hr, job, "fix", index=group.place, value="Ventas")
    act(hr, job, "confirm", accept_valid="on")

    again = hr.post(page("import"), {"file": corrected(hr, job, Ingreso=date(2024, 2, 29))}, follow=True)

    assert (again.context["job"].created, again.context["job"].failed) == (1, 0)


def test_the_error_workbook_of_a_matrix_names_the_event_that_was_chosen(hr):
    event = make_event("Curso", code="C1", state="in_progress")
    make_session(event, 1)
    make_session(event, 2)
    for code in ("E1", "E2"):
        make_employee(code=code)
    rows = [["Código", "Sesión 1", "Sesión 2"], ["E1", "x", "x"], ["E2", "xx", ""]]
    job = upload(hr, rows, model="attendance", event=event.pk).context["job"]
    assert (job.rows, job.failed) == (3, 1)
    act(hr, job, "confirm", model="attendance", accept_valid="on")
    file = corrected(hr, job, model="attendance", Outcome="x")

    again = hr.post(page("import", model="attendance"), {"file": file}, follow=True).context["job"]

    assert (again.state, again.rows, again.failed, again.event_id) == ("checked", 1, 0, None)
    assert again.reading["questions"] == []


def test_a_question_is_answered_on_the_page_of_columns_and_remembered(hr, sales):
    rows = [["Ficha", "Nombre", "Apellido", "Dpto", "Ingreso"]]
    asked = upload(hr, [*rows, ["E1", "Ana", "Pérez", "Ventas", "03/04/2024"]])
    job = asked.context["job"]
    assert asked.redirect_chain[-1][0] == page("import_mapping", job.pk)
    found = {f"column_{at}": field or "" for at, (_header, field) in enumerate(job.reading["columns"])}

    preview = hr.post(page("import_mapping", job.pk), found | {"date_order": "mdy"}, follow=True)
    act(hr, job, "confirm")
    later = upload(hr, [*rows, ["E2", "Eva", "Ruiz", "Ventas", "05/06/2024"]])

    assert preview.context["job"].created == 1
    assert Employee.objects.get(code="E1").hired_on == date(2024, 3, 4)
    assert later.context["job"].state == "checked", "the answer goes for the next file with this header"
    assert later.context["rows"][0].changes[-1].new


def mapped(browser, job, *, model="employee", **changes):
    """The page of columns sent as it stands, save for these: True ticks, False takes the tick away."""
    form = browser.get(page("import_mapping", job.pk, model=model)).context["form"]
    sent = {name: form[name].value() for name in form.fields} | changes
    sent = {name: "on" if value is True else value for name, value in sent.items() if value not in (None, False)}
    return browser.post(page("import_mapping", job.pk, model=model), sent, follow=True).context["job"]


def test_what_was_remembered_of_a_header_is_shown_and_can_be_taken_back(hr, sales):
    header = ["Ficha", "Persona", "Dpto", "Ingreso"]
    job = upload(hr, [header, ["E1", "Pérez Ana", "Ventas", "2024-01-15"]]).context["job"]
    mapped(hr, job, column_1="full_name", split_names=True, last_name_first=True)

    def again(number):
        job = upload(hr, [header, [f"E{number}", "Ruiz Eva", "Ventas", "2024-01-15"]]).context["job"]
        return job, hr.get(page("import_mapping", job.pk)).context["form"]

    job, form = again(2)
    assert (job.created, form["split_names"].value(), form["last_name_first"].value()) == (1, True, True)
    job = mapped(hr, job, date_order="dmy")
    assert (job.created, job.lines.get().after["last_name"]) == (1, "Ruiz"), "what is not touched stays"
    job = mapped(hr, job, last_name_first=False)
    assert (job.created, job.lines.get().after["last_name"]) == (1, "Eva")
    job, form = again(3)
    assert (form["split_names"].value(), form["last_name_first"].value()) == (True, False)
    job = mapped(hr, job, split_names=False)
    assert (job.created, job.failed, job.reading["split_names"]) == (0, 1, False)
    assert not again(4)[1]["split_names"].value()


def test_a_matrix_can_be_denied_and_affirmed_again(hr):
    event = make_event("Curso", code="C1", state="in_progress")
    make_session(event, 1)
    make_session(event, 2)
    make_employee(code="E1")

    def matrix(mark):
        rows = [["Código", "Sesión 1", "Sesión 2"], ["E1", mark, "x"]]
        return upload(hr, rows, model="attendance", event=event.pk).context["job"]

    job = matrix("x")
    assert (job.rows, job.reading["matrix"]) == (2, True)
    job = mapped(hr, job, model="attendance", matrix=False)
    assert (job.state, job.rows, job.reading["matrix"]) == ("checked", 1, False)
    job = matrix("sí")
    assert job.reading["matrix"] is False
    job = mapped(hr, job, model="attendance", matrix=True)
    assert (job.rows, job.reading["matrix"]) == (2, True)


def test_columns_are_changed_from_the_preview(hr, sales):
    rows = [["Código", "Nombres", "Apellidos", "Oficina", "Unidad", "Ingreso"]]
    preview = upload(hr, [*rows, ["E1", "Ana", "Pérez", "Ventas", "Nowhere", "2024-01-15"]])
    job = preview.context["job"]
    assert job.failed == 1
    assert page("import_mapping", job.pk) in preview.text
    columns = {"column_0": "code", "column_1": "first_name", "column_2": "last_name", "column_3": "org_unit",
               "column_4": "", "column_5": "hired_on"}  # fmt: skip

    again = hr.post(page("import_mapping", job.pk), columns, follow=True)

    assert (again.context["job"].created, again.context["job"].failed) == (1, 0)
    assert again.context["unknown_columns"] == ["Unidad"]


def test_a_load_is_undone_from_its_page(hr, sales):
    make_employee("Eva", "Pérez 2", code="E2", org_unit=sales)
    job = upload(hr, [HEADER, person(1), person(2), person(3)]).context["job"]
    act(hr, job, "confirm")
    Employee.objects.filter(code="E3").update(version=9)

    asked = hr.get(page("import_undo", job.pk))
    assert [number for number, _label, _colour in asked.context["counts"]] == [1, 1, 1]
    assert [row.number for row in asked.context["told"].rows] == [4]
    hr.post(page("import_undo", job.pk))
    assert Employee.objects.count() == 3, "without the button nothing is undone"

    hr.post(page("import_undo", job.pk), {"action": "undo"})

    assert dict(Employee.objects.values_list("code", "first_name")) == {"E2": "Eva", "E3": "Ana"}
    report = hr.get(page("import_job", job.pk))
    assert report.context["job"].state == "partly_undone"
    assert shown(hr.get(page("import_job", job.pk), {"show": "kept"})) == [4]


def test_what_undoing_a_large_load_keeps_is_asked_for_by_the_page(hr, sales, monkeypatch):
    monkeypatch.setattr(import_after, "FORESEEN_AT_ONCE", 0)
    job = upload(hr, [HEADER, person(1)]).context["job"]
    act(hr, job, "confirm")

    first, then = hr.get(page("import_undo", job.pk)), hr.get(page("import_undo", job.pk), {"counted": "1"})

    assert 'hx-get="?counted=1"' in first.text
    assert "load-count-number" not in first.text
    assert [number for number, _label, _colour in then.context["counts"]] == [1, 0, 0]
    assert 'hx-get="?counted=1"' not in then.text


def test_a_second_person_approves_or_refuses(hr, second, sales, settings):
    settings.LOAD_APPROVAL_ROWS = 1
    job = upload(hr, [HEADER, person(1), person(2)]).context["job"]
    asked = act(hr, job, "confirm")
    assert asked.context["approval"] == ["It writes 2 rows; up to 1 need no approval."]
    assert act(hr, job, "approve").status_code == 403

    act(second, job, "refuse", reason="Wrong month")
    refused = hr.get(page("import_job", job.pk))
    assert "It was not approved: Wrong month" in refused.text
    assert not Employee.objects.exists()

    act(hr, job, "confirm")
    act(second, job, "approve")
    assert Employee.objects.count() == 2


def test_a_roster_without_a_change_is_confirmed_to_decide_about_who_is_missing(hr, sales):
    """The usual one: everybody in it is as the file says."""
    rows = [HEADER, person(1)]
    act(hr, upload(hr, rows).context["job"], "confirm")
    gone = make_employee("Eva", code="E9", org_unit=sales)

    shown = upload(hr, rows, full_roster="on", again="on")
    job = shown.context["job"]
    assert (job.unchanged, job.created + job.updated) == (1, 0)
    assert 'value="confirm"' in shown.text

    act(hr, job, "confirm")
    hr.post(page("import_roster", job.pk), {"action": "suspend", "sure": "on"})

    gone.refresh_from_db()
    assert gone.status == "suspended"


def test_who_is_missing_from_a_roster_leaves_only_when_it_is_decided(hr, sales):
    make_employee("Eva", "Pérez 2", code="E2", org_unit=sales)
    make_employee("Zoé", "Zulu", code="Z1", org_unit=sales)
    job = upload(hr, [HEADER, person(2)], full_roster="on").context["job"]
    assert act(hr, job, "confirm").context["gone"].count >= 1
    assert Employee.objects.get(code="Z1").status == "active"

    hr.post(page("import_roster", job.pk), {"action": "suspend", "sure": "on"})

    assert Employee.objects.get(code="Z1").status == "suspended"
    assert Employee.objects.get(code="E2").status == "active"


@pytest.fixture
def roster(hr, sales):
    """A full roster of one person that lacks three others; it is written."""
    for number in (2, 3, 4):
        make_employee("Eva", f"Pérez {number}", code=f"E{number}", org_unit=sales)
    job = upload(hr, [HEADER, person(1)], full_roster="on").context["job"]
    report = act(hr, job, "confirm")
    assert report.context["gone"].count == Employee.objects.active().count() - 1
    return job


def gone_told(browser, job):
    gone = browser.get(page("import_job", job.pk)).context["gone"]
    return gone.count, gone.waiting, gone.told


def test_the_report_tells_what_became_of_who_was_missing(hr, roster):
    count = gone_told(hr, roster)[0]
    assert gone_told(hr, roster) == (count, count, [])
    Employee.objects.filter(code="E4").update(version=9)

    hr.post(page("import_roster", roster.pk), {"action": "suspend", "sure": "on"})
    told = hr.get(page("import_job", roster.pk)).text
    assert gone_told(hr, roster) == (
        count, 1, [f"{count - 1} were suspended.", "1 was left alone, because of a change meanwhile."]
    )  # fmt: skip
    assert "leaves them as they are" not in told
    assert "nothing happens to them before" in hr.get(page("import_roster", roster.pk)).text

    hr.post(page("import_undo", roster.pk), {"action": "undo"})
    assert gone_told(hr, roster) == (
        count, 0, [f"{count - 1} are as before: what was decided was undone.",
                   "1 was left alone, because of a change meanwhile."]
    )  # fmt: skip
    assert "nothing happens to them before" not in hr.get(page("import_roster", roster.pk)).text


def test_the_report_tells_as_of_when_who_was_missing_was_terminated(hr, roster):
    day = timezone.localdate() - timedelta(days=1)
    hr.post(page("import_roster", roster.pk), {"action": "terminate", "ended_on": day.isoformat(), "sure": "on"})

    count, waiting, told = gone_told(hr, roster)
    assert (waiting, told) == (0, [f"{count} were terminated as of {date_format(day, 'DATE_FORMAT')}."])


def test_who_was_missing_from_a_load_taken_back_was_left_alone(hr, roster):
    hr.post(page("import_undo", roster.pk), {"action": "undo"})

    count, waiting, told = gone_told(hr, roster)
    assert (waiting, told) == (0, [f"{count} were left alone."])


# --- Templates ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("model", "told"), [("employee", True), ("attendance", False)])
def test_how_a_cell_is_emptied_is_said_where_one_may_be(hr, model, told):
    shown = hr.get(page("import", model=model)).text

    assert "A blank cell keeps what is there." in shown
    assert ("Write &lt;clear&gt; into a cell to empty it." in shown) is told


@pytest.mark.parametrize(("language", "name", "header"), [("es", "empleados", "Código"), ("en", "employees", "Code")])
def test_the_template_comes_in_either_language(hr, sales, language, name, header):
    upload = hr.get(page("import")).text
    assert f"{page('template')}?language={language}" in upload

    response = hr.get(page("template"), {"language": language})

    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    assert book.worksheets[0]["A1"].value == header
    assert response["Content-Disposition"] == f'attachment; filename="{name}.xlsx"'


def test_the_template_offers_what_its_loader_sees(as_user, ana, sales, finance):
    make_unit("Oculta", code="OCU")
    user = make_user(role=roles.MANAGER, employee=ana)
    group = Group.objects.create(name="Loaders")
    group.permissions.add(Permission.objects.get(codename="import_employee"))
    user.groups.add(group)

    response = as_user(user).get(page("template"))

    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    listed = {cell.value for row in book.worksheets[3].iter_rows() for cell in row}
    assert "Ventas" in listed
    assert "Oculta" not in listed


# --- Personal data ------------------------------------------------------------------------------------------------
TYPED = ("V-51108664", "31/02/1990", "0412-12")
PERSONAL_COLUMNS = ["Código", "Nombres", "Apellidos", "Cédula", "Fecha de nacimiento", "Teléfono personal"]


@pytest.fixture
def faulty_load(hr, sales):
    """Somebody's load of personal data, of which each row is faulty in it."""
    make_employee("Eva", "Pérez", code="E14", country="VE", national_id=TYPED[0], org_unit=sales)
    make_employee("Luis", "Gil", code="E15", org_unit=sales)
    rows = [["E15", "Luis", "Gil", TYPED[0], "", ""], ["E15", "Luis", "Gil", "", TYPED[1], ""]]
    job = upload(hr, [PERSONAL_COLUMNS, *rows, ["E99", "Zoé", "Gil", "", "", TYPED[2]]]).context["job"]
    assert job.failed == 3
    return job


def forbid_personal_data(role):
    right = Permission.objects.get(codename="view_personal_data")
    Group.objects.get(name=role).permissions.remove(right)


def pages_of(browser, job):
    """What its reader gets to read on the pages of a load."""
    texts = [browser.get(page("import_job", job.pk), asked).text for asked in ({}, {"show": "all"}, {"cause": "0"})]
    return "".join(texts)


def test_what_was_typed_of_personal_data_is_for_who_may_see_it(as_user, auditor, faulty_load):
    seen = pages_of(as_user(auditor), faulty_load)
    assert all(typed in seen for typed in TYPED)

    forbid_personal_data(roles.AUDITOR)
    told = pages_of(as_user(auditor), faulty_load)

    assert not any(typed in told for typed in (*TYPED, "E14"))
    assert "There is something wrong in this personal data, which you may not see." in told


@pytest.mark.parametrize("is_employee", [False, True])
def test_who_lost_the_right_to_personal_data_finds_none_in_his_own_loads(hr, hr_manager, faulty_load, is_employee):
    """The right to his own, which every employee has, is none to that of others."""
    if is_employee:
        hr_manager.employee_uid = make_employee("Rita", "Sosa", code="E16").uid
        hr_manager.save()
    job = faulty_load
    downloads = [page("import_errors", job.pk), page("import_file", job.pk), page("import_mapping", job.pk)]
    before = pages_of(hr, job)
    assert [hr.get(address).status_code for address in downloads] == [200, 200, 200]
    assert all(typed in before for typed in TYPED)
    assert downloads[1] in before
    assert downloads[1] in hr.get(page("changelist", model="importjob")).text

    forbid_personal_data(roles.HR_MANAGER)
    told = pages_of(hr, job)

    assert not any(typed in told for typed in (*TYPED, "E14"))
    assert 'value="fix"' not in told
    assert downloads[1] not in told
    assert downloads[1] not in hr.get(page("changelist", model="importjob")).text
    assert hr.get(downloads[1]).status_code == 404
    columns = hr.get(downloads[2]).text
    assert "Pérez" in columns or "Luis" in columns
    assert not any(typed in columns for typed in TYPED)
    book = load_workbook(io.BytesIO(b"".join(hr.get(downloads[0]).streaming_content)))
    cells = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert [row[1:4] for row in cells[1:]] == [["E15", "Luis", "Gil"], ["E15", "Luis", "Gil"], ["E99", "Zoé", "Gil"]]
    assert not any(typed in str(cells) for typed in (*TYPED, "E14"))


def test_a_column_left_out_is_as_personal_and_an_order_of_days_is_asked_without_examples(hr, hr_manager, make_job):
    columns = [["Ficha", "code"], ["Cédula", None], ["Nacimiento", "birth_date"]]
    question = {"code": "date_order", "column": "Nacimiento", "message": "Nacimiento: 03/04/1990. Which is it?"}
    reading = READING | {"columns": columns, "sample": [["E1", TYPED[0], "03/04/1990"]], "questions": [question]}
    until = timezone.now() + timedelta(days=1)
    file = files.keep_file("imports", "a.csv", b"x", actor=hr_manager, expires_at=until)
    job = make_job("uploaded", reading=reading, columns=columns[:2], file=file)
    forbid_personal_data(roles.HR_MANAGER)

    text = hr.get(page("import_mapping", job.pk)).text

    assert "E1" in text
    assert not any(typed in text for typed in (TYPED[0], "03/04/1990"))
    assert "Some dates can be read in two ways. Which order is right?" in text
    assert hr.get(page("import_file", job.pk)).status_code == 404


def test_nobody_is_named_by_his_national_id_in_the_rows_of_attendance(hr, sales):
    event = make_event(state="published", code="V1")
    job = upload(hr, [["Cédula", "Evento"], [TYPED[0], event.code]], model="attendance").context["job"]
    assert job.failed == 1

    assert TYPED[0] not in ImportRow.objects.get(job=job).label


def test_a_boss_who_is_named_by_the_national_id_is_not_told_either(hr, sales):
    rows = [["E15", "Luis", "Gil", TYPED[0]], ["E16", "Eva", "Gil", "E77"]]
    job = upload(hr, [["Código", "Nombres", "Apellidos", "Jefe"], *rows]).context["job"]
    assert TYPED[0] in pages_of(hr, job)

    forbid_personal_data(roles.HR_MANAGER)

    told = pages_of(hr, job)
    assert TYPED[0] not in told
    assert "E77" in told
    book = load_workbook(io.BytesIO(b"".join(hr.get(page("import_errors", job.pk)).streaming_content)))
    assert [row[4].value for row in book.worksheets[0].iter_rows(min_row=2)] == [None, "E77"]
