"""Reads. Every model's `visible_to(user)` is the one answer to "which rows exist for this user"."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.mail import MOST_ATTEMPTS
from core.text import fold
from hr import paths
from hr.rights import (
    ADD,
    CHANGE,
    DECIDE,
    ENROL,
    GRADE,
    IMPORT_RIGHTS,
    MARK,
    PERSONAL,
    VIEW,
    VIEW_ATTENDANCE,
    VIEW_EVALUATION,
)
from hr.scope import (
    FEW,
    Scope,
    answers_for_others,
    events_for,
    facts_of,
    has_role_right,
    people_of,
    scope_for,
    units_below,
)
from hr.wall_clock import start_of

if TYPE_CHECKING:
    from core.models import User


# The line of command downwards from some roots, as `line`. Raw, because the ORM knows no recursion. UNION, not UNION
# ALL: a row found twice is not followed again, so that a cycle in bad data ends.
LINE_BELOW = """
    WITH RECURSIVE line AS (
        SELECT id, org_unit_id FROM hr_employee WHERE reports_to_id IN ({roots})
        UNION SELECT below.id, below.org_unit_id FROM hr_employee below JOIN line ON below.reports_to_id = line.id
    ) SELECT id FROM line
"""


KEYS_A_READ = 10_000


def line_outside(roots: Collection[int], unit_ids: Collection[int], *, most: int) -> list[int]:
    """Keys of those below the roots who belong to none of the units; at most so many."""
    sql = LINE_BELOW.format(roots=_marks(roots))
    if unit_ids:
        sql += f" WHERE org_unit_id NOT IN ({_marks(unit_ids)})"
    with connections["business"].cursor() as cursor:
        cursor.execute(f"{sql} LIMIT %s", [*roots, *unit_ids, most])
        return [key for (key,) in cursor.fetchall()]


def all_keys(rows: models.QuerySet) -> array[int]:
    """The keys of the rows in their order, eight bytes each.

    Raw on MySQL, whose driver otherwise holds the whole result, many times as large, at the client.
    """
    keys = rows.values_list("pk", flat=True)
    connection = connections[keys.db]
    if connection.vendor != "mysql":
        return array("q", keys.iterator(chunk_size=KEYS_A_READ))
    from MySQLdb.cursors import SSCursor

    try:
        sql, bound = keys.query.get_compiler(keys.db).as_sql()
    except EmptyResultSet:
        return array("q")
    found = array("q")
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.cursor(SSCursor) as cursor:
        cursor.execute(sql, bound)
        while part := cursor.fetchmany(KEYS_A_READ):
            found.extend(row[0] for row in part)
    return found


def reached_by(scope: Scope) -> RawSQL:
    """Keys of everybody a scope with a long line reaches, as a subquery: a list could be as long as the organisation.

    One table of keys: engines look each up. Of an OR of subqueries they would evaluate all for every employee.
    """
    parts = [LINE_BELOW.format(roots=_marks(scope.line_roots))]
    bound = [*scope.line_roots]
    for column, keys in (("org_unit_id", scope.unit_ids), ("id", scope.employee_ids)):
        if keys:
            parts.append(f"SELECT id FROM hr_employee WHERE {column} IN ({_marks(keys)})")  # noqa: S608  (only marks)
            bound += keys
    return RawSQL(f"SELECT id FROM ({' UNION '.join(parts)}) reached", bound)  # noqa: S608, S611  (keys are bound)


def _marks(keys: Collection[int]) -> str:
    return ", ".join(["%s"] * len(keys))


def line_above(employee_id: int) -> RawSQL:
    """Keys of the employee and of all he reports to, directly or through others."""
    sql = """
        WITH RECURSIVE line AS (
            SELECT id, reports_to_id FROM hr_employee WHERE id = %s
            UNION SELECT above.id, above.reports_to_id FROM hr_employee above JOIN line ON line.reports_to_id = above.id
        ) SELECT id FROM line
    """
    return RawSQL(sql, [employee_id])  # noqa: S611  (the key is bound)


def count_together(querysets: Collection[models.QuerySet], *, most: int) -> list[int]:
    """How many rows there are in each, counted no further than `most`, in one query.

    Raw, because the ORM selects from a table, and these belong to none together.
    """
    counts, bound = [], []
    for number, rows in enumerate(querysets):
        try:
            sql, values = rows.order_by().values("pk")[:most].query.get_compiler("business").as_sql()
        except EmptyResultSet:
            counts.append("0")
            continue
        counts.append(f"(SELECT COUNT(*) FROM ({sql}) counted_{number})")  # noqa: S608  (the ORM's own)
        bound += values
    if not counts:
        return []
    with connections["business"].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", bound)
        return list(cursor.fetchone())


class BusinessQuerySet(models.QuerySet):
    """The common reads. A model without a rule of its own shows rows to who holds its view permission by a role."""

    def open_to(self, user: User, verb: str) -> bool:
        """Whether the user may do this (view, add, change, delete) to any row at all: may he open the page for it?"""
        return has_role_right(user, self._right(verb))

    def visible_to(self, user: User) -> Self:
        return self if has_role_right(user, self._right("view")) else self.none()

    def changeable_by(self, user: User) -> Self:
        return self if has_role_right(user, self._right("change")) else self.none()

    def lock(self, ids: Iterable[int]) -> Self:
        """The named rows, locked until the business transaction ends, in key order so that two callers never cross."""
        return self.filter(pk__in=list(ids)).select_for_update().order_by("pk")

    def _right(self, verb: str) -> str:
        return f"{self.model._meta.app_label}.{verb}_{self.model._meta.model_name}"

    def _units_in(self, unit_path: str) -> list[int]:
        """Keys of a unit and of all units below it."""
        units = self.model._meta.apps.get_model("hr", "OrgUnit").objects.subtree(unit_path)
        return list(units.order_by().values_list("pk", flat=True))


class HistoryQuerySet(BusinessQuerySet):
    """Rows of a history table: those of the rows the user sees; of deleted rows, for who sees all of the model."""

    def open_to(self, user: User, verb: str) -> bool:
        return verb == "view" and self._rows().open_to(user, "view")

    def visible_to(self, user: User) -> Self:
        opts = self.model.instance_type._meta
        if has_role_right(user, f"{opts.app_label}.view_{opts.model_name}"):
            return self
        return self.filter(id__in=self._rows().visible_to(user).order_by().values("pk"))

    def changeable_by(self, user: User) -> Self:
        return self.none()

    def _rows(self) -> BusinessQuerySet:
        return self.model.instance_type._default_manager.all()


class EmployeeQuerySet(BusinessQuerySet):
    def open_to(self, user: User, verb: str) -> bool:
        return bool(scope_for(user, self._right(verb)))

    def visible_to(self, user: User) -> Self:
        return self._within(scope_for(user, VIEW))

    def changeable_by(self, user: User) -> Self:
        """Nobody changes whom he does not see."""
        return self.visible_to(user)._within(scope_for(user, CHANGE))

    def personal_to(self, user: User) -> Self:
        """Those whose personal data the user may see."""
        return self.visible_to(user)._within(scope_for(user, PERSONAL))

    def bosses_of(self, employee_id: int) -> list[Any]:
        """The line of command above the employee, from his own boss upwards; a cycle ends where it begins."""
        people = {row.pk: row for row in self.filter(pk__in=line_above(employee_id))}
        line, row = [], people.pop(employee_id, None)
        while row is not None and (row := people.pop(row.reports_to_id, None)) is not None:
            line.append(row)
        return line

    def active(self) -> Self:
        return self.filter(status="active")

    def search(self, term: str, *, user: User) -> Self:
        """Every word must occur in the name, code or e-mail, or in personal data the user may see."""
        rows, personal = self, scope_for(user, PERSONAL)
        for word in fold(term).split():
            found = Q(search_text__contains=word)
            if personal.everything:
                found |= Q(search_personal__contains=word)
            elif personal:
                found |= Q(search_personal__contains=word) & personal.as_q()
            rows = rows.filter(found)
        return rows

    def in_subtree(self, unit_path: str) -> Self:
        """Members of a unit and of all units below it."""
        return self.filter(org_unit_id__in=self._units_in(unit_path))

    def held_by(self, user: User, right: str) -> Self:
        """Those the user sees and holds this right on."""
        return self.visible_to(user)._within(scope_for(user, right))

    def meant_for(self, event_ids: Collection[int]) -> Self:
        """Those at least one of the events is for: everybody, or a unit, one below it, a position, people by name."""
        lines = self.model._meta.apps.get_model("hr", "EventAudience")._base_manager.filter(event_id__in=event_ids)
        if lines.filter(everybody=True).exists():
            return self
        positions = lines.exclude(position=None).values_list("position_id", flat=True)
        people: Any = lines.exclude(employee=None).values_list("employee_id", flat=True)
        # Engines scan everybody for an OR with a subquery, so that few are named by their keys.
        few = list(people[: FEW + 1])
        named = few if len(few) <= FEW else people
        return self.among(lines.exclude(org_unit=None).values_list("org_unit__path", flat=True), list(positions), named)

    def among(self, unit_paths: Iterable[str], position_ids: Collection[int], employee_ids: Any) -> Self:
        """Those of the units with these paths and of all below, those who hold the positions, and those named."""
        tops = set(unit_paths)
        lengths = {len(path) for path in tops}
        units = [key for key, path in units_below(tops) if any(path[:length] in tops for length in lengths)]
        return self.filter(Q(org_unit_id__in=units) | Q(position_id__in=position_ids) | Q(pk__in=employee_ids))

    def enrollable_by(self, user: User) -> Self:
        """Those the user may put into events, and take out: himself only by a role, which reaches everybody."""
        people = self.held_by(user, ENROL)
        return people if scope_for(user, ENROL).everything else people.exclude(pk=facts_of(user).employee_id)

    def boss_of(self, user: User) -> Self:
        """To whom the user himself reports: everybody may know the name of his own boss."""
        own = facts_of(user).employee_id
        return self.none() if own is None else self.filter(reports=own)

    def led_by(self, user: User) -> Self:
        """Those for whom the user answers as a manager, without himself."""
        return self.visible_to(user)._within(people_of(user)).exclude(pk=facts_of(user).employee_id)

    def not_in(self, event_id: int) -> Self:
        """Those who are not in the list of an event, whatever their status there."""
        enrolment = FilteredRelation("attendance", condition=Q(attendance__event=event_id))
        return self.annotate(enrolment=enrolment).filter(enrolment=None)

    def changed_since(self, moment: datetime) -> Self:
        """Those who were hired, changed, moved or resumed since then, or moved along with a unit."""
        units = self.model._meta.get_field("org_unit").related_model._base_manager.filter(updated_at__gte=moment)
        return self.filter(Q(updated_at__gte=moment) | Q(org_unit_id__in=list(units.values_list("pk", flat=True))))

    def _within(self, scope: Scope) -> Self:
        return self if scope.everything else self.filter(scope.as_q())


class CatalogueQuerySet(BusinessQuerySet):
    """Rows with a code and a name, few enough to be read for a search."""

    name_field: str

    def search(self, term: str, *, user: User) -> Self:
        """Every word must occur in the code or the name, whatever the accents and case.

        The names are folded here: they are few, and the engines do not agree on how.
        """
        words = fold(term).split()
        names = self.order_by().values_list("pk", "code", self.name_field)
        return self.filter(pk__in=[pk for pk, *texts in names if _all_in(words, fold(" ".join(texts)))])


class UnitOfEmployeesQuerySet(CatalogueQuerySet):
    """Units and positions: role holders see all, others those of the employees they see."""

    employee_field: str

    def open_to(self, user: User, verb: str) -> bool:
        """The pages of who sees nobody but himself are better without a list of one unit."""
        return super().open_to(user, verb) or (verb == "view" and answers_for_others(user))

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        return self.filter(pk__in=self._employees().visible_to(user).order_by().values(self.employee_field))

    def with_people(self, user: User) -> Self:
        """Adds `people`: how many who work here the user sees in each row."""
        people = self._employees().visible_to(user).exclude(status="terminated").order_by()
        of_row = people.filter(**{self.employee_field: OuterRef("pk")}).values(self.employee_field)
        counted = of_row.annotate(people=Count("pk")).values("people")
        return self.annotate(people=Coalesce(Subquery(counted), 0))

    def _employees(self) -> EmployeeQuerySet:
        return self.model._meta.get_field("employees").related_model.objects.all()


class OrgUnitQuerySet(UnitOfEmployeesQuerySet):
    """Beside the units of the people one sees: those one heads, or has a grant on, even while nobody works there."""

    employee_field = "org_unit_id"
    name_field = "name"

    def open_to(self, user: User, verb: str) -> bool:
        return super().open_to(user, verb) or (verb == "view" and bool(scope_for(user, ADD)))

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        view = scope_for(user, VIEW)
        units = view.unit_ids | scope_for(user, ADD).unit_ids
        # Those of the people in these units are known already.
        rest = view.as_q() if view.line_outside is None else Q(pk__in=view.employee_ids | view.line_outside)
        people = self._employees().filter(rest).order_by().values(self.employee_field)
        return self.filter(Q(pk__in=units) | Q(pk__in=people))

    def open_to_hire(self, user: User) -> Self:
        """The units into which the user may hire."""
        return self.visible_to(user)._of(scope_for(user, ADD))

    def open_to_move(self, user: User) -> Self:
        """The units into which the user may put people who work here: where he may change everybody, or hire."""
        return self.visible_to(user)._of(scope_for(user, CHANGE), scope_for(user, ADD))

    def _of(self, *scopes: Scope) -> Self:
        if any(scope.everything for scope in scopes):
            return self
        return self.filter(pk__in=frozenset().union(*(scope.unit_ids for scope in scopes)))

    def subtree(self, path: str) -> Self:
        """The unit with this path and all below it."""
        return self.filter(path__gte=path, path__lt=paths.after(path))


class PositionQuerySet(UnitOfEmployeesQuerySet):
    employee_field = "position_id"
    name_field = "title"


class OfEmployeesQuerySet(BusinessQuerySet):
    """Rows about employees, seen and changed by who holds these rights on the employee, or at the event.

    `employee` and `event` lead from the row to both; None where there is no event.
    """

    employee = "employee"
    event: str | None = None
    view_right: str
    change_right: str
    add_right: str | None = None

    def open_to(self, user: User, verb: str) -> bool:
        right = {"view": self.view_right, "change": self.change_right, "add": self.add_right}.get(verb)
        if right is None:
            return super().open_to(user, verb)
        return bool(scope_for(user, right) or events_for(user, right))

    def visible_to(self, user: User) -> Self:
        return self._within(user, self.view_right)

    def changeable_by(self, user: User) -> Self:
        """Nobody changes what he does not see."""
        return self.visible_to(user)._within(user, self.change_right)

    def _within(self, user: User, right: str) -> Self:
        scope = scope_for(user, right)
        if scope.everything:
            return self
        found = scope.as_q(self.employee)
        if self.event and (events := events_for(user, right)):
            found |= Q(**{f"{self.event}__in": events})
        return self.filter(found)

    def own(self, user: User) -> Self:
        """Those about the user himself, which he sees whatever else he may see."""
        facts = facts_of(user)
        own = facts.employee_id if facts.may_act else None
        return self.none() if own is None else self.filter(**{f"{self.employee}_id": own})

    def search(self, term: str, *, user: User) -> Self:
        """The rows of whom the words find among the people the user sees."""
        people = self._employees().visible_to(user).search(term, user=user).order_by().values_list("pk", flat=True)
        # Engines look few keys up; of a subquery they read all rows.
        few = list(people[: FEW + 1])
        return self.filter(**{f"{self.employee}_id__in": few if len(few) <= FEW else people})

    def in_subtree(self, unit_path: str) -> Self:
        """Of the members of a unit and of all units below it."""
        return self.filter(**{f"{self.employee}__org_unit_id__in": self._units_in(unit_path)})

    def _employees(self) -> EmployeeQuerySet:
        return self.model._meta.apps.get_model("hr", "Employee").objects.all()


class EventKindQuerySet(CatalogueQuerySet):
    """The catalogue is no secret: everybody sees the kind of his events."""

    name_field = "name"

    def visible_to(self, user: User) -> Self:
        return self if facts_of(user).may_act else self.none()


class EventQuerySet(BusinessQuerySet):
    """Seen by role; by whom it enrols, or who answers for one of those; by grant; and while one may register."""

    def open_to(self, user: User, verb: str) -> bool:
        return super().open_to(user, verb) or (verb == "view" and facts_of(user).may_act)

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        if not facts_of(user).may_act:
            return self.none()
        attendance = self.model._meta.get_field("attendance").related_model.objects.visible_to(user)
        granted = events_for(user, VIEW_ATTENDANCE) | events_for(user, MARK)
        enrolled = Q(pk__in=attendance.order_by().values("event_id")) | Q(pk__in=granted)
        open_ones = self.model._default_manager.open_for(user)
        return self.filter(enrolled | Q(pk__in=open_ones.order_by().values("pk")))

    def open_for(self, user: User) -> Self:
        """Published events that are meant for the user's employee and that he may register for himself."""
        return self.filter(state="published", open_enrolment=True).meant_for(user)

    def meant_for(self, user: User) -> Self:
        """Those of whose audience the user's employee is part."""
        facts = facts_of(user)
        if facts.employee_id is None:
            return self.none()
        units, position = facts.audience
        meant = Q(everybody=True) | Q(org_unit_id__in=units) | Q(employee_id=facts.employee_id)
        if position is not None:
            meant |= Q(position_id=position)
        lines = self.model._meta.get_field("audience").related_model._base_manager.filter(meant)
        return self.filter(pk__in=lines.order_by().values("event_id"))

    def without_figures(self) -> Self:
        """Those whose figures were never counted."""
        return self.exclude(self._has_figures())

    def uncounted(self) -> Self:
        """Those of which the figures that are kept do not tell, or no longer (hr/services/event_figures.py)."""
        due = self.model._meta.apps.get_model("hr", "FiguresDue").objects.filter(event_id=OuterRef("pk"))
        return self.filter(~self._has_figures() | Q(Exists(due)))

    def _has_figures(self) -> Q:
        figures = self.model._meta.get_field("figures").related_model.objects.of_everybody()
        return Q(Exists(figures.filter(event=OuterRef("pk"))))

    def begun_between(self, first: date, last: date) -> Self:
        """Those that began on one of these days."""
        return self.filter(starts_at__gte=start_of(first), starts_at__lt=start_of(last + timedelta(days=1)))

    def coming_between(self, first: date, last: date) -> Self:
        """Published ones that begin on these days."""
        return self.filter(state="published").begun_between(first, last)

    def open_to_enrol(self, user: User) -> Self:
        """Those the user sees that take people."""
        return self.visible_to(user).filter(state__in=self.model.ENROLLING)

    def search(self, term: str, *, user: User) -> Self:
        """Every word must occur in the title, the code or the place."""
        rows = self
        for word in fold(term).split():
            rows = rows.filter(search_text__contains=word)
        return rows


