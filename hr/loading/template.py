"""A spreadsheet to fill in: the columns with their drop-downs, how to load it, and examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from hr.loading.drop_downs import DropDowns
from hr.loading.kinds import Kind
from hr.loading.xlsx import Look, SheetToWrite, Styled, Written, workbook
from hr.resources.base import Column
from hr.resources.widgets import ChoiceWidget, CodeWidget, DateWidget, TextWidget

if TYPE_CHECKING:
    from core.models import User

CLEAR = {"es": "<borrar>", "en": "<clear>"}


def template(kind: Kind, *, user: User | None = None, language: str | None = None) -> Iterator[bytes]:
    """The bytes of the workbook, in the given language, else the active one. Its lists hold what `user` sees."""
    with translation.override(language or translation.get_language()):
        columns = kind.resource.columns
        offers = DropDowns(kind, user=user)
        form = SheetToWrite(
            str(kind.model._meta.verbose_name_plural).capitalize(),
            [column.header for column in columns.values()],
            [column.width for column in columns.values()],
            [],
            looks=column_looks(list(columns.values())),
            drop_downs=offers.at(list(columns)),
        )
        # Everything translated is settled here, before the first piece is asked for.
        return workbook([form, _instructions(kind), _examples(kind), offers.sheet()], offers.names())


def column_looks(columns: list[Column | None]) -> dict[int, Look]:
    """What is typed into a column stays as typed, but for days."""
    return {
        at: Look.DAY if column is not None and isinstance(column.widget, DateWidget) else Look.TEXT
        for at, column in enumerate(columns)
    }


def blank_cells(kind: Kind) -> str:
    """What they do, and how a cell is emptied all the same."""
    if not any(column.may_be_empty for column in kind.resource.columns.values()):
        return _("A blank cell keeps what is there.")
    told = _("A blank cell keeps what is there. Write %(clear)s into a cell to empty it.")
    return told % {"clear": CLEAR[_language()]}


def _instructions(kind: Kind) -> SheetToWrite:
    steps = [
        _("1. Fill in the first sheet, one row each. Leave its first row, the header, as it is."),
        _("2. Where a cell offers a list, choose from it, or type a code or name that is not on it."),
        _("3. Save the file and load it. You see what it will do before anything is written."),
        blank_cells(kind),
        _("Columns you do not need may be taken out; their order does not matter."),
    ]
    header: list[Written] = [
        Styled(text, Look.BOLD)
        for text in (_("Header"), _("Required for new rows"), _("Example"), _("What to write"), _("Words to choose"))
    ]
    rows: list[Sequence[Written]] = [
        *([step, "", "", "", ""] for step in steps),
        [""] * 5,
        header,
        *([Styled(text, Look.WRAPPED) for text in _explained(column)] for column in kind.resource.columns.values()),
    ]
    title = _("How to load %(rows)s") % {"rows": kind.model._meta.verbose_name_plural}
    return SheetToWrite(_("Instructions"), [title, "", "", "", ""], [26, 24, 30, 70, 40], rows)


def _explained(column: Column) -> list[str]:
    words = list(column.widget.spoken().values()) if isinstance(column.widget, ChoiceWidget) else []
    return [
        column.header,
        _("yes") if column.required else "",
        _example(column),
        str(column.about),
        ", ".join(words),
    ]


def _examples(kind: Kind) -> SheetToWrite:
    """Rows as they may be written, each with what it does."""
    columns = kind.resource.columns
    keys = {name for name, column in columns.items() if name == "event" or isinstance(column.widget, CodeWidget)}
    required = {name for name, column in columns.items() if column.required}
    free = [name for name in columns if name not in keys | required and _may_be_emptied(columns[name])]
    examples = {name: _example(column) for name, column in columns.items()}
    told: list[tuple[str, dict[str, str]]] = [
        (_("A row with everything."), examples),
        (_("What a new row needs at least."), {name: examples[name] for name in keys | required}),
    ]
    if free:
        told += [
            (_("Changes this one cell; the blank ones keep what is there."), _only(examples, keys, free[0])),
            (_("Empties this one cell."), _only(examples, keys, free[-1]) | {free[-1]: CLEAR[_language()]}),
        ]
    rows = [[*(values.get(name, "") for name in columns), about] for about, values in told]
    return SheetToWrite(
        _("Examples"),
        [*(column.header for column in columns.values()), _("What the row does")],
        [*(column.width for column in columns.values()), 60],
        rows,
    )


def _may_be_emptied(column: Column) -> bool:
    return isinstance(column.widget, TextWidget) and not column.personal


def _only(examples: dict[str, str], keys: set[str], name: str) -> dict[str, str]:
    return {key: examples[key] for key in keys | {name}}


def _example(column: Column) -> str:
    if isinstance(column.widget, ChoiceWidget) and column.example:
        return column.widget.spoken()[column.widget.clean(column.example)]
    return column.example


def _language() -> str:
    return "es" if (translation.get_language() or "").startswith("es") else "en"
