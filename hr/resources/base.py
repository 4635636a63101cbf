"""A resource says which columns a spreadsheet of a model has, how each is headed, read and written."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import Result
from import_export.widgets import Widget
from tablib import Dataset

from core.text import fold

# The header that the error workbook puts before the file's own: known, and not loaded.
ADVICE = {"es": "Qué hacer", "en": "What to do"}


class Column(Field):
    """One column. `es` and `en` are its headers, `also` what else people write above it; `attribute` leads to its value
    from a row, '' where the row has none. `required` of a new row; a cell can clear what `may_be_empty`.

    Headers are data, not translations: a file is recognised in both languages whichever is active.
    """

    def __init__(
        self,
        attribute: str,
        widget: Widget,
        *,
        es: str,
        en: str,
        also: tuple[str, ...] = (),
        required: bool = False,
        may_be_empty: bool = False,
        personal: bool = False,
        example: str = "",
        about: Any = "",
        width: int = 18,
    ) -> None:
        super().__init__(attribute=attribute, column_name=attribute, widget=widget)
        self.es, self.en, self.also = es, en, also
        self.required, self.personal, self.may_be_empty = required, personal, may_be_empty
        self.example, self.about, self.width = example, about, width

    @property
    def header(self) -> str:
        """In the active language."""
        return self.es if (get_language() or "").startswith("es") else self.en

    @property
    def headers(self) -> tuple[str, ...]:
        """Everything it is known by."""
        return (self.es, self.en, *self.also)


class SpreadsheetResource(ModelResource):
    """The columns of a model's spreadsheets. Loading and exporting read them; hr/loading has the engine.

    Of people also how a column is headed that holds both names, by which of them stands first.
    """

    last_name_first: tuple[str, ...] = ()
    first_name_first: tuple[str, ...] = ()

    class Meta:
        abstract = True

    @cached_property
    def columns(self) -> dict[str, Column]:
        """By field name, in the order of an export."""
        return {name: self.fields[name] for name in self._meta.fields}

    @cached_property
    def fields_by_header(self) -> dict[str, str]:
        return {header_key(header): name for name, column in self.columns.items() for header in column.headers}

    def field_of(self, header: str) -> str | None:
        """The field a header means, or None. Case, accents, punctuation and hints such as "(dd/mm/aaaa)" count for
        nothing; "Código/Code" is the code.
        """
        for text in (header, _HINT.sub("", header)):
            if field := self.fields_by_header.get(header_key(text)):
                return field
        named = {self.fields_by_header.get(header_key(part)) for part in header.split("/")}
        return named.pop() if len(named) == 1 else None

    def recognise(self, headers: Any) -> int:
        """How many of the headers are known."""
        return sum(self.field_of(str(header)) is not None for header in headers if header)

    def import_data_inner(
        self,
        dataset: Dataset,
        dry_run: bool,
        raise_errors: bool,
        using_transactions: bool,
        collect_failed_rows: bool,
        **kwargs: Any,
    ) -> Result:
        """The library's own way in leads to the one engine, with the rights of `user`."""
        from hr.loading.from_library import load_dataset  # the engine reads this module

        return load_dataset(self, dataset, dry_run=dry_run, raise_errors=raise_errors, user=kwargs.get("user"))

    def export(self, queryset: QuerySet | None = None, **kwargs: Any) -> Dataset:
        """What `user` sees of the rows, in cells that a load takes back; without a user everything."""
        from hr.loading.from_library import export_dataset

        return export_dataset(self, self.get_queryset() if queryset is None else queryset, user=kwargs.get("user"))

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        return [column.header for column in self.columns.values()]

    def get_export_order(self) -> tuple[str, ...]:
        return tuple(self.columns)


def is_advice(header: str) -> bool:
    """Whether the column only says what was wrong (hr/loading/error_workbook.py)."""
    return header_key(header) in {header_key(known) for known in ADVICE.values()}


_HINT = re.compile(r"\(.*\)|\[.*\]")
_PLURAL = re.compile(r"\((?:s|es|a|as)\)")


def header_key(header: str) -> str:
    """`"  CÉDULA  (N°): "` and `"cedula n"` are one header; so are `"Nombre(s)"` and `"Nombres"`."""
    return re.sub(r"[^a-z0-9]", "", _PLURAL.sub(lambda match: match[0][1:-1], fold(header)))