class EventAudienceQuerySet(BusinessQuerySet):
    """Whom an event is for is known to who sees all events: it names units and people."""

    def _right(self, verb: str) -> str:
        return "hr.view_event" if verb == "view" else "hr.change_event"


class EventSessionQuerySet(EventAudienceQuerySet):
    """Seen by whoever sees the event."""

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        events = self.model._meta.get_field("event").related_model.objects.visible_to(user)
        return self.filter(event__in=events.order_by().values("pk"))


class AtEvents:
    """Of querysets of what belongs to an event, to which `event` leads."""

    event: str | None

    def held(self: Any) -> Any:
        """Of events that are over."""
        return self.filter(**{f"{self.event}__state__in": self.model._meta.apps.get_model("hr", "Event").HELD})

    def begun_between(self: Any, first: date, last: date) -> Any:
        """Of events that began on one of these days."""
        began = f"{self.event}__starts_at"
        return self.filter(**{f"{began}__gte": start_of(first), f"{began}__lt": start_of(last + timedelta(days=1))})

    def of_kind(self: Any, kind_id: int) -> Any:
        return self.filter(**{f"{self.event}__kind": kind_id})


class EventFiguresQuerySet(AtEvents, BusinessQuerySet):
    """Figures are of whole events and units: for who sees the attendance of everybody."""

    event, unit = "event", "org_unit_id"

    def visible_to(self, user: User) -> Self:
        return self if scope_for(user, VIEW_ATTENDANCE).everything else self.none()

    def of_everybody(self) -> Self:
        return self.filter(org_unit_id=self.model.EVERYBODY)

    def up_to_date(self) -> Self:
        """Those that nothing was written of since they were counted."""
        due = self.model._meta.apps.get_model("hr", "FiguresDue").objects
        return self.exclude(Exists(due.filter(event_id=OuterRef("event_id"))))

    def of_units(self) -> Self:
        return self.exclude(org_unit_id=self.model.EVERYBODY)

    def in_subtree(self, unit_path: str) -> Self:
        """Of the members of a unit and of all units below it."""
        return self.filter(org_unit_id__in=self._units_in(unit_path))


