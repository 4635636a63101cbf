"""An empty spreadsheet to fill in, with a second sheet that explains the columns."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from hr.loading.kinds import Kind
from hr.loading.xlsx import SheetToWrite, workbook


def template(kind: Kind) -> Iterator[bytes]:
    """The bytes of the workbook, in the active language."""
    columns = list(kind.resource.columns.values())
    explained = [
        [column.header, _("yes") if column.required else "", column.example, str(column.about)] for column in columns
    ]
    header = [_("Heading"), _("Required for new rows"), _("Example"), _("What to write")]
    return workbook(
        [
            SheetToWrite(
                str(kind.model._meta.verbose_name_plural).capitalize(),
                [column.header for column in columns],
                [column.width for column in columns],
                [],
            ),
            SheetToWrite(_("Help"), header, [24, 22, 26, 90], explained),
        ]
    )
