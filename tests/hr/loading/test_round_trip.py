"""Whatever is stored goes out and comes back without a change: texts, codes and days that nobody thought of."""

from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hr.loading import engine
from hr.loading.export import Export
from hr.loading.formulas import neutralise, neutralise_in_text_cell, restore
from hr.loading.kinds import KINDS
from hr.loading.literal import clears, marked, taken_literally
from hr.loading.unreadable import code_of
from hr.models import OrgUnit, Outcome, Position, SessionMark
from hr.services.clean import clean_catalogue, clean_employee
from tests.access.turns import turn
from tests.conftest import undone
from tests.factories import make_attendance, make_employee, make_event, make_session

FORMULAS = [
    "=1+1", "+1", "-5", "@SUM(A1)", "\t=x", "\r=x", "\n=x", "'=x", "''@x", "'", "'a", "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")', "＝1+1", "＋1", "－1", "＠x", "%0A-1+1", "=1;2", "00123", "007", "1.5", "1E5",
    "2024-01-31", "31/12/2024", "TRUE", "sí", "_x0041_", "_x000D_", "__x0041_", 'a"b', '"', "a,b",
    "a;b", "a\nb", "a\r\nb", "<b>&amp;</b>", "]]>", "Ñandú", "🧑‍💻", "a\u200bb", "a\u00a0b",
    "\ufeffa", "a\x00b", "a\x0bb",
]  # fmt: skip
# What a reader refuses, or obeys, in a file that a person wrote.
NO_TEXTS = [
    "#N/A", "#n/d", "#¡VALOR!", "#REF!", "#DIV/0!", "#GETTING_DATA", "1.23E+09", "1,2e+3", "+1E+10", "-4.5E+12", "###",
    "#########", "<borrar>", "<clear>", "<Borrar>", "<CLEAR>",
]  # fmt: skip
STARTS = st.sampled_from(["", "=", "+", "-", "@", "'", "'=", "''+", "0", "00", "＝", '"', " ", "\t", "_x0041_"])
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MISREAD = st.builds(str.__add__, st.sampled_from(["", "'", "''"]), st.sampled_from(NO_TEXTS))
TEXTS = st.one_of(st.sampled_from(FORMULAS), MISREAD, st.builds(str.__add__, STARTS, ANYTHING), ANYTHING)
DAYS = st.dates(date(1901, 1, 1), date(2025, 12, 31))
# Without shrinking: each attempt fills and reads four tables.
OFTEN = settings(
    max_examples=25,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


FORMATS = ("csv", "xlsx")
# The other two are asked on the embedded databases.
ON_SERVERS = {("csv", "en"), ("xlsx", "es")}


@given(TEXTS)
@settings(max_examples=500, database=None)
def test_a_neutralised_text_is_restored(text):
    assert restore(neutralise(text)) == text
    assert restore(neutralise_in_text_cell(text)) == text
    assert neutralise(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@given(TEXTS)
@settings(max_examples=500, database=None)
def test_a_marked_text_is_taken_literally(text):
    (cell,) = marked([text])

    assert taken_literally(cell) == text
    assert (code_of(cell), clears(cell)) == ("", False)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
@pytest.mark.parametrize("text", NO_TEXTS)
def test_names_and_codes_of_no_text_come_back(db, format_, text):
    OrgUnit.objects.create(code=text.upper(), name=text)
    Position.objects.create(code=text.upper(), title=text)
    for kind in (KINDS["units"], KINDS["positions"]):
        content = b"".join(Export(kind, kind.model.objects.order_by("pk"), user=None).file(format_))

        plan = engine.check(engine.read_file(content, kind), kind, user=None)

        assert [(line.verdict, line.errors) for line in plan.lines] == [("unchanged", [])]


@pytest.mark.parametrize(
    ("format_", "language"),
    [turn(kind, language, on_servers=(kind, language) in ON_SERVERS) for kind in FORMATS for language in ("es", "en")],
)
@OFTEN
@given(texts=st.lists(TEXTS, min_size=8, max_size=8), day=DAYS)
def test_every_kind_comes_back_as_it_was(db, format_, language, texts, day):
    with undone(), translation.override(language):
        fill(texts, day)
        for kind in KINDS.values():
            rows = kind.model.objects.order_by("pk")
            content = b"".join(Export(kind, rows, user=None).file(format_))
            sheet = engine.read_file(content, kind)

            plan = engine.check(sheet, kind, user=None)

            assert sheet.mapping.unknown == []
            assert [(line.cells, line.errors) for line in plan.lines if line.verdict != "unchanged"] == [], kind.name
            assert len(plan.lines) == Export(kind, rows, user=None).count()


def fill(texts, day):
    """Rows with these texts wherever a text can stand, as the services store them."""
    upper, lower = (unit(number, text) for number, text in enumerate(texts[:2]))
    places = [position(number, text) for number, text in enumerate(texts[2:4])]
    boss = person(
        0, texts[4], texts[5], day, org_unit=upper, position=places[0], country="CO", national_id="0012345678"
    )
    clerk = person(1, texts[5], texts[4], day, org_unit=lower, reports_to=boss, work_phone="+584121234567")
    person(2, texts[6], texts[7], day, org_unit=upper, position=places[1], status="terminated", ended_on=day)
    OrgUnit.objects.filter(pk=lower.pk).update(parent=upper, head=clerk)
    event = make_event(**named("title", 0, texts[6]), state="closed")
    first, second = make_session(event, 1), make_session(event, 2)
    for who, outcome in ((boss, Outcome.PRESENT), (clerk, Outcome.PENDING)):
        row = make_attendance(event, who, "confirmed", outcome)
        for session in (first, second):
            SessionMark.objects.create(attendance=row, session=session, outcome=outcome)


def named(field, number, text):
    """A code that begins as the text does, and the text."""
    model = {"name": OrgUnit, "title": Position}[field]
    values = clean_catalogue(model, {"code": f"{text[:12]}-{number}", field: f"{text}"})
    return values if values[field] else values | {field: "x"}


def unit(number, text):
    return OrgUnit.objects.create(**named("name", number, text))


def position(number, text):
    return Position.objects.create(**named("title", number, text))


def person(number, first, last, day, **values):
    asked = {"code": f"{first[:12]}-{number}", "first_name": first, "last_name": last, "hired_on": day} | values
    asked |= {"birth_date": day - timedelta(days=365)} if day.year > 1902 else {}
    stored = clean_employee(asked, country=values.get("country", "VE"))
    return make_employee(**stored | {name: "x" for name in ("first_name", "last_name") if not stored[name]})