class OfEventsQuerySet(AtEvents, OfEmployeesQuerySet):
    """Rows about people in events. `enrolment` leads from the row to the attendance, with the dashes that end it."""

    event: str
    enrolment = ""

    def held(self) -> Self:
        """Of people with a seat, in events that are over: what the figures of attendance count (docs/reports.md)."""
        rows: Self = super().held()
        return rows.filter(**{f"{self.enrolment}status__in": self._attendance().SEATED})

    def came(self) -> Self:
        return self.filter(outcome__in=self._attendance().CAME)

    @property
    def unit(self) -> str:
        """What leads to the key of the person's unit."""
        return f"{self.employee}__org_unit_id"

    def _attendance(self) -> Any:
        return self.model._meta.apps.get_model("hr", "Attendance")


class AttendanceQuerySet(OfEventsQuerySet):
    event = "event"
    view_right, change_right, add_right = VIEW_ATTENDANCE, MARK, ENROL

    def going(self) -> Self:
        """Enrolments that were not cancelled, those that wait for a seat included."""
        return self.exclude(status="cancelled")

    def waiting(self) -> Self:
        """The wait-list, in its order."""
        return self.filter(status="waitlisted").order_by("enrolled_at", "pk")

    def places(self, keys: Collection[int]) -> dict[int, int]:
        """The place of these in the wait-list of their event, the first is 1; of who does not wait, none."""
        waiting = self.model._base_manager.filter(event_id=OuterRef("event_id"), status="waitlisted")
        before = Q(enrolled_at__lt=OuterRef("enrolled_at")) | Q(
            enrolled_at=OuterRef("enrolled_at"), pk__lt=OuterRef("pk")
        )
        counted = waiting.filter(before).order_by().values("event_id").annotate(people=Count("pk")).values("people")
        rows = self.filter(pk__in=keys, status="waitlisted").order_by()
        return {key: 1 + (ahead or 0) for key, ahead in rows.values_list("pk", Subquery(counted))}

    def seated(self) -> Self:
        return self.filter(status__in=self.model.SEATED)

    def markable_by(self, user: User) -> Self:
        """Those whose outcome the user may note. Nobody notes his own, but for who may note everybody's by a role."""
        rows = self.changeable_by(user)
        return rows if has_role_right(user, MARK) else rows.exclude(employee_id=facts_of(user).employee_id)

    def counted(self) -> Self:
        """What the attendance rate is of: who came and who was absent. Who is excused, or unknown, is left out."""
        return self.held().filter(outcome__in=self.model.COUNTED)

    def coming_for(self, user: User) -> Self:
        """The user's own enrolments in events that are to come or are now on, the next first."""
        rows = (
            self.own(user).going().filter(event__state__in=self.model._meta.get_field("event").related_model.ENROLLING)
        )
        return rows.order_by("event__starts_at", "pk")

    def to_confirm_by(self, user: User) -> Self:
        """Of these, where the user has a seat and has not said yet that he comes, while the event has not begun and
        nothing is noted of him: Attendance.waits_for_confirmation.
        """
        rows = self.coming_for(user).filter(status="registered", outcome="pending")
        return rows.filter(event__state="published", event__starts_at__gt=timezone.now())


