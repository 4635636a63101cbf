"""How `hr` writes: one business transaction, one statement per table and batch, versions and history with it.

History rows are copied by the database from the rows just written, so they cannot differ from them. The library's
own bulk helpers open a transaction on the wrong database and look new rows up by every column; they are not used.
"""

from __future__ import annotations

import functools
import json
import random
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import batched, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, OperationalError, connections, models, transaction
from django.db.models import F, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from core import access
from core.context import changing
from core.errors import DomainError
from hr.models.base import BusinessModel, history_stamp

if TYPE_CHECKING:
    from core.models import User

DATABASE = "business"
BATCH = 1000
STATEMENT_LENGTH = 1_000_000  # characters: servers take from 4 MB on
DEADLOCKS = {1205, 1213}  # MySQL and MariaDB: lock wait timeout, deadlock
ATTEMPTS = 4
IS_REFERRED_TO, REFERS_TO_NOTHING = 1451, 1452  # MySQL and MariaDB: a broken foreign key, seen from either side

# What else is to be written with rows of a model, by it: told which rows, and which of their fields if not all.
FOLLOWED: dict[type[models.Model], Callable[[models.QuerySet, Collection[str]], None]] = {}
_inside: ContextVar[bool] = ContextVar("inside_business_atomic", default=False)


def business_atomic[Service: Callable[..., Any]](service: Service) -> Service:
    """Run a service in one transaction on the business database, stamped with who does it.

    The service takes `actor` (a User, or None for the system) and may be called with `source`, which the stamp takes
    and the service does not see. The outermost call is the transaction: a deadlock runs the whole function again, and
    a broken constraint becomes a DomainError in the user's words. A nested call joins it.
    """

    @functools.wraps(service)
    def run(*args: Any, source: str | None = None, **kwargs: Any) -> Any:
        with changing(**_stamp_of(kwargs.get("actor"), source)):
            if _inside.get():
                return service(*args, **kwargs)
            token = _inside.set(True)
            try:
                return _retrying(functools.partial(service, *args, **kwargs))
            finally:
                _inside.reset(token)

    return run  # type: ignore[return-value]


def _stamp_of(actor: User | None, source: str | None) -> dict[str, object]:
    stamp: dict[str, object] = {}
    if actor is not None:
        stamp |= {"user_id": actor.pk, "user_name": str(actor)[:200]}
    if source is not None:
        stamp["source"] = source
    return stamp


def _retrying(work: Callable[[], Any]) -> Any:
    # Inside somebody else's transaction (a test's) a deadlock has already undone it: no second try can help there.
    attempts = 1 if connections[DATABASE].in_atomic_block else ATTEMPTS
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic(using=DATABASE):
                return work()
        except OperationalError as error:
            if attempt == attempts or not (error.args and error.args[0] in DEADLOCKS):
                raise
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        except IntegrityError as error:
            raise constraint_error(error) from error
    raise AssertionError("unreachable")


@contextmanager
def savepoint() -> Iterator[None]:
    """Within a service: what is written inside is taken back, alone, if it fails; a broken constraint in the user's
    words."""
    try:
        with transaction.atomic(using=DATABASE):
            yield
    except IntegrityError as error:
        raise constraint_error(error) from error


def constraint_error(error: IntegrityError, models_asked: Iterable[type[models.Model]] = ()) -> DomainError:
    """The rule's own words for a broken constraint, found by its name; a broken foreign key has a sentence too.

    Raises the original error if there are no words for it.

    MariaDB names a unique column without its table, so a caller that knows the model says it.
    """
    text = str(error)
    for model in models_asked or _business_models():
        for constraint in model._meta.constraints:
            if constraint.name in text or _sqlite_names(constraint, model, text):
                return DomainError(str(constraint.violation_error_message), field=_field_of(constraint))
        for field in model._meta.local_fields:
            if field.unique and not field.primary_key and _names_unique_field(model, field, text):
                message = field.error_messages["unique"]
                values = {"model_name": model._meta.verbose_name, "field_label": field.verbose_name}
                return DomainError(str(message) % values, field=field.name)
    if broken := _broken_link(error):
        return broken
    raise error


