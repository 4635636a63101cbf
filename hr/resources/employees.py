from django.utils.translation import gettext_lazy as _

from hr.models import Employee
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.widgets import (
    ChoiceWidget,
    CodeWidget,
    CountryWidget,
    DateWidget,
    EmailWidget,
    NationalIdWidget,
    PhoneWidget,
    ReferenceWidget,
    TextWidget,
)


class EmployeeResource(SpreadsheetResource):
    """Key: the code, else the national id."""

    last_name_first = (
        "Apellidos y nombres", "Apellidos y nombre", "Apellido y nombre", "Apellido y nombres", "Apellidos, nombres",
        "Apellidos nombres", "Last and first name", "Last name, first name", "Surname and name", "Surname, name",
    )  # fmt: skip
    first_name_first = (
        "Nombre completo", "Nombres completos", "Nombres y apellidos", "Nombre y apellido", "Nombre y apellidos",
        "Nombres apellidos", "Nombre del empleado", "Nombre del trabajador", "Empleado", "Trabajador", "Full name",
        "Complete name", "Name", "Employee name", "Employee", "First and last name",
    )  # fmt: skip
    code = Column(
        "code",
        CodeWidget(),
        es="Código",
        en="Code",
        also=(
            "Cód", "Código de empleado", "Código empleado", "Código del empleado", "Código del trabajador", "Ficha",
            "N° de ficha", "Nro de ficha", "Número de ficha", "Legajo", "Número de empleado", "Nro de empleado",
            "N° de empleado", "Carnet", "Employee code", "Employee number", "Employee no", "Staff number", "Badge",
        ),
        example="EMP-00001",
        about=_("Names the person from load to load. Blank for a new person: a code is made."),
        width=14,
    )  # fmt: skip
    first_name = Column(
        "first_name",
        TextWidget(80),
        es="Nombres",
        en="First name",
        also=("Nombre", "Primer nombre", "Nombre de pila", "First names", "Given name", "Given names", "Forename"),
        required=True,
        example="Ana María",
        about=_("First name, or several."),
    )
    last_name = Column(
        "last_name",
        TextWidget(80),
        es="Apellidos",
        en="Last name",
        also=("Apellido", "Primer apellido", "Last names", "Surname", "Surnames", "Family name"),
        required=True,
        example="Pérez Muñoz",
        about=_("Last name, or several."),
        width=24,
    )
    country = Column(
        "country",
        CountryWidget(),
        es="País",
        en="Country",
        also=("País de la cédula", "País del documento", "País de origen", "Country of id", "Country code"),
        example="VE",
        about=_("Country of the national id, by name or code. Blank: Venezuela."),
        width=8,
    )
    national_id = Column(
        "national_id",
        NationalIdWidget(),
        es="Cédula",
        en="National id",
        also=(
            "C.I.", "Cédula de identidad", "Cédula identidad", "Cédula (CI)", "CI", "N° de cédula", "Nro de cédula",
            "Nro cédula", "N° cédula", "Número de cédula", "No de cédula", "Documento", "Documento de identidad",
            "Nro de documento", "N° de documento", "Número de documento", "DNI", "Identificación", "RUT", "CURP", "CPF",
            "ID nacional", "ID", "National identity number", "National id number", "Identity card", "Identity number",
            "ID number", "ID card", "Identity document",
        ),
        personal=True,
        may_be_empty=True,
        example="V-12345678",
        about=_("With or without V, dots and dashes. Names the person where the code is blank."),
        width=16,
    )  # fmt: skip
    work_email = Column(
        "work_email",
        EmailWidget(),
        es="Correo electrónico",
        en="E-mail",
        also=(
            "Correo", "Correo de trabajo", "Correo laboral", "Correo corporativo", "Correo institucional",
            "Correo electrónico de trabajo", "Correo electrónico corporativo", "Dirección de correo",
            "Dirección de correo electrónico", "Correo e", "Mail", "Email address", "E-mail address", "Work e-mail",
            "Work mail", "Company e-mail",
        ),
        may_be_empty=True,
        example="ana.perez@example.com",
        about=_("Work e-mail; nobody shares his with another."),
        width=34,
    )  # fmt: skip
    work_phone = Column(
        "work_phone",
        PhoneWidget(),
        es="Teléfono de trabajo",
        en="Work phone",
        also=(
            "Teléfono", "Tlf", "Telf", "Tel", "Teléfono trabajo", "Teléfono laboral", "Teléfono corporativo",
            "Teléfono oficina", "Teléfono de oficina", "Número de teléfono", "Phone", "Phone number", "Telephone",
            "Telephone number", "Office phone", "Business phone",
        ),
        may_be_empty=True,
        example="0212-5551234",
        about=_("As it is dialled in the country, or with + and the country's number."),
        width=20,
    )  # fmt: skip
    private_phone = Column(
        "private_phone",
        PhoneWidget(),
        es="Teléfono personal",
        en="Private phone",
        also=(
            "Celular", "Móvil", "Teléfono celular", "Teléfono móvil", "Número de celular", "Número celular",
            "Número de móvil", "Teléfono privado", "Teléfono particular", "Teléfono de habitación",
            "Teléfono habitación", "Teléfono de casa", "Mobile", "Mobile phone", "Mobile number", "Cell",
            "Cell phone", "Cellphone", "Personal phone", "Home phone",
        ),
        personal=True,
        may_be_empty=True,
        example="0412-1234567",
        about=_("As it is dialled in the country, or with + and the country's number."),
        width=20,
    )  # fmt: skip
    birth_date = Column(
        "birth_date",
        DateWidget(),
        es="Fecha de nacimiento",
        en="Birth date",
        also=(
            "Nacimiento", "Fecha nacimiento", "Fecha de nac", "F. nacimiento", "Fec nac", "Birthday", "Date of birth",
            "Born on", "Birthdate", "DOB",
        ),
        personal=True,
        may_be_empty=True,
        example="31/12/1990",
        about=_("Day, month and year: 31/12/1990 or 1990-12-31."),
    )  # fmt: skip
    hired_on = Column(
        "hired_on",
        DateWidget(),
        es="Fecha de ingreso",
        en="Hired on",
        also=(
            "Ingreso", "Fecha ingreso", "F. ingreso", "Fec ingreso", "Fecha de contratación", "Fecha contratación",
            "Fecha de inicio", "Fecha inicio", "Fecha de entrada", "Inicio", "Hire date", "Date hired",
            "Date of hire", "Hiring date", "Start date", "Joined on", "Joining date", "Entry date",
        ),
        required=True,
        example="15/01/2024",
        about=_("Day, month and year: 15/01/2024 or 2024-01-15."),
    )  # fmt: skip
    org_unit = Column(
        "org_unit",
        ReferenceWidget(),
        es="Unidad",
        en="Unit",
        also=(
            "Código de unidad", "Código de la unidad", "Nombre de la unidad", "Unidad organizativa",
            "Unidad de adscripción", "Unidad administrativa", "Departamento", "Dpto", "Depto", "Gerencia", "Área",
            "Sección", "División", "Coordinación", "Sucursal", "Sede", "Org unit", "Organizational unit", "Unit code",
            "Unit name", "Department", "Dept", "Team", "Area", "Division", "Branch",
        ),
        required=True,
        example="Talento Humano",
        about=_("Code or name of the unit."),
        width=30,
    )  # fmt: skip
    position = Column(
        "position",
        ReferenceWidget(),
        es="Cargo",
        en="Position",
        also=(
            "Código de cargo", "Código del cargo", "Nombre del cargo", "Puesto", "Puesto de trabajo", "Ocupación",
            "Denominación del cargo", "Job title", "Job", "Title", "Position code", "Position title", "Role",
        ),
        may_be_empty=True,
        example="Analista",
        about=_("Code or title of the position."),
        width=26,
    )  # fmt: skip
    reports_to = Column(
        "reports_to",
        ReferenceWidget(),
        es="Jefe",
        en="Reports to",
        also=(
            "Jefe inmediato", "Jefe directo", "Jefa", "Código del jefe", "Código jefe", "Cédula del jefe",
            "Cédula jefe", "Supervisor", "Supervisor inmediato", "Supervisor directo", "Código del supervisor",
            "Cédula del supervisor", "Reporta a", "Superior", "Superior inmediato", "Boss", "Manager", "Line manager",
            "Manager code", "Boss code",
        ),
        may_be_empty=True,
        example="EMP-00002",
        about=_("Code or national id of the boss, who may stand further down in the same file."),
        width=14,
    )  # fmt: skip
    status = Column(
        "status",
        ChoiceWidget(
            {
                "active": ("activo", "activa", "en servicio", "vigente"),
                "suspended": ("suspendido", "suspendida", "de permiso", "on leave"),
                "terminated": (
                    "egresado", "egresada", "terminado", "terminada", "retirado", "retirada", "desincorporado",
                    "desincorporada", "cesado", "cesada", "inactivo", "inactiva", "inactive", "left", "dismissed",
                ),
            }
        ),
        es="Estado",
        en="Status",
        also=("Estatus", "Status laboral", "Estatus laboral", "Estado laboral", "Situación", "Condición", "State"),
        example="activo",
        about=_("active, suspended or terminated. Blank for a new person: active."),
        width=12,
    )  # fmt: skip
    ended_on = Column(
        "ended_on",
        DateWidget(),
        es="Fecha de egreso",
        en="Ended on",
        also=(
            "Egreso", "Fecha egreso", "F. egreso", "Fecha de retiro", "Fecha retiro", "Fecha de salida", "Retiro",
            "Fecha fin", "Fecha de terminación", "End date", "Termination date", "Leaving date", "Left on",
        ),
        example="",
        about=_("Last day of who is no longer employed. It makes the status terminated."),
    )  # fmt: skip

    class Meta:
        model = Employee
        fields = (
            "code",
            "first_name",
            "last_name",
            "country",
            "national_id",
            "work_email",
            "work_phone",
            "private_phone",
            "birth_date",
            "hired_on",
            "org_unit",
            "position",
            "reports_to",
            "status",
            "ended_on",
        )
