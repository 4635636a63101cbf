"""Every address of the product, for every persona, about rows he sees and rows he does not: GET and POST."""

import uuid

import pytest

from tests.access.addresses import Address, all_addresses
from tests.access.forms import form_of
from tests.access.readers import Answer, Reader
from tests.access.rows import Row, Rows
from tests.access.table import NEVER, PAGES, Page, changes, sees, targets
from tests.hr.personas import PERSONAS

NOBODYS_KEY = 4_499_999
ADDRESSES = all_addresses()
BARRED = [key for key, persona in PERSONAS.items() if not persona.may_log_in]


def ids(address):
    return str(address)


def never(row):
    """A key like the row's that no row ever had."""
    return uuid.UUID(int=row.pk.int + NOBODYS_KEY) if isinstance(row.pk, uuid.UUID) else NOBODYS_KEY


def test_every_address_stands_in_the_table():
    assert [f"{address} ({address.route})" for address in ADDRESSES if address.kind not in PAGES] == []


def test_the_table_holds_no_address_that_is_gone():
    assert PAGES.keys() - {address.kind for address in ADDRESSES} == set()


@pytest.mark.parametrize("address", [a for a in ADDRESSES if PAGES[a.kind].row], ids=ids)
def test_pages_about_a_row(address, readers, rows, watch, world):
    page = PAGES[address.kind]
    editor, forms = readers["administrator"], {}
    for key, reader in readers.items():
        unknown: dict[object, tuple[Answer, Answer]] = {}
        for row in targets(rows_of(address, page, rows), reader.persona):
            if row not in forms:
                forms[row] = form_of(editor, address, world, **{page.row: row.pk})
            if never(row) not in unknown:
                unknown[never(row)] = ask(reader, address, {page.row: never(row)}, forms[row], watch)
            check_row(reader, address, row, unknown[never(row)], forms[row], watch)
    watch.assert_unchanged(str(address))


def rows_of(address: Address, page: Page, rows: Rows) -> list[Row]:
    if page.of is None:
        return rows.by_model[address.model]
    return next(found for model, found in rows.by_model.items() if model._meta.label_lower == page.of)


def ask(reader: Reader, address: Address, arguments, form, watch) -> tuple[Answer, Answer]:
    """The answers to a GET and to a POST, of which nothing may come."""
    url, key = address.url(**arguments), next(iter(arguments.values()))
    with watch.unchanged(f"{reader} at {url}"):
        got, posted = reader.get(url), reader.post(url, form)
    for answer in (got, posted):
        assert reader.leaks(answer, asked=url) == [], f"{reader} at {url}"
    return got.about(key), posted.about(key)


def check_row(reader: Reader, address: Address, row: Row, unknown, form, watch) -> None:
    page, who = PAGES[address.kind], reader.persona
    url, told = address.url(**{page.row: row.pk}), f"{reader} at {address} about {row}"
    if sees(who, row):
        got = reader.get(url)
        assert reader.leaks(got, asked=url) == [], told
        wanted = (302 if page.leads_on or leads_elsewhere(address) else 200) if page.opens(who, row) else None
        assert got.status == wanted if wanted else got.status != 200, f"{told}: {got.status}"
        if not page.writes(who, row):
            with watch.unchanged(told):
                posted = reader.post(url, form)
            assert reader.leaks(posted, asked=str(form)) == [], told
    else:
        # To whom does not see it, the row is not there.
        assert ask(reader, address, {page.row: row.pk}, form, watch) == unknown, told


def leads_elsewhere(address: Address) -> bool:
    """A load has a page of its own."""
    return str(address) == "hr.importjob.change"


@pytest.mark.parametrize("address", [a for a in ADDRESSES if not PAGES[a.kind].row], ids=ids)
def test_pages_about_no_row(address, readers, watch, world):
    page = PAGES[address.kind]
    for arguments in page.args:
        form = form_of(readers["administrator"], address, world, **arguments)
        for reader in readers.values():
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


@pytest.mark.parametrize("address", [a for a in ADDRESSES if not PAGES[a.kind].public], ids=ids)
def test_whoever_may_not_log_in_is_led_to_the_login(address, readers):
    arguments = {name: 1 for name in address.arguments} | PAGES[address.kind].args[0]
    for key in BARRED:
        url = address.url(**arguments)
        for answer in (readers[key].get(url), readers[key].post(url, {"action": "x"})):
            assert (answer.status, "Location: /login/?next=" in answer.headers) == (302, True), f"{key} at {url}"


WRITING = [a for a in ADDRESSES if PAGES[a.kind].writes.__name__ != "nobody"]


@pytest.mark.parametrize("address", WRITING, ids=ids)
def test_the_forms_that_are_forged_do_something_for_who_may(address, readers, rows, watch, world):
    """Otherwise it would be no wonder that they do nothing for the others."""
    page, tried = PAGES[address.kind], []
    for key in ("administrator", "hr_manager"):
        reader = readers[key]
        for row in candidates(address, page, rows, watch):
            if not page.writes(reader.persona, row):
                continue
            arguments = {page.row: row.pk} if page.row else {}
            with watch.undone():
                answer = reader.post(address.url(**arguments), form_of(reader, address, world, **arguments))
                if watch.sums() != watch.new:
                    return
            tried.append(f"{key}: {answer.status} {answer.notes} {errors(answer)}")
    assert tried == [], "nothing changed"


def candidates(address, page, rows, watch):
    return rows_of(address, page, rows) if page.row else [address.model]


def errors(answer: Answer) -> str:
    import re
    return " ".join(re.findall(r"errorlist[^>]*>(.*?)</ul>", answer.text, re.S))[:200]
