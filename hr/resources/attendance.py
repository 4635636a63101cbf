from django.utils.translation import gettext_lazy as _

from hr.models import Attendance
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.employees import EmployeeResource
from hr.resources.widgets import ChoiceWidget, CodeWidget, CountryWidget, NationalIdWidget, NumberWidget, TextWidget

_person = EmployeeResource.fields
_OUTCOMES = {
    "pending": ("pendiente", "por marcar", "sin marcar"),
    "present": ("asistió", "presente", "asistente", "sí", "s", "x", "1", "verdadero", "attended", "yes", "y", "true"),
    "late": ("tarde", "llegó tarde", "tardanza", "retardo", "con retraso"),
    "absent": ("ausente", "no asistió", "inasistente", "faltó", "falta", "no", "n", "0", "falso", "missed", "false"),
    "excused": ("justificada", "justificado", "ausencia justificada", "falta justificada", "con permiso"),
}
_STATUSES = {
    "registered": ("registrada", "registrado", "inscrita", "inscrito", "enrolled"),
    "waitlisted": ("en lista de espera", "lista de espera", "en espera", "waiting", "on the wait-list"),
    "confirmed": ("confirmada", "confirmado"),
    "cancelled": ("cancelada", "cancelado", "anulada", "anulado", "retirada", "retirado", "canceled"),
}


class AttendanceResource(SpreadsheetResource):
    """Key: the event and the person, by code or else by national id; of a course also the session."""

    event = Column(
        "event__code",
        TextWidget(200),
        es="Evento",
        en="Event",
        also=(
            "Código de evento", "Código del evento", "Título del evento", "Nombre del evento", "Actividad",
            "Capacitación", "Curso", "Taller", "Event code", "Event title", "Training", "Course", "Workshop",
        ),
        example="IND-2026-01",
        about=_("Code or title of the event. Not needed where the event is chosen together with the file."),
        width=18,
    )  # fmt: skip
    code = Column(
        "employee__code",
        CodeWidget(),
        es="Código",
        en="Code",
        also=(*_person["code"].also, "Empleado", "Trabajador", "Participante", "Employee", "Participant"),
        example="EMP-00001",
        about=_("Code of the person."),
        width=14,
    )
    country = Column(
        "employee__country",
        CountryWidget(),
        es="País",
        en="Country",
        also=_person["country"].also,
        example="VE",
        about=_("Country of the national id, by name or code. Blank: Venezuela."),
        width=8,
    )
    national_id = Column(
        "employee__national_id",
        NationalIdWidget(),
        es="Cédula",
        en="National id",
        also=_person["national_id"].also,
        personal=True,
        example="V-12345678",
        about=_("With or without V, dots and dashes. Names the person where the code is blank."),
        width=16,
    )
    session = Column(
        "",
        NumberWidget(1, 9999),
        es="Sesión",
        en="Session",
        also=("N° de sesión", "Nro de sesión", "Número de sesión", "Session number", "Session no"),
        example="2",
        about=_("Number of the session of a course that the outcome is about. Blank: the event as a whole."),
        width=9,
    )
    status = Column(
        "status",
        ChoiceWidget(_STATUSES),
        es="Estado",
        en="Status",
        also=("Estatus", "Inscripción", "Estado de la inscripción", "State", "Enrolment", "Enrollment"),
        example="registrada",
        about=_("registered, confirmed or cancelled. Blank for a new person: registered."),
        width=16,
    )
    outcome = Column(
        "outcome",
        ChoiceWidget(_OUTCOMES),
        es="Resultado",
        en="Outcome",
        also=("Asistencia", "Asistió", "Presencia", "Marca", "Attendance", "Attended", "Presence", "Mark"),
        example="asistió",
        about=_("pending, present, late, absent or excused; yes and no will do."),
        width=14,
    )

    class Meta:
        model = Attendance
        fields = ("event", "code", "country", "national_id", "session", "status", "outcome")
