from django.utils.translation import gettext_lazy as _

from hr.models import OrgUnit
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.widgets import CodeWidget, ReferenceWidget, TextWidget


class OrgUnitResource(SpreadsheetResource):
    """Key: the code, else the name."""

    code = Column(
        "code",
        CodeWidget(),
        es="Código",
        en="Code",
        also=("Cód", "Código de unidad", "Código de la unidad", "Unit code", "Org unit code"),
        example="TH-SEL",
        about=_("Names the unit from load to load. Blank for a new unit: a code is made from the name."),
        width=14,
    )
    name = Column(
        "name",
        TextWidget(160),
        es="Nombre",
        en="Name",
        also=(
            "Unidad", "Nombre de la unidad", "Nombre de unidad", "Departamento", "Denominación", "Descripción",
            "Unit", "Unit name", "Org unit", "Department", "Description",
        ),
        required=True,
        example="Selección y Formación",
        about=_("What people call it."),
        width=36,
    )  # fmt: skip
    parent = Column(
        "parent",
        ReferenceWidget(),
        es="Unidad superior",
        en="Part of",
        also=(
            "Unidad padre", "Padre", "Superior", "Depende de", "Dependencia", "Pertenece a", "Adscrita a",
            "Código superior", "Código de la unidad superior", "Código unidad superior", "Parent", "Parent unit",
            "Parent code", "Belongs to", "Reports to",
        ),
        may_be_empty=True,
        example="TH",
        about=_("Code or name of the unit above, which may stand further down in the same file. Blank: none."),
        width=24,
    )  # fmt: skip
    head = Column(
        "head",
        ReferenceWidget(),
        es="Responsable",
        en="Head",
        also=(
            "Jefe", "Jefe de la unidad", "Encargado", "Encargada", "Director", "Gerente", "Líder",
            "Código del responsable", "Código del jefe", "Head of unit", "Unit head", "Manager", "Leader", "Boss",
        ),
        may_be_empty=True,
        example="EMP-00002",
        about=_("Code or national id of the employee who heads it."),
        width=16,
    )  # fmt: skip

    class Meta:
        model = OrgUnit
        fields = ("code", "name", "parent", "head")
