"""Every address of the product, for every persona, about rows he sees and rows he does not: GET and POST."""

import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory

from hr.models import Event, EventKind, OrgUnit, Position
from tests.access.addresses import Address, all_addresses
from tests.access.forms import filled
from tests.access.readers import Answer, Reader, difference
from tests.access.rows import Row, Rows
from tests.access.table import PAGES, Page, nobody, sees, targets
from tests.access.turns import turn
from tests.hr.personas import PERSONAS

NOBODYS_KEY = 4_499_999
UNKNOWN = Page(nobody)
ADDRESSES = all_addresses()
BARRED = [key for key, persona in PERSONAS.items() if not persona.may_log_in]
LOGGED_IN = [key for key in PERSONAS if key not in BARRED]
# The persona who may do all, the head of a unit, a member, and a stranger.
ALWAYS = ("administrator", "head", "plain", "manager_elsewhere")
# Which personas are asked where goes round, so that each is asked a lot on either.
TURNS = [
    turn(on_servers, on_servers=on_servers, id=name) for name, on_servers in (("embedded", False), ("servers", True))
]


def page_of(address):
    return PAGES.get(address.kind, UNKNOWN)


def ids(address):
    return str(address)


def never(row):
    """A key like the row's that no row ever had."""
    return uuid.UUID(int=row.pk.int + NOBODYS_KEY) if isinstance(row.pk, uuid.UUID) else NOBODYS_KEY


def test_every_address_stands_in_the_table():
    assert [f"{address} ({address.route})" for address in ADDRESSES if address.kind not in PAGES] == []


def test_the_auditor_is_offered_to_change_nothing(world):
    """But to have read what he was told himself."""
    request = RequestFactory().get("/")
    request.user = world.user("auditor")

    offered = {name for shown in admin.site._registry.values() for name in shown.get_actions(request)}

    assert offered == {"mark_as_read"}


def test_the_table_holds_no_address_that_is_gone():
    assert PAGES.keys() - {address.kind for address in ADDRESSES} == set()


@pytest.mark.parametrize("address", [a for a in ADDRESSES if page_of(a).row], ids=ids)
@pytest.mark.parametrize("on_servers", TURNS)
def test_pages_about_a_row(on_servers, address, readers, rows, watch, world):
    forms: dict[Row, dict[str, object]] = {}
    for reader in whose_turn(on_servers, address, readers, LOGGED_IN):
        unknown: dict[object, tuple[Answer, Answer]] = {}
        for row in targets(rows_of(address, rows), reader.persona):
            url, nowhere = url_of(address, rows, row), url_of(address, rows, row, never(row))
            if row not in forms:
                forms[row] = filled(readers["administrator"].get(url), address, world)
            if not is_there(reader, address, row) and nowhere not in unknown:
                unknown[nowhere] = ask(reader, nowhere, never(row), forms[row], watch)
            check_row(reader, address, row, url, unknown.get(nowhere), forms[row], watch)
    watch.assert_unchanged(str(address))


def whose_turn(on_servers: bool, address: Address, readers: dict[str, Reader], keys: list[str]) -> list[Reader]:
    """On the embedded databases some at every address and a third of the others, on the servers the rest."""
    embedded = {key for number, key in enumerate(keys, ADDRESSES.index(address)) if key in ALWAYS or number % 3 == 0}
    return [readers[key] for key in keys if (key in embedded) != on_servers]


def rows_of(address: Address, rows: Rows) -> list[Row]:
    page = page_of(address)
    model = apps.get_model(page.of) if page.of else address.model
    return [row for row in rows.by_model[model] if not page.granted or rows.grant_on(row)]


def url_of(address: Address, rows: Rows, row: Row, key=None) -> str:
    page = page_of(address)
    grant = {"kind": "user", "grant_id": rows.grant_on(row).pk} if page.granted else {}
    return address.url(**{page.row: key or row.pk}, **grant)


def ask(reader: Reader, url: str, key, form, watch) -> tuple[Answer, Answer]:
    """The answers to a GET and to a POST, of which nothing may come."""
    with watch.unchanged(f"{reader} at {url}"):
        got, posted = reader.get(url), reader.post(url, form)
    for answer in (got, posted):
        assert reader.leaks(answer, asked=f"{url} {form}") == [], f"{reader} at {url}"
    return got.about(key), posted.about(key)


def is_there(reader: Reader, address: Address, row: Row) -> bool:
    """For the reader, and on the pages of this model."""
    return sees(reader.persona, row) and page_of(address).only in (None, address.model._meta.label_lower)