class SessionMarkQuerySet(OfEventsQuerySet):
    employee, event, enrolment = "attendance__employee", "attendance__event", "attendance__"
    view_right, change_right = VIEW_ATTENDANCE, MARK


class AttendanceCorrectionQuerySet(SessionMarkQuerySet):
    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def decidable_by(self, user: User) -> Self:
        """Those the user may decide: of people he may mark, never about himself nor what he asked for."""
        rows = self.waiting().changeable_by(user).exclude(asked_by_id=user.pk)
        return rows.exclude(attendance__employee_id=facts_of(user).employee_id)


class EvaluationFormQuerySet(BusinessQuerySet):
    pass


class FormPartQuerySet(BusinessQuerySet):
    """Versions and questions belong to their form."""

    def _right(self, verb: str) -> str:
        return "hr.view_evaluationform" if verb == "view" else "hr.change_evaluationform"


class EvaluationQuerySet(OfEmployeesQuerySet):
    view_right, change_right = VIEW_EVALUATION, GRADE

    @staticmethod
    def in_time() -> Q:
        """The last day, if there is one, has not passed; the clock may not have closed yet what was due yesterday."""
        return Q(due_on=None) | Q(due_on__gte=timezone.localdate())

    def to_answer_by(self, user: User) -> Self:
        """Those that wait for the user's own answers, the most pressing first."""
        return self.own(user).filter(self.in_time(), state__in=self.model.ANSWERABLE).by_due_day()

    def by_due_day(self) -> Self:
        return self.order_by(F("due_on").asc(nulls_last=True), "pk")

    def gradable_by(self, user: User) -> Self:
        """What waits for a grade that the user may give, longest ago first. Never his own."""
        rows = self.changeable_by(user).filter(state="submitted")
        return rows.exclude(employee_id=facts_of(user).employee_id).order_by("submitted_at", "pk")


