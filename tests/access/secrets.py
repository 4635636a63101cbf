"""Everything a persona may not know, made something else: whoever then gets another answer was told of it."""

from datetime import timedelta

from django.db.models import CharField, Field, Model, TextField

from core.models import GroupGrant, User, UserGrant
from hr.models import Answer, Employee, OrgUnit, OutboxMessage, Position
from tests.access.readers import Reader
from tests.access.rows import Row
from tests.access.table import is_told
from tests.hr.personas import PERSONAL

PUBLIC = ("code", "first_name", "last_name", "work_email", "work_phone")
DIGITS = str.maketrans("0123456789", "7418529630")


def scramble(reader: Reader) -> None:
    """Change whatever the persona does not see, and the personal data he does not see of people he does."""
    world, who = reader.world, reader.persona
    for number, key in enumerate(sorted(world.employees)):
        if key not in who.sees:
            _change_person(world.employees[key].pk, number, (*PUBLIC, *PERSONAL))
            title = f"other title {number}"
            Position.objects.filter(pk=world.positions[key].pk).update(code=f"OTHER-P{number}", title=title)
        elif key not in who.personal:
            _change_person(world.employees[key].pk, number, PERSONAL)
    strangers = [world.employees[key].pk for key in sorted(world.employees) if key not in who.sees]
    _lead_elsewhere(reader, strangers)
    for number, key in enumerate(sorted(world.units)):
        if key not in who.units:
            OrgUnit.objects.filter(pk=world.units[key].pk).update(code=f"OTHER-U{number}", name=f"other name {number}")
    for row in reader.rows:
        if not is_told(who, row):
            _change_texts(row)


def _change_person(pk: int, number: int, names: tuple[str, ...]) -> None:
    row = Employee.objects.get(pk=pk)
    for name in names:
        value = getattr(row, name)
        if name == "birth_date":
            row.birth_date = value + timedelta(days=37)
        elif name in ("national_id", "work_phone", "private_phone"):
            setattr(row, name, value[:4] + value[4:].translate(DIGITS))
        else:
            setattr(row, name, f"other{number}{'@example.com' if name == 'work_email' else ''}")
    if "code" in names:
        row.hired_on += timedelta(days=number + 1)
        row.country = "CO"
        if row.status == Employee.Status.ACTIVE:
            row.status = Employee.Status.SUSPENDED
    row.refresh_search()
    # Without history: that would be another row to tell of.
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"}
    Employee.objects.filter(pk=pk).update(**fields)


def _lead_elsewhere(reader: Reader, strangers: list[int]) -> None:
    """Whoever has a boss or head the persona does not see gets another whom he does not see. His own page names his."""
    world, who = reader.world, reader.persona
    other = dict(zip(strangers, [*strangers[1:], *strangers[:1]], strict=True))
    for key in who.sees - {who.employee}:
        boss = world.employees[key].reports_to_id
        if boss in other:
            Employee.objects.filter(pk=world.employees[key].pk).update(reports_to_id=other[boss])
    for unit in world.units.values():
        if unit.head_id in other:
            OrgUnit.objects.filter(pk=unit.pk).update(head_id=other[unit.head_id])


def _change_texts(row: Row) -> None:
    # What a message says is told to whom it is addressed; who granted what and why, to whom it was granted.
    if row.model in (Employee, OrgUnit, Position, OutboxMessage, UserGrant, GroupGrant):
        return
    if row.model is User:
        User.objects.filter(pk=row.pk).update(email=f"other{row.pk}@example.com")
        return
    other = f"other {row.pk}"
    if row.model is Answer:
        Answer.objects.filter(pk=row.pk).update(value=other)
        return
    texts = [field for field in row.model._meta.concrete_fields if _is_free_text(field)]
    row.model._base_manager.filter(pk=row.pk).update(**{field.name: other[: field.max_length] for field in texts})


def _is_free_text(field: Field) -> bool:
    plain = isinstance(field, CharField | TextField) and not field.choices and not field.primary_key
    return plain and field.name not in {"object_pk", "name", "kind"}


# --- What to ask for ------------------------------------------------------------------------------------------------
TELLING = {
    "code", "first_name", "last_name", "work_email", "work_phone", "national_id", "private_phone", "birth_date",
    "hired_on", "status", "country", "search_text", "search_personal", "uid", "name", "title", "path", "file_name",
    "email", "password", "full_name", "object_pk", "reason", "secret_hash", "payload", "label", "what", "user_name",
}  # fmt: skip
MOST_TELLING = {"national_id", "last_name", "name", "search_personal", "password", "secret_hash"}


def lookups(model: type[Model], hops: int = 2) -> list[str]:
    """The paths from the model to what rows around it keep, forward and backward."""
    wanted = TELLING if hops == 2 else MOST_TELLING
    found = []
    for field in model._meta.get_fields():
        related = field.related_model
        name = field.name
        if related is None or related == "self":
            if name in wanted:
                found.append(name)
        elif hops and not field.hidden and isinstance(related, type) and related._meta.app_label in ("hr", "core"):
            found += [f"{name}__{path}" for path in lookups(related, hops - 1)]
    return found
