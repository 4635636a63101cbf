"""A table understood: which column is which field, how its dates are to be read, and what its cells hide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from hr.loading.dates import date_columns, date_order, read_serials
from hr.loading.errors import OpenQuestion
from hr.loading.foot import leave_out_headers, leave_out_totals
from hr.loading.full_names import find_full_names, split_full_names
from hr.loading.mapping import (
    FULL_NAME,
    SESSION,
    Columns,
    Mapping,
    find_columns,
    header_sha256,
    suggest,
    told_double,
    told_unknown,
)
from hr.loading.matrix import SessionsByDay, find_sessions, unfold
from hr.loading.options import Options, Reading
from hr.loading.reading import Table, read_table
from hr.loading.surroundings import fill_merged, note_blank_rows, note_surroundings
from hr.loading.unreadable import find_unreadable
from hr.resources.base import SpreadsheetResource

SAMPLE_ROWS = 5
# Without an answer to these nothing sensible can be loaded.
MUST_BE_ANSWERED = frozenset({"columns", "duplicate", "event", "date_order"})
# What was remembered of a header, by its `header_sha256`.
Recall = Callable[[str], Options | None]


@dataclass(frozen=True)
class Recognised:
    """What was found, and the table to be read by the mapping: a list, whatever the sheet looked like."""

    reading: Reading
    table: Table
    mapping: Mapping


def recognise_file(
    content: bytes,
    resource: SpreadsheetResource,
    options: Options | None = None,
    *,
    of_events: bool = False,
    event_chosen: bool = False,
    sessions: SessionsByDay = dict,
    recall: Recall | None = None,
) -> Recognised:
    """Raises UnusableFile for what is no table; what only the loader knows is among the reading's questions.

    `of_events`: every row needs an event, from a column or chosen with the file.
    """
    options = options or Options()
    table = read_table(content, resource.recognise, options)
    reading = _begun(table)
    remembered = (recall(reading.header_sha256) if recall else None) or Options()
    options = options.over(replace(remembered, date_order=None))
    columns = find_columns(table, resource, options)
    note_blank_rows(table, reading)
    table = _without_others(table, reading)
    fill_merged(table, columns, reading)
    find_full_names(table, columns, resource, options, reading)
    at_sessions = find_sessions(table, columns, resource, options)
    for position in at_sessions:
        columns.fields[position] = SESSION
    _describe(table, columns, resource, reading)
    find_unreadable(table, columns, reading)
    days = date_columns(columns, resource)
    read_serials(table, columns, days, reading)
    order = date_order(table, columns, days, reading, chosen=options.date_order, usual=remembered.date_order)
    note_surroundings(table, columns, resource, reading)
    _ask_about_columns(columns, resource, reading, event_known=event_chosen or not of_events)
    if FULL_NAME in columns.positions and options.split_names:
        reading.split_names = True
        table, columns = split_full_names(table, columns, resource, options, reading)
    if at_sessions:
        reading.matrix = True
        table, columns = unfold(table, columns, at_sessions, resource, sessions, reading, order)
    reading.rows = len(table.rows)
    return Recognised(reading, table, columns.mapping(resource, order))


def require_answers(reading: Reading, *, every: bool = False) -> None:
    """Raise OpenQuestion if something only the loader knows is open; with `every` also where a guess would do."""
    for question in reading.questions:
        if every or question.code in MUST_BE_ANSWERED:
            raise OpenQuestion(question.message, question.code)


def _begun(table: Table) -> Reading:
    source = table.source
    is_workbook = source.format == "xlsx"
    return Reading(
        format=source.format,
        sheets=list(source.ways) if is_workbook else [],
        sheet=source.way if is_workbook else "",
        encoding=source.encoding,
        delimiter="" if is_workbook else source.way,
        header_row=source.header_row,
        headers=table.headers,
        header_sha256=header_sha256(table.headers),
    )


def _without_others(table: Table, reading: Reading) -> Table:
    rows = leave_out_headers(leave_out_totals(table.rows, reading), table.headers, reading)
    if not rows:
        reading.note("no_rows", _("There is a header, and no row below it."))
    return Table(table.headers, rows, table.source, table.faults)


def _describe(table: Table, columns: Columns, resource: SpreadsheetResource, reading: Reading) -> None:
    """The columns as they stand in the file, before any is taken apart."""
    doubled = {second: columns.fields[first] for first, second in columns.doubles}
    reading.columns = [(header, name) for header, name in zip(columns.headers, columns.fields, strict=True)]
    reading.sample = [[str(cell) for cell in row[: len(columns.headers)]] for _number, row in table.rows[:SAMPLE_ROWS]]
    if not doubled:
        suggest(columns, resource, reading)


def _ask_about_columns(columns: Columns, resource: SpreadsheetResource, reading: Reading, *, event_known: bool) -> None:
    if not columns.positions:
        reading.ask("columns", told_unknown(columns.headers, resource))
    for first, second in columns.doubles:
        reading.ask("duplicate", told_double(columns, first, second), column=columns.headers[second])
    if not event_known and "event" not in columns.positions:
        message = _(
            "Nothing says which event the file is about. Choose the event together with the file, or add a column."
        )
        reading.ask("event", message)
