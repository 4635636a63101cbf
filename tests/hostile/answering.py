"""What the engine says about a hostile file, in a form that can be written down."""

from datetime import date

from hr.loading import engine
from hr.loading.errors import UnusableFile
from hr.loading.kinds import KINDS
from hr.loading.options import Options

ROWS_TOLD = 3
# Files that are no list of employees, and what the loader chose for some.
KIND = {"attendance": "attendance", "formula_payloads": "positions"}
OPTIONS = {
    "whole_names.csv": Options(split_names=True),
    "last_names_first.csv": Options(split_names=True),
}


def kind_of(name):
    return KINDS[next((kind for start, kind in KIND.items() if name.startswith(start)), "employees")]


def answer_of(name, content, *, event=None):
    """{"error": text}, or how the file was read, its first rows by field, and every fault."""
    kind = kind_of(name)
    event_id = event.pk if event and kind.of_events else None
    try:
        sheet = engine.read_file(content, kind, event_id=event_id, options=OPTIONS.get(name), ask=True)
    except UnusableFile as error:
        return {"error": str(error)}
    reading = sheet.reading.as_json()
    answer = {key: reading[key] for key in KEPT if reading[key]}
    answer["notes"] = [
        [note["code"], note["column"], note["count"], note["rows"], note["message"]] for note in reading["notes"]
    ]
    answer["questions"] = [[each["code"], each["column"], each["message"]] for each in reading["questions"]]
    if sheet.mapping.positions and not any(each[0] == "event" for each in answer["questions"]):
        plan = engine.check(sheet, kind, user=None)
        lines = next(sheet.blocks(ROWS_TOLD), [])
        found = zip(lines, plan.lines, strict=False)
        answer["first"] = [[line.number, row.verdict, told(line.values)] for line, row in found]
        answer["faults"] = [
            [line.number, error.column, error.value[:60], error.message] for line in plan.lines for error in line.errors
        ]
    return {key: value for key, value in answer.items() if value != []}


KEPT = ("format", "sheet", "encoding", "delimiter", "header_row", "date_order", "rows", "matrix")


def told(values):
    """The values of a row, save for keys of other rows."""
    return {
        name: value.isoformat() if isinstance(value, date) else value if isinstance(value, int) else str(value)[:60]
        for name, value in values.items()
        if name not in ("org_unit", "employee", "event")
    }


def shape(answer):
    """The answer without what differs by language: its sentences, and the names of columns that the file has not."""
    if "error" in answer:
        return "error"
    without = dict(answer)
    for key in ("notes", "questions"):
        without[key] = [each[:-1] for each in answer.get(key, [])]
    without["faults"] = [[row, value] for row, _column, value, _message in answer.get("faults", [])]
    return without