class AnswerQuerySet(OfEmployeesQuerySet):
    employee = "evaluation__employee"
    view_right, change_right = VIEW_EVALUATION, GRADE


class EvaluationRoundQuerySet(BusinessQuerySet):
    """Seen by role, and by who sees an evaluation of it, be it his own."""

    def open_to(self, user: User, verb: str) -> bool:
        return super().open_to(user, verb) or (verb == "view" and bool(scope_for(user, VIEW_EVALUATION)))

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        evaluations = self.model._meta.get_field("evaluations").related_model.objects.visible_to(user)
        return self.filter(pk__in=evaluations.order_by().values("round_id"))


class OwnedQuerySet(BusinessQuerySet):
    """Rows that belong to one user and are shown to him and to who holds the view permission by a role."""

    owner_field: str

    def open_to(self, user: User, verb: str) -> bool:
        return super().open_to(user, verb) or (verb == "view" and facts_of(user).may_act)

    def visible_to(self, user: User) -> Self:
        if has_role_right(user, self._right("view")):
            return self
        return self._own(user)

    def changeable_by(self, user: User) -> Self:
        return self._own(user)

    def _own(self, user: User) -> Self:
        return self.filter(**{self.owner_field: user.pk}) if facts_of(user).may_act else self.none()


class ImportJobQuerySet(OwnedQuerySet):
    """One's own loads, while one may still load files of their kind."""

    owner_field = "created_by_id"
    job_path = ""

    def open_to(self, user: User, verb: str) -> bool:
        return has_role_right(user, self._right(verb)) or (verb == "view" and bool(self._loadable(user)))

    def _own(self, user: User) -> Self:
        return super()._own(user).filter(**{f"{self.job_path}resource__in": self._loadable(user)})

    def failed_between(self, first: date, last: date) -> Self:
        """Loads of these days that failed."""
        begin, end = start_of(first), start_of(last + timedelta(days=1))
        return self.filter(state="failed", created_at__gte=begin, created_at__lt=end)

    @staticmethod
    def _loadable(user: User) -> list[str]:
        return [name for name, right in IMPORT_RIGHTS.items() if has_role_right(user, right)]