def check_row(reader: Reader, address: Address, row: Row, url: str, unknown, form, watch) -> None:
    page, who, told = page_of(address), reader.persona, f"{reader} at {address} about {row}"
    if is_there(reader, address, row):
        got = reader.get(url)
        assert reader.leaks(got, asked=url) == [], told
        wanted = (302 if page.leads_on or leads_elsewhere(address) else 200) if page.opens(who, row) else None
        assert got.status == wanted if wanted else got.status != 200, f"{told}: {got.status}"
        if not page.writes(who, row):
            with watch.unchanged(told):
                posted = reader.post(url, form)
            assert reader.leaks(posted, asked=str(form)) == [], told
    elif not page.writes(who, row):
        # To whom does not see it, the row is not there.
        for answer, to_unknown in zip(ask(reader, url, row.pk, form, watch), unknown, strict=True):
            assert answer == to_unknown, f"{told}: {difference(answer, to_unknown)}"


def leads_elsewhere(address: Address) -> bool:
    """A load has a page of its own, and what became of an export stands on its page."""
    return str(address) in {"hr.importjob.change", "hr.importjob.history", "hr.exportlog.history"}


def test_every_page_about_a_model_leads_a_stranger_to_the_login(readers):
    for address in (address for address in ADDRESSES if address.model and address.kind != "short"):
        known = dict.fromkeys(address.arguments, 1)
        answer = readers["anonymous"].get(address.url(**known))
        assert (answer.status, "/login/?next=" in answer.headers) == (302, True), str(address)


@pytest.mark.parametrize("address", [a for a in ADDRESSES if a.kind in PAGES and not page_of(a).row], ids=ids)
@pytest.mark.parametrize("on_servers", TURNS)
def test_pages_about_no_row(on_servers, address, readers, watch, world):
    page = page_of(address)
    for arguments in page.args:
        form = filled(readers["administrator"].get(address.url(**arguments)), address, world)
        for reader in whose_turn(on_servers, address, readers, list(PERSONAS)):
            who, url = reader.persona, address.url(**arguments)
            told = f"{reader} at {url}"
            got = reader.get(url)
            assert reader.leaks(got, asked=url) == [], told
            opens = page.opens(who, address.model)
            if opens and not arguments.get("name"):
                assert got.status == (302 if page.leads_on else 200), f"{told}: {got.status}"
            elif not opens:
                assert got.status != 200 or not got.text, f"{told}: {got.status}"
            if not page.writes(who, address.model) and address.kind not in SESSIONS:
                with watch.unchanged(told):
                    posted = reader.post(url, form)
                assert reader.leaks(posted, asked=str(form)) == [], told
    watch.assert_unchanged(str(address))


# They begin or end a session, which is not what is asked here.
SESSIONS = {"login", "logout", "password_change"}


@pytest.mark.parametrize("address", [a for a in ADDRESSES if not page_of(a).public], ids=ids)
def test_whoever_may_not_log_in_is_led_to_the_login(address, readers, rows, watch):
    page = page_of(address)
    row = rows_of(address, rows)[0] if page.row else None
    url = url_of(address, rows, row) if row else address.url(**page.args[0])
    with watch.unchanged(url):
        for key in BARRED:
            for answer in (readers[key].get(url), readers[key].post(url, {"action": "x", "post": "yes"})):
                led = (answer.status, "Location: /login/?next=" in answer.headers, answer.text)
                assert led == (302, True, ""), f"{key} at {url}"


DELETED_ALONE = (OrgUnit, Position, EventKind, Event)
WRITING = [
    a
    for a in ADDRESSES
    if page_of(a).writes is not nobody and page_of(a).only in (None, a.model and a.model._meta.label_lower)
]


@pytest.mark.parametrize("address", WRITING, ids=ids)
def test_the_forms_that_are_forged_do_something_for_who_may(address, readers, rows, watch, world):
    """Otherwise it would be no wonder that they do nothing for the others."""
    page, told = page_of(address), []
    for reader in (readers[key] for key in ("administrator", "hr_manager", "head")):
        about = rows_of(address, rows) if page.row else [address.model]
        for row in [row for row in about if page.writes(reader.persona, row)][:4]:
            with watch.undone():
                url = url_of(address, rows, row, fresh(address, row, rows)) if page.row else address.url()
                form = filled(reader.get(url), address, world)
                with watch.noting() as written:
                    answer = reader.post(url, form)
                if watch.changed(written):
                    return
            told.append(f"{reader} at {url}: {answer.status} {answer.notes} {answer.errors}")
    assert told == [], "nothing changed"


def fresh(address: Address, row: Row, rows: Rows):
    """What nothing points at can be deleted; of events a draft."""
    return rows.another(row).pk if address.kind == "delete" and row.model in DELETED_ALONE else row.pk
