import contextlib
import threading
from datetime import date

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from core.context import changing, current_change
from core.errors import DomainError
from hr.models import Employee, OrgUnit, Position
from hr.services import writing
from hr.services.writing import (
    business_atomic,
    complete,
    constraint_error,
    insert,
    insert_stored,
    record,
    remove,
    write,
)
from tests.factories import make_employee, make_position, make_unit, make_user


@business_atomic
def titled(row, title, *, actor=None, fail=False):
    row.title = title
    write([row], ["title"])
    if fail:
        raise DomainError("No.")


def test_row_and_history_are_written_together_or_not_at_all(analyst):
    with pytest.raises(DomainError):
        titled(analyst, "X", fail=True)

    analyst.refresh_from_db()
    assert (analyst.title, analyst.version, analyst.history.count()) == ("Analista", 1, 1)


def test_a_write_equals_its_history(analyst):
    titled(analyst, "Analista I")

    analyst.refresh_from_db()
    told = analyst.history.first()
    assert told.history_type == "~"
    for column in Position._meta.concrete_fields:
        assert getattr(told, column.attname) == getattr(analyst, column.attname)


def test_an_insert_gives_keys_and_first_versions(db):
    @business_atomic
    def work(*, actor=None):
        rows = insert([Position(code=f"P{number}", title="x") for number in range(2500)])
        record([row.pk for row in rows], Position, "+")
        return rows

    rows = work()

    assert {row.code: row.pk for row in rows} == dict(Position.objects.values_list("code", "pk"))
    assert Position.history.filter(version=1, history_type="+").count() == 2500


TEXTS = [
    "plain", "50 %", "%s", "%%", "%(code)s", "it's", 'say "x"', "back\\slash", "\\'; DROP TABLE hr_position; -- ", "''",
    "two\nlines", "a\x1ab", "Ñandú", "🧑‍💻", "), (", "NULL", "{0}", "0x41", "?", "\\",
]  # fmt: skip


@business_atomic
def stored(rows, *, actor=None):
    return insert_stored(Position, rows)


def test_texts_are_stored_as_they_are_whatever_they_hold(db):
    rows = [{"code": f"P{number}", "title": text} for number, text in enumerate(TEXTS)]

    keys = stored(rows)

    for kept in (Position.objects.filter(pk__in=keys), Position.history.filter(id__in=keys)):
        assert {row.code: row.title for row in kept} == {row["code"]: row["title"] for row in rows}


def test_keys_are_those_of_the_rows_in_the_order_given(db):
    codes = [f"P{number * 7919 % 2501:04}" for number in range(2501)]

    keys = stored([{"code": code, "title": "x"} for code in codes])

    of_codes = dict(Position.objects.values_list("code", "pk"))
    assert keys == [of_codes[code] for code in codes]
    assert sorted(Position.history.values_list("id", flat=True)) == sorted(keys)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_statement_longer_than_a_server_takes_becomes_several(db, monkeypatch, count):
    monkeypatch.setattr(writing, "STATEMENT_LENGTH", 300)

    keys = stored([{"code": f"P{number}", "title": "x" * 100} for number in range(count)])

    assert list(Position.objects.order_by("code").values_list("pk", "title")) == [(key, "x" * 100) for key in keys]


def test_history_is_of_the_rows_named_in_whatever_order(db):
    keys = sorted(stored([{"code": f"P{number}", "title": "x"} for number in range(6)]))

    @business_atomic
    def noted(named, *, actor=None):
        record(named, Position, "~")

    for named in ([keys[4], keys[1]], keys[3:1:-1], [keys[5]], keys[:3], [keys[2], keys[3], keys[5]]):
        Position.history.filter(history_type="~").delete()
        noted(named)
        assert sorted(Position.history.filter(history_type="~").values_list("id", flat=True)) == sorted(named)


def test_completing_a_new_row_is_no_second_version(db):
    @business_atomic
    def work(*, actor=None):
        [row] = insert([Position(code="P", title="x")])
        row.title = "y"
        complete([row], ["title"])
        record([row.pk], Position, "+")

    work()

    assert Position.objects.values_list("title", "version").get() == ("y", 1)
    assert Position.history.get().title == "y"


def test_nothing_to_write_is_no_query(db, django_assert_num_queries):
    with django_assert_num_queries(0, using="business"):
        assert insert([]) == write([], ["title"]) == []
        assert remove([]) == 0
        complete([], ["title"])
        record([], Position, "~")