class ImportRowQuerySet(ImportJobQuerySet):
    """The rows of one's own loads, without those about people and events one no longer sees."""

    owner_field = "job__created_by_id"
    job_path = "job__"

    def _own(self, user: User) -> Self:
        rows = super()._own(user)
        if all(has_role_right(user, right) for right in (VIEW, VIEW_ATTENDANCE, "hr.view_event")):
            return rows
        models = self.model._meta.apps
        people, attendance, events = (
            models.get_model("hr", name).objects.visible_to(user).order_by()
            for name in ("Employee", "Attendance", "Event")
        )
        person = Q(employee_id=None) | Q(employee_id__in=people.values("pk"))
        person |= Q(employee_id__in=attendance.values("employee_id"))
        event = Q(event_id=None) | Q(event_id__in=events.values("pk"))
        seen = ~Q(job__resource__in=["employees", "attendance"]) | Q(object_id=None) & person & event
        seen |= Q(job__resource="employees", object_id__in=people.values("pk"))
        # Units and positions that the load created are its loader's to know.
        seen |= Q(verdict="made")
        return rows.filter(seen | Q(job__resource="attendance", object_id__in=attendance.values("pk")))


class ColumnMappingQuerySet(OwnedQuerySet):
    owner_field = "owner_id"


class StoredFileQuerySet(OwnedQuerySet):
    owner_field = "owner_id"