def _broken_link(error: IntegrityError) -> DomainError | None:
    """A row that somebody removed while another was being pointed at it. SQLite does not tell which side broke."""
    code, text = (error.args or ("",))[0], str(error)
    if code == IS_REFERRED_TO:
        return DomainError(_("Another record has come to refer to this one meanwhile, so it stays."))
    if code == REFERS_TO_NOTHING or "FOREIGN KEY constraint failed" in text:
        column = re.search(r"FOREIGN KEY \(`(\w+)`\)", text)
        message = _("A record that this one refers to was removed meanwhile. Choose another one.")
        return DomainError(message, field=column[1].removesuffix("_id") if column else None)
    return None


def _field_of(constraint: models.BaseConstraint) -> str | None:
    """The form field a rule's text belongs to: the one it names first, of a unique key the last."""
    if isinstance(constraint, models.UniqueConstraint):
        return constraint.fields[-1]
    condition: Any = constraint.condition if isinstance(constraint, models.CheckConstraint) else None
    while isinstance(condition, models.Q):
        condition = condition.children[0]
    return condition[0].split("__")[0] if condition else None


def _business_models() -> Iterator[type[models.Model]]:
    return (model for model in apps.get_app_config("hr").get_models() if issubclass(model, BusinessModel))


def _sqlite_names(constraint: models.BaseConstraint, model: type[models.Model], text: str) -> bool:
    """SQLite names the columns of a broken unique constraint, not the constraint."""
    if not isinstance(constraint, models.UniqueConstraint):
        return False
    columns = [model._meta.get_field(name).column for name in constraint.fields]
    return ", ".join(f"{model._meta.db_table}.{column}" for column in columns) in text


def _names_unique_field(model: type[models.Model], field: models.Field, text: str) -> bool:
    """SQLite says table.column, MySQL says key 'table.column' (or only the key), MariaDB key 'column'."""
    return f"{model._meta.db_table}.{field.column}" in text or text.endswith(f"for key '{field.column}'\")")


def insert[Row: BusinessModel](
    rows: Sequence[Row], *, unique: str = "code", within: Mapping[str, Any] | None = None
) -> list[Row]:
    """Write new rows with their first version and give them their keys. History is the caller's `record(…, "+")`.

    `unique` names the column that finds the rows again, among those that have the values of `within`: MySQL returns no
    keys of a bulk insert.
    """
    if not rows:
        return []
    model = type(rows[0])
    now = timezone.now()
    for row in rows:
        row.version, row.created_at, row.updated_at = 1, now, now
        prepare(row)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    _insert(model, fields, (_values(row, fields) for row in rows))
    keys: dict[Any, int] = {}
    for batch in batched(rows, BATCH):
        wanted = {f"{unique}__in": [getattr(row, unique) for row in batch]}
        keys.update(model._base_manager.filter(**(within or {}), **wanted).values_list(unique, "pk"))
    for row in rows:
        row.pk = keys[getattr(row, unique)]
        row._state.adding, row._state.db = False, DATABASE
    return list(rows)


def insert_stored(
    model: type[BusinessModel], rows: Sequence[Mapping[str, Any]], *, unique: Sequence[str] = ("code",)
) -> list[int]:
    """Write new rows given by attname as the database holds them (days as ISO texts, keys of other rows), with history;
    returns their keys in order. What a row does not give is the default of its field.

    For many rows of which everything was checked: no object is made of a row, and no value prepared. `unique` names the
    columns that together find the rows again.
    """
    if not rows:
        return []
    now = timezone.now()
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    common = as_stored(model, {field.attname: field.get_default() for field in fields})
    common |= as_stored(model, {"created_at": now, "updated_at": now})
    in_order = itemgetter(*(field.attname for field in fields))
    columns = [str(model._meta.get_field(name).column) for name in (*unique, "id")] if _tells_rows() else []
    found = _insert(model, fields, (in_order(common | row) for row in rows), returning=columns)  # type: ignore[operator]
    named = [tuple(row[name] for name in unique) for row in rows]
    keys = {tuple(name): pk for *name, pk in found} if columns else find_keys(model, unique, named)
    written = [keys[name] for name in named]
    record(written, model, "+")
    return written


