from django.utils.translation import gettext_lazy as _

from hr.models import Position
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.widgets import CodeWidget, TextWidget


class PositionResource(SpreadsheetResource):
    """Key: the code, else the title."""

    code = Column(
        "code",
        CodeWidget(),
        es="Código",
        en="Code",
        also=("Cód", "Código de cargo", "Código del cargo", "Position code", "Job code"),
        example="ANA-SR",
        about=_("Names the position from load to load. Blank for a new position: a code is made from the title."),
        width=14,
    )
    title = Column(
        "title",
        TextWidget(160),
        es="Título",
        en="Title",
        also=(
            "Cargo", "Nombre", "Nombre del cargo", "Denominación", "Denominación del cargo", "Puesto", "Descripción",
            "Position", "Position title", "Job", "Job title", "Name", "Description",
        ),
        required=True,
        example="Analista Sénior",
        about=_("What people call it."),
        width=36,
    )  # fmt: skip

    class Meta:
        model = Position
        fields = ("code", "title")
