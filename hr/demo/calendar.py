"""What the demo's company plans: events held, going on and to come, by their distance from the day they are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from hr.models import Event
from hr.services.event_kinds import NewEventKind
from hr.services.events import NewEvent
from hr.services.sessions import SessionTimes

State = Event.State
EVERYBODY = "*"

KINDS = (
    NewEventKind(code="CAP", name="Capacitación"),
    NewEventKind(code="REU", name="Reunión"),
    NewEventKind(code="TAL", name="Taller"),
    NewEventKind(code="CON", name="Conferencia"),
    NewEventKind(code="OTR", name="Otro"),
    NewEventKind(code="SST", name="Seguridad y salud en el trabajo", validity_months=12),
)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """`day` counts from today; without `at` it begins so many hours from now. `sessions` are days like `day`.

    `units` and `positions` are codes; `state` is where it has come to.
    """

    key: str
    title: str
    kind: str
    day: int = 0
    at: time | None = time(9)
    in_hours: int = 0
    hours: float = 2
    place: str = "Sala de formación"
    description: str = ""
    units: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    capacity: int | None = None
    mandatory: bool = False
    open_enrolment: bool = False
    sessions: tuple[int, ...] = ()
    state: str = State.CLOSED

    def times(self, now: datetime) -> list[SessionTimes]:
        """Of its sessions, or of the whole."""
        days = self.sessions or (self.day,)
        return [SessionTimes(begin, begin + timedelta(hours=self.hours)) for begin in map(self._begin(now), days)]

    def event(self, kind_id: int, now: datetime) -> NewEvent:
        times = self.times(now)
        return NewEvent(
            title=self.title,
            kind_id=kind_id,
            starts_at=times[0].starts_at,
            ends_at=times[-1].ends_at,
            description=self.description,
            place=self.place,
            capacity=self.capacity,
            mandatory=self.mandatory,
            open_enrolment=self.open_enrolment,
        )

    def _begin(self, now: datetime):
        here = timezone.localtime(now)
        if self.at is None:
            begin = here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=self.in_hours)
            return lambda day: begin
        at = self.at
        return lambda day: datetime.combine(here.date() + timedelta(days=day), at, here.tzinfo)


CHIEFS = ("DIR-GEN", "DIR", "GER", "COORD", "SUP")
SAFETY = "Riesgos del puesto, uso del equipo de protección y qué hacer ante un accidente."

CALENDAR = (
    # --- Held and closed ---
    Planned(
        key="safety-expired", title="Seguridad y salud en el trabajo, primera edición", kind="SST", day=-400, hours=4,
        units=("OPE-CCS-MAN", "OPE-VAL-MAN"), mandatory=True, place="Planta Caracas", description=SAFETY,
    ),
    Planned(
        key="safety-expiring", title="Seguridad y salud en el trabajo, segunda edición", kind="SST", day=-350, hours=4,
        units=("OPE-CCS-PRO", "OPE-VAL-PRO"), mandatory=True, place="Planta Caracas", description=SAFETY,
    ),
    Planned(
        key="safety-valid", title="Seguridad y salud en el trabajo, tercera edición", kind="SST", day=-100, hours=4,
        units=("OPE-CCS-CAL", "OPE-VAL-CAL", "OPE-LOG"), mandatory=True, place="Planta Valencia", description=SAFETY,
    ),
    Planned(key="budget", title="Charla: elaborar un presupuesto", kind="CAP", day=-310, units=("AF",)),
    Planned(key="sales", title="Técnicas de venta", kind="TAL", day=-281, hours=4, units=("COM-VEN-CEN",)),
    Planned(key="backups", title="Charla: copias de seguridad", kind="CAP", day=-250, units=("TEC",)),
    Planned(key="loading", title="Carga segura de camiones", kind="CAP", day=-219, hours=3, units=("OPE-LOG",)),
    Planned(key="benefits", title="Charla: beneficios del personal", kind="REU", day=-187, units=("TH", "LEG", "AUD")),
    Planned(key="meeting", title="Encuentro anual de todo el personal", kind="CON", day=-152, units=(EVERYBODY,)),
    Planned(key="ergonomics", title="Charla: ergonomía en la planta", kind="CAP", day=-124, units=("OPE",)),
    Planned(key="privacy", title="Charla: protección de datos", kind="CAP", day=-118, units=("AF", "TEC", "LEG")),
    Planned(key="service", title="Charla: atención al cliente", kind="CAP", day=-90, units=("COM",)),
    Planned(key="doors", title="Jornada de puertas abiertas", kind="OTR", day=-61, units=("DG",), place="Auditorio"),
    Planned(key="orderliness", title="Charla: orden y limpieza", kind="CAP", day=-33, units=("OPE", "TH")),
    Planned(
        key="induction", title="Inducción a nuevos procesos", kind="CAP", day=-45, hours=3,
        units=("OPE-CCS-PRO", "TH-SEL"),
    ),
    Planned(
        key="course-done", title="Curso de primeros auxilios, nivel básico", kind="CAP", sessions=(-80, -78, -76, -74),
        hours=3, units=("OPE-VAL", "TH-SSL"), place="Planta Valencia",
    ),
    Planned(
        key="workshop", title="Taller de comunicación efectiva", kind="TAL", day=-12, hours=4, units=("OPE-CCS",),
        description="Escuchar, preguntar y decir que no. Se trabaja con casos de la planta.",
    ),
    # --- Over, the roll goes on ---
    Planned(
        key="excel", title="Excel para el análisis de datos", kind="CAP", day=-3, hours=6,
        units=("OPE-CCS-PRO", "AF-PRE"),
        place="Sala de computación", state=State.COMPLETED,
    ),
    # --- Going on ---
    Planned(
        key="course", title="Liderazgo para supervisores", kind="CAP", sessions=(-8, -6, -1, 1, 6), hours=3,
        units=("OPE-CCS",), place="Sala de reuniones, piso 2", state=State.IN_PROGRESS,
        description="Cinco encuentros; se aprueba con cuatro de cada cinco.",
    ),
    Planned(
        key="today", title="Práctica de la brigada de emergencia", kind="CAP", at=None, in_hours=-1, hours=8,
        units=("OPE-CCS", "TH-SSL"), place="Patio de maniobras", state=State.IN_PROGRESS,
    ),
    # --- To come ---
    Planned(
        key="soon", title="Reunión de arranque de turno", kind="REU", at=None, in_hours=2, hours=1,
        units=("OPE-CCS-PRO",), place="Línea 1", state=State.PUBLISHED,
    ),
    Planned(
        key="night", title="Simulacro de evacuación nocturno", kind="OTR", day=1, at=time(23, 30), hours=1.5,
        units=("OPE-CCS",), place="Planta Caracas", state=State.PUBLISHED,
        description="Comienza a las 23:30 y termina al día siguiente.",
    ),
    Planned(
        key="chiefs", title="Reunión de la gerencia", kind="REU", day=2, at=time(8), positions=CHIEFS,
        place="Sala de la Dirección", state=State.PUBLISHED,
    ),
    Planned(
        key="open", title="Pausas activas en el trabajo", kind="TAL", day=6, at=time(14), units=(EVERYBODY,),
        capacity=30, open_enrolment=True, state=State.PUBLISHED, description="Cada quien se inscribe.",
    ),
    Planned(
        key="full", title="Manejo defensivo de montacargas", kind="CAP", day=9, hours=5, units=("OPE-LOG",), capacity=6,
        place="Almacén central", state=State.PUBLISHED,
    ),
    Planned(
        key="safety", title="Seguridad y salud en el trabajo, cuarta edición", kind="SST", day=14, hours=4,
        units=("OPE",), mandatory=True, place="Planta Caracas", state=State.PUBLISHED, description=SAFETY,
    ),
    Planned(
        key="fair", title="Feria de la salud", kind="OTR", day=30, hours=6, units=("TH", "AF"), place="Estacionamiento",
        state=State.DRAFT,
    ),
    Planned(
        key="plan", title="Planificación del próximo trimestre", kind="REU", day=21, hours=3, place="",
        state=State.DRAFT,
    ),
    Planned(
        key="cancelled", title="Visita guiada a la planta de Valencia", kind="OTR", day=4, hours=5,
        units=("OPE-CCS-PRO", "TH-SEL"), place="Planta Valencia", state=State.CANCELLED,
    ),
)  # fmt: skip
