"""django-import-export as its documentation sets it up, and its bulk mode tuned as far as the library offers it."""

from __future__ import annotations

from typing import Any

from import_export import fields, resources, widgets
from import_export.formats.base_formats import XLSX
from import_export.instance_loaders import CachedInstanceLoader
from import_export.results import Result
from tablib import Dataset

from hr.models import Employee, OrgUnit, Position

COLUMNS = (
    "code", "first_name", "last_name", "country", "national_id", "work_email", "work_phone", "private_phone",
    "birth_date", "hired_on", "org_unit", "position", "reports_to",
)  # fmt: skip


class _BlankIsNone(widgets.CharWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return value or None


class PlainResource(resources.ModelResource):
    """A ModelResource with its fields, its key and a widget for each foreign key. History comes by signals."""

    org_unit = fields.Field("org_unit", "org_unit", widgets.ForeignKeyWidget(OrgUnit, "name"))
    position = fields.Field("position", "position", widgets.ForeignKeyWidget(Position, "title"))
    reports_to = fields.Field("reports_to", "reports_to", widgets.ForeignKeyWidget(Employee, "code"))
    # Unique, so that a blank one has to be none.
    work_email = fields.Field("work_email", "work_email", _BlankIsNone())

    class Meta:
        model = Employee
        fields = COLUMNS
        import_id_fields = ("code",)
        skip_unchanged = True
        report_skipped = True


class _Remembering(widgets.ForeignKeyWidget):
    """One query for all rows, where the library's asks for each."""

    def __init__(self, model: Any, field: str) -> None:
        super().__init__(model, field)
        self._rows: dict[str, Any] = {}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if not value:
            return None
        if not self._rows:
            self._rows = {getattr(found, self.field): found for found in self.model.objects.all()}
        return self._rows[value]


class TunedResource(PlainResource):
    """The same in bulk: rows are looked up at once and written together, without history and without a difference."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, model, key in (("org_unit", OrgUnit, "name"), ("position", Position, "title"),
                                 ("reports_to", Employee, "code")):  # fmt: skip
            self.fields[name].widget = _Remembering(model, key)

    class Meta(PlainResource.Meta):
        use_bulk = True
        batch_size = 1000
        skip_diff = True
        skip_unchanged = False
        force_init_instance = False
        instance_loader_class = CachedInstanceLoader


def load(resource: resources.ModelResource, content: bytes, *, dry_run: bool, xlsx: bool = False) -> Result:
    """One of the two passes of its page: with `dry_run` what it shows to be confirmed, without it what it then does.

    Each pass is one transaction, as is its default; what the library cannot read it names.
    """
    dataset = XLSX().create_dataset(content) if xlsx else Dataset().load(content.decode(), format="csv")
    dataset.headers = list(COLUMNS)
    result: Result = resource.import_data(dataset, dry_run=dry_run, raise_errors=False, use_transactions=True)
    return result