def find_keys(
    model: type[BusinessModel], columns: Sequence[str], values: Iterable[tuple[Any, ...]]
) -> dict[tuple[Any, ...], int]:
    """The keys of the rows there are that hold one of the `values` in these columns, by it."""
    keys: dict[tuple[Any, ...], int] = {}
    for batch in batched(values, BATCH):
        # Each column apart finds a few rows more than all together, by the index on them.
        apart = {f"{name}__in": set(column) for name, column in zip(columns, zip(*batch, strict=True), strict=True)}
        wanted = set(batch)
        for *value, pk in model._base_manager.filter(**apart).order_by().values_list(*columns, "pk"):
            if (name := tuple(value)) in wanted:
                keys[name] = pk
    return keys


def as_stored(model: type[BusinessModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, by attname, as the database holds them."""
    connection = connections[DATABASE]
    return {name: model._meta.get_field(name).get_db_prep_save(value, connection) for name, value in values.items()}


def update_by_key(model: type[models.Model], columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Set the columns of many rows in one statement per thousand: each of `rows` is a key and then the values.

    `columns` maps a column to its type in a JSON_TABLE, of whole numbers and texts. Raw, because MySQL's driver sends
    an UPDATE of many rows one by one: that would take longer than all the rest of a load.
    """
    connection = connections[DATABASE]
    table, key = _quoted(model._meta.db_table), _quoted(model._meta.pk.column)
    with connection.cursor() as cursor:
        if connection.vendor != "mysql":
            sets = ", ".join(f"{_quoted(name)} = %s" for name in columns)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE {key} = %s",  # noqa: S608  (names of the models)
                [[*values, pk] for pk, *values in rows],
            )
            return
        sets = ", ".join(f"{table}.{_quoted(name)} = new_values.v{number}" for number, name in enumerate(columns))
        paths = ", ".join(f"v{number} {kind} PATH '$[{number + 1}]'" for number, kind in enumerate(columns.values()))
        sql = (
            f"UPDATE {table} JOIN JSON_TABLE(%s, '$[*]' COLUMNS (pk BIGINT PATH '$[0]', {paths})) new_values"  # noqa: S608
            f" ON {table}.{key} = new_values.pk SET {sets}"
        )
        for batch in batched(rows, BATCH):
            cursor.execute(sql, [json.dumps(batch)])


def insert_from(model: type[models.Model], rows: models.QuerySet, values: Mapping[str, Any]) -> int:
    """Write one row of `model` for each row of the query, in its order, in one statement; returns how many.

    `values` says by attname what a column gets: a value, or an expression over the query's row. Other columns get the
    default of their field. History is the caller's `record_rows`. Raw, because the ORM knows no INSERT … SELECT.
    """
    fields = [field for field in model._meta.concrete_fields if not field.primary_key or field.attname in values]
    given = [values[field.attname] if field.attname in values else field.get_default() for field in fields]
    columns = [
        value if hasattr(value, "resolve_expression") else Value(value, output_field=field)
        for field, value in zip(fields, given, strict=True)
    ]
    try:
        sql, bound = rows.values_list(*columns).query.get_compiler(DATABASE).as_sql()
    except EmptyResultSet:
        return 0
    names = ", ".join(_quoted(field.column) for field in fields)
    with connections[DATABASE].cursor() as cursor:
        cursor.execute(f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) {sql}", bound)
        return cursor.rowcount


def insert_only(
    model: type[BusinessModel], rows: Iterable[Mapping[str, Any]], *, common: Mapping[str, Any] | None = None
) -> None:
    """Write new rows of which nobody needs the keys or history, given by attname and complete but for the key.

    `common` are the values of the columns that a row does not give.
    """
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    prepared = {field.attname: _preparer(field) for field in fields}
    shared = {name: prepared[name](value) for name, value in (common or {}).items()}
    in_order = itemgetter(*prepared)
    _insert(
        model,
        fields,
        (in_order(shared | {name: prepared[name](value) for name, value in row.items()}) for row in rows),
    )


def _preparer(field: models.Field) -> Callable[[Any], Any]:
    """What makes a value of the field one of the driver's. Most rows share their values, or need nothing made."""
    connection = connections[DATABASE]
    if isinstance(field, models.JSONField):
        return json.dumps
    known: dict[Any, Any] = {}

    def prepared(value: Any) -> Any:
        if value is None or value.__class__ is str or value.__class__ is int:
            return value
        if value not in known:
            known[value] = field.get_db_prep_save(value, connection)
        return known[value]

    return prepared


def write[Row: BusinessModel](rows: Sequence[Row], fields: Collection[str], *, reason: str = "") -> list[Row]:
    """Update the named fields of rows read under the caller's lock: version +1, one history row each.

    `reason` goes to the history, cut to the 100 characters it holds.
    """
    if not rows:
        return []
    model = type(rows[0])
    now = timezone.now()
    for row in rows:
        row.version, row.updated_at = row.version + 1, now
        prepare(row)
    complete(rows, [*fields, *getattr(model, "DERIVED_FIELDS", ()), "version", "updated_at"])
    record([row.pk for row in rows], model, "~", reason=reason, fields=fields)
    return list(rows)


def complete[Row: BusinessModel](rows: Sequence[Row], fields: Iterable[str]) -> None:
    """Set fields that rows just inserted could not have yet, before `record` copies the rows to their history."""
    if not rows:
        return
    model = type(rows[0])
    columns: list[Any] = [model._meta.get_field(name) for name in dict.fromkeys(fields)]
    sql = "UPDATE {table} SET {sets} WHERE {key} = %s".format(  # noqa: S608  (names of the models)
        table=_quoted(model._meta.db_table),
        sets=", ".join(f"{_quoted(field.column)} = %s" for field in columns),
        key=_quoted(model._meta.pk.column),
    )
    _update(model, sql, ([*_values(row, columns), row.pk] for row in rows))


def remove[Row: BusinessModel](rows: Sequence[Row]) -> int:
    """Delete rows one by one, and the grants on them; history keeps their last values.

    Raises DomainError if something points at one.
    """
    if not rows:
        return 0
    model, keys = type(rows[0]), [row.pk for row in rows]
    for row in rows:
        try:
            row.delete()
        except models.ProtectedError as error:
            raise DomainError(_("Other records refer to %(row)s, so it stays.") % {"row": row}) from error
    transaction.on_commit(functools.partial(access.forget, model, keys), using=DATABASE)
    return len(rows)


def remove_lines(model: type[BusinessModel], keys: Sequence[int]) -> None:
    """Delete rows that nothing points at and nobody holds a grant on; history keeps their last values."""
    record(keys, model, "-")
    for batch in batched(keys, BATCH):
        model._base_manager.filter(pk__in=batch)._raw_delete(DATABASE)


def remove_unused(model: type[BusinessModel], keys: Sequence[int], *, reason: str = "") -> None:
    """Delete many rows at which nothing points but they themselves, and the grants on them; history keeps their values.

    Links among them are cut first: the server deletes in the order of the keys, whoever stands above whom.
    """
    record(keys, model, "-", reason=reason)
    own = [field.name for field in model._meta.concrete_fields if field.related_model is model]
    for batch in batched(keys, BATCH):
        if own:
            model._base_manager.filter(pk__in=batch).update(**dict.fromkeys(own))
    for batch in batched(keys, BATCH):
        model._base_manager.filter(pk__in=batch)._raw_delete(DATABASE)
    transaction.on_commit(functools.partial(access.forget, model, list(keys)), using=DATABASE)


def write_rows(
    rows: models.QuerySet, values: Mapping[str, Any], *, among: models.QuerySet | None = None, reason: str = ""
) -> int:
    """Update all rows of the query, in one statement and one for their history; returns how many.

    Values that take a row out of the query need the rows `among` which it is found again, by the moment of writing.
    """
    now = timezone.now()
    count = rows.update(**values, version=F("version") + 1, updated_at=now)
    record_rows((rows if among is None else among).filter(updated_at=now), "~", reason=reason, fields=values.keys())
    return count


def record(
    keys: Sequence[int], model: type[BusinessModel], kind: str, *, reason: str = "", fields: Collection[str] = ()
) -> None:
    """Copy the rows as they stand now into the model's history: '+' created, '~' changed, '-' deleted; and do what
    follows from it (FOLLOWED). `fields` were changed.
    """
    if hasattr(model, "history"):
        for batch in batched(keys, BATCH):
            # Of rows just written the keys follow one another, and two of them say so in a word.
            follow = batch == tuple(range(batch[0], batch[0] + len(batch)))
            named: dict[str, Any] = {"pk__range": (batch[0], batch[-1])} if follow else {"pk__in": batch}
            record_rows(model._base_manager.filter(**named), kind, reason=reason, fields=fields)


def record_rows(rows: models.QuerySet, kind: str, *, reason: str = "", fields: Collection[str] = ()) -> None:
    """The same for all rows of a query, in one statement."""
    model: Any = rows.model
    own = {field.attname: F(field.attname) for field in model._meta.concrete_fields}
    stamp = history_stamp() | {
        "history_date": timezone.now(),
        "history_type": kind,
        "history_change_reason": reason[:100] or None,
    }
    insert_from(model.history.model, rows.order_by(), own | stamp)
    if follow := FOLLOWED.get(model):
        follow(rows, fields)


def prepare(row: BusinessModel) -> None:
    """What a row derives from its own fields, such as the folded search text of an employee."""
    refresh = getattr(row, "refresh_search", None)
    if refresh:
        refresh()


def _quoted(name: str) -> str:
    return connections[DATABASE].ops.quote_name(name)


def _values(row: models.Model, fields: Iterable[models.Field]) -> list[Any]:
    connection = connections[DATABASE]  # once a row: looking it up costs as much as preparing a value
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def _insert(
    model: type[models.Model],
    fields: Sequence[models.Field],
    rows: Iterable[Sequence[Any]],
    *,
    returning: Sequence[str] = (),
) -> list[tuple[Any, ...]]:
    """Write rows of the driver's values, in the order of the fields; returns what `returning` names of them, in any
    order, which takes a server that tells it (`_tells_rows`).
    """
    connection = connections[DATABASE]
    names = ", ".join(_quoted(field.column) for field in fields)
    insertion = f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) VALUES "  # noqa: S608  (names of the models)
    found: list[tuple[Any, ...]] = []
    with _explaining(model), connection.cursor() as cursor:
        for batch in batched(rows, BATCH):
            if connection.vendor != "mysql":
                cursor.executemany(f"{insertion}({', '.join(['%s'] * len(fields))})", batch)
                continue
            for part in _statements(_literals(batch)):
                told = f" RETURNING {', '.join(map(_quoted, returning))}" if returning else ""
                cursor.execute(f"{insertion}{', '.join(part)}{told}")
                found += cursor.fetchall() if returning else ()
    return found