class StoredFileChunkQuerySet(OwnedQuerySet):
    owner_field = "file__owner_id"


class ExportLogQuerySet(OwnedQuerySet):
    """One's own exports, and everybody's for who may see them. The list opens to who may export anything."""

    owner_field = "created_by_id"

    def open_to(self, user: User, verb: str) -> bool:
        if has_role_right(user, self._right(verb)):
            return True
        kinds = ("employee", "orgunit", "position", "attendance", "evaluation")
        return verb == "view" and any(has_role_right(user, f"hr.export_{kind}") for kind in kinds)


class NotificationQuerySet(OwnedQuerySet):
    owner_field = "user_id"

    def unread_by(self, user: User) -> Self:
        """What the user was told in the application and has not read: his own, whatever else he may see."""
        return self._own(user).filter(channel="app", state__in=["pending", "sent"])

    def told(self, user: User) -> Self:
        """All he was told in the application."""
        return self._own(user).filter(channel="app").order_by("-pk")

    def undelivered(self) -> Self:
        """Mail that was given up or came back."""
        return self.filter(channel="mail", state__in=["failed", "bounced"])

    def failing(self) -> Self:
        """Mail that could not be sent and is tried again."""
        return self.filter(channel="mail", state="pending").exclude(error="")


class ChangeRequestQuerySet(OwnedQuerySet):
    """What one asked for, while one acts; deciding it is a right of roles."""

    owner_field = "asked_by_id"

    def open_to(self, user: User, verb: str) -> bool:
        """Of external staff, only who stands in for a manager has anything to ask for."""
        return has_role_right(user, self._right(verb)) or (verb == "view" and bool(facts_of(user).managers))

    def changeable_by(self, user: User) -> Self:
        return self.visible_to(user) if has_role_right(user, DECIDE) else self.none()

    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def asked_by(self, user: User) -> Self:
        return self._own(user)

    def decidable_by(self, user: User) -> Self:
        """Those the user may decide: never about himself, nor what he asked for."""
        rows, own = self.waiting().changeable_by(user).exclude(asked_by_id=user.pk), facts_of(user).employee_id
        return rows if own is None else rows.exclude(employee_id=own)

    def personal_to(self, user: User) -> Self:
        """Those whose values the user may read: the personal ones with the right to such data of the person alone."""
        rows, scope = self.visible_to(user), scope_for(user, PERSONAL)
        if scope.everything:
            return rows
        plain = ~Q(field__in=self._people().model.PERSONAL_FIELDS)
        return rows.filter(plain | scope.as_q("employee") if scope else plain)

    def search(self, term: str, *, user: User) -> Self:
        """Of whom the words find among the people the user sees, or by which somebody missing was named."""
        people = self._people().visible_to(user).search(term, user=user).order_by().values("pk")
        named = Q(employee=None)
        for word in term.split():
            named &= Q(new__icontains=word)
        return self.filter(Q(employee__in=people) | named)

    def _people(self) -> EmployeeQuerySet:
        return self.model._meta.get_field("employee").related_model.objects.all()


class OutboxMessageQuerySet(BusinessQuerySet):
    def given_up(self) -> Self:
        """What failed so often that it is no longer tried."""
        return self.filter(done_at__isnull=False, attempts__gte=MOST_ATTEMPTS)

    def failing(self) -> Self:
        """What failed and is tried again."""
        return self.filter(done_at=None, attempts__gt=0)

    def stuck(self) -> Self:
        return self.given_up() | self.failing()


class DeniedAttemptQuerySet(BusinessQuerySet):
    pass


class LeaseQuerySet(BusinessQuerySet):
    pass


def _all_in(words: Iterable[str], text: str) -> bool:
    return all(word in text for word in words)