def test_the_search_text_follows_every_write(beto):
    @business_atomic
    def work(*, actor=None):
        beto.national_id = "V-99"
        write([beto], ["national_id"])

    work()

    assert Employee.objects.get(pk=beto.pk).search_personal == "v-99 v99 +584121234567"


def test_a_service_stamps_actor_source_request_and_job(analyst):
    user = make_user(full_name="Inés Gil")

    with changing(source="ui", request_id="r-1", job_id=7):
        titled(analyst, "X", actor=user)
        titled(analyst, "Y", actor=user, source="import")

    second, first = analyst.history.all()[:2]
    assert (first.history_user_id, first.history_user_name) == (user.pk, "Inés Gil")
    assert (first.history_source, first.history_request_id, first.history_job_id) == ("ui", "r-1", 7)
    assert second.history_source == "import"
    assert current_change().user_id is None


def test_a_service_within_a_service_joins_its_transaction(analyst):
    @business_atomic
    def outer(*, actor=None):
        titled(analyst, "X", actor=actor)
        raise DomainError("No.")

    with pytest.raises(DomainError):
        outer()

    assert Position.objects.get().title == "Analista"


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_runs_the_whole_service_again():
    tries = []

    @business_atomic
    def work(*, actor=None):
        tries.append(connections["business"].in_atomic_block)
        make_position(code=f"P{len(tries)}")
        if len(tries) < 3:
            raise OperationalError(1213, "Deadlock found when trying to get lock")

    work()

    assert tries == [True, True, True]
    assert list(Position.objects.values_list("code", flat=True)) == ["P3"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("code", "tries"), [(1213, 4), (2006, 1)])
def test_only_deadlocks_are_tried_again_and_not_for_ever(code, tries):
    counted = []

    @business_atomic
    def work(*, actor=None):
        counted.append(1)
        raise OperationalError(code, "…")

    with pytest.raises(OperationalError):
        work()

    assert len(counted) == tries


def test_within_somebody_elses_transaction_nothing_is_tried_again(db):
    counted = []

    @business_atomic
    def work(*, actor=None):
        counted.append(1)
        raise OperationalError(1213, "…")

    with pytest.raises(OperationalError):
        work()

    assert len(counted) == 1


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_services_that_lock_each_other_out_both_succeed():
    rows = [make_position(code="A"), make_position(code="B")]
    both_hold_one = threading.Barrier(2, timeout=10)

    @business_atomic
    def work(first, second, *, actor=None):
        write(list(Position.objects.lock([first.pk])), ["title"])
        with contextlib.suppress(threading.BrokenBarrierError):  # broken at the second try
            both_hold_one.wait(timeout=2)
        write(list(Position.objects.lock([second.pk])), ["title"])

    def run(first, second):
        try:
            work(first, second)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in (rows, rows[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(Position.objects.values_list("version", flat=True)) == {3}


def test_an_integrity_error_without_a_rule_stays_what_it_is(db):
    with pytest.raises(IntegrityError), transaction.atomic(using="business"):
        make_employee(org_unit_id=None)


@pytest.mark.django_db(transaction=True)
def test_a_row_removed_while_another_is_pointed_at_it_is_told_in_words():
    unit = make_unit()

    @business_atomic
    def hire(*, actor=None):
        OrgUnit.objects.filter(pk=unit.pk).delete()  # as somebody else would, after it was seen
        values = {"first_name": "Ana", "last_name": "Gil", "hired_on": date(2024, 1, 1)}
        insert([Employee(code="E1", org_unit_id=unit.pk, **values)])

    with pytest.raises(DomainError) as raised:
        hire()

    assert str(raised.value) == "A record that this one refers to was removed meanwhile. Choose another one."
    # SQLite looks when the transaction ends, and does not name the column.
    assert raised.value.field == (None if connections["business"].vendor == "sqlite" else "org_unit")
    assert OrgUnit.objects.exists()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_refers_to_meanwhile_stays_and_says_why():
    position = make_employee(position=make_position()).position

    @business_atomic
    def work(*, actor=None):
        rows = Position.objects.filter(pk=position.pk)
        rows._raw_delete("business")  # what a delete comes to after it found nobody there

    with pytest.raises(DomainError, match="Another record has come to refer to this one"):
        work()

    assert Position.objects.exists()


def test_an_error_that_names_no_rule_is_raised_again():
    error = IntegrityError("NOT NULL constraint failed: hr_employee.org_unit_id")

    with pytest.raises(IntegrityError) as raised:
        constraint_error(error)

    assert raised.value is error