def _tells_rows() -> bool:
    """Whether the server answers an INSERT of many rows with the rows."""
    connection = connections[DATABASE]
    return connection.vendor == "mysql" and connection.features.can_return_rows_from_bulk_insert


def _literals(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Each row as MySQL's driver writes it into a statement. What all rows share is written once, and of the others no
    more is asked than their type: the driver takes longer for its values, in Python, than the server for the rows.
    """
    driver = connections[DATABASE].connection

    def literal(value: Any) -> bytes:
        if value.__class__ is str:
            return driver.string_literal(value.encode())
        if value.__class__ is int:
            return b"%d" % value
        return b"NULL" if value is None else driver.literal(value)

    columns = [
        repeat(literal(column[0]), len(rows)) if column.count(column[0]) == len(rows) else map(literal, column)
        for column in zip(*rows, strict=True)
    ]
    return (f"({values.decode()})" for values in map(b", ".join, zip(*columns, strict=True)))


def _statements(rows: Iterable[str]) -> Iterator[list[str]]:
    """The rows in parts that a server takes as one statement."""
    part: list[str] = []
    length = 0
    for row in rows:
        if part and length + len(row) > STATEMENT_LENGTH:
            yield part
            part, length = [], 0
        part.append(row)
        length += len(row)
    if part:
        yield part


def _update(model: type[models.Model], sql: str, values: Iterable[Sequence[Any]]) -> None:
    with _explaining(model), connections[DATABASE].cursor() as cursor:
        for batch in batched(values, BATCH):
            cursor.executemany(sql, batch)


@contextmanager
def _explaining(model: type[models.Model]) -> Iterator[None]:
    """Broken constraints of the model in the user's words."""
    try:
        yield
    except IntegrityError as error:
        raise constraint_error(error, [model]) from error
