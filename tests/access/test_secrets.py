"""No question has an answer that depends on what the one who asks may not know.

The pages are asked once, then everything he may not know is made something else, then they are asked again: the answers
must be the same, byte for byte. Whatever a list, a filter, an order, a lookup, a search, a count or a choice could tell
is found by this, without a rule for each.
"""

from urllib.parse import quote, unquote

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldError

from hr.models import Employee, OrgUnit, Position
from tests.access.addresses import all_addresses
from tests.access.readers import Reader, difference
from tests.access.rows import Rows
from tests.access.secrets import TELLING, lookups, scramble
from tests.access.table import PAGES, lists, sees, targets
from tests.access.turns import turn
from tests.hr.personas import PERSONAL, sentinels, unit_sentinels

EVERYTHING = ["lists", "by_lookup", "by_search", "choices", "pages", "own_pages"]
ASKING = {
    "boss": EVERYTHING,
    "plain": EVERYTHING,
    "head": ["by_lookup", "choices", "pages", "own_pages"],
    "grant_employee": ["lists", "by_search", "pages"],
    "delegate": ["pages"],
    "grant_personal": ["by_search", "pages"],
    "grant_change": ["pages"],
    "grant_hire": ["pages"],
}
# The others are asked on the embedded databases.
ON_SERVERS = {"plain", "grant_employee", "delegate", "grant_change"}
PEOPLE = (Employee, OrgUnit, Position)
REFUSED = {400, 403, 404}
# By the other questions, or where the answer is another each time.
ASKED_ELSEWHERE = {"changelist", "change", "history", "delete", "short", "autocomplete", "screen", "jsi18n"}


@pytest.mark.parametrize(
    ("key", "ask"), [turn(key, ask, on_servers=key in ON_SERVERS) for key, asked in ASKING.items() for ask in asked]
)
def test_no_answer_depends_on_what_one_may_not_know(key, ask, readers, rows, watch):
    reader = readers[key]
    questions = list(dict.fromkeys(QUESTIONS[ask](reader, rows)))
    with watch.undone():
        before = {url: asked(reader, url, watch) for url in questions}
        scramble(reader)
        after = {
            url: asked(reader, url, watch) if before[url].status not in REFUSED else before[url] for url in questions
        }

    telling = [url for url in questions if before[url] != after[url]]
    assert {url: difference(before[url], after[url])[:6] for url in telling[:5]} == {}
    leaks = {url: found for url in questions if (found := reader.leaks(before[url], asked=unquote(url)))}
    assert leaks == {}


def open_lists(reader: Reader):
    """(admin, address of the list) of the lists that open to the persona."""
    for model, page in admin.site._registry.items():
        if lists(reader.persona, model._meta.label_lower):
            yield page, f"/{model._meta.app_label}/{model._meta.model_name}/"


def ask_lists(reader: Reader, rows: Rows):
    for page, address in open_lists(reader):
        columns = range(len(page.list_display) + 2)
        for number in columns:
            yield f"{address}?o={number}"
        yield from (f"{address}?{query}" for query in ("_facets=True", "_popup=1"))
        if page.model in PEOPLE:
            names = {field.name for field in page.model._meta.concrete_fields} & TELLING
            yield from (f"{address}?_popup=1&_to_field={name}" for name in sorted(names))
        yield from (f"{address}?{name}={value}" for name, value in filters(page, rows))
        if page.model is Employee and "Manager" in reader.persona.roles:
            yield from (f"{address}export/csv/?o={number}" for number in columns)


def filters(page, rows: Rows):
    """Every filter of the list with values that name something unseen, or nothing."""
    for item in page.list_filter:
        name = item if isinstance(item, str) else item[0] if isinstance(item, list | tuple) else item.parameter_name
        fields = {field.name: field for field in page.model._meta.concrete_fields}
        if name in fields and fields[name].related_model:
            for row in rows.by_model[fields[name].related_model][:6]:
                yield f"{name}__id__exact", row.pk
        else:
            yield from ((name, value) for value in ("none", "left", "no", "CO"))
        yield f"{name}__gte", "2000-01-01"


def asked(reader: Reader, url: str, watch):
    """The answer, of which nothing stays: an export is noted in a log that is a list itself."""
    with watch.undone():
        return reader.get(url)


def ask_by_lookup(reader: Reader, rows: Rows):
    for page, address in open_lists(reader):
        for path in lookups(page.model):
            for value in values_of(page.model, path):
                yield f"{address}?{path}={quote(value)}"
            yield f"{address}?{path}__startswith={quote(value[:5])}"


def values_of(model, path):
    """Some of what stands at the end of the path: exactly what must not be found out."""
    try:
        found = model._base_manager.exclude(**{path: None}).values_list(path, flat=True).distinct()
        values = sorted(str(value) for value in found[:40])
        return values[len(values) // 2 :][:1] or ["z"]
    except (FieldError, ValueError):
        return ["z"]


def terms(reader: Reader) -> list[str]:
    """What is known of people and units he does not see, and personal data of people he does."""
    who, found = reader.persona, []
    for key in ("fabio", "luisa"):
        values = sentinels(key)
        hidden = values if key not in who.sees else {name: values[name] for name in PERSONAL if key not in who.personal}
        found += [value.removeprefix("V-").removeprefix("+58") for value in hidden.values()]
    found += unit_sentinels("company").values() if "company" not in who.units else []
    return [*found, "z"]


def ask_by_search(reader: Reader, rows: Rows):
    for term in terms(reader):
        yield f"/search/?s={quote(term)}"
        for page, address in open_lists(reader):
            if page.model in PEOPLE or (page.search_fields and term == "z"):
                yield f"{address}?q={quote(term)}"


def ask_choices(reader: Reader, rows: Rows):
    for model in admin.site._registry:
        for field in model._meta.get_fields():
            if field.related_model and not field.auto_created and field.concrete:
                name = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field.name}"
                yield from (f"/autocomplete/?term={quote(term)}&{name}" for term in ("", *terms(reader)[:4]))


def ask_pages(reader: Reader, rows: Rows):
    yield from ("/", "/hr/orgunit/chart/", "/hr/employee/add/", "/hr/orgunit/add/", "/hr/employee/delegations/")
    for row in rows:
        if row.model in admin.site._registry and sees(reader.persona, row):
            address = f"/{row.model._meta.app_label}/{row.model._meta.model_name}/{row.pk}/"
            yield from (f"{address}{page}/" for page in ("change", "history", "delete"))
            if row.model is Employee:
                yield from (f"{address}{page}/" for page in ("reasons", "move", "change_boss"))
                yield from (f"{address}change/?_to_field={name}" for name in ("code", "national_id", "uid"))
            if row.label == "hr.orgunit":
                yield f"/hr/orgunit/chart/level/?below={row.pk}"


def ask_own_pages(reader: Reader, rows: Rows):
    """Every page that is not a list, a form or a history, of every model, about rows he sees."""
    for address in all_addresses():
        page = PAGES.get(address.kind)
        if page is None or page.public or address.kind in ASKED_ELSEWHERE:
            continue
        if page.row is None:
            yield from (address.url(**arguments) for arguments in page.args)
            continue
        model = apps.get_model(page.of) if page.of else address.model
        for row in targets(rows.by_model[model], reader.persona):
            if sees(reader.persona, row) and not page.granted and page.only in (None, address.model._meta.label_lower):
                yield address.url(**{page.row: row.pk})


QUESTIONS = {
    "lists": ask_lists,
    "by_lookup": ask_by_lookup,
    "by_search": ask_by_search,
    "choices": ask_choices,
    "pages": ask_pages,
    "own_pages": ask_own_pages,
}
