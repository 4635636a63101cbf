"""What somebody who may do it would send: the page's own form, filled in, with something changed."""

from django.db.models import Model
from django.utils import timezone

from hr.models import Employee
from tests.access.addresses import Address
from tests.access.readers import Answer, Reader, fields_of
from tests.hr.personas import World

# Changed where it occurs, so that a form that is accepted changes something.
NAMES = ("first_name", "name", "title", "full_name")


def filled(page: Answer, address: Address, world: World) -> dict[str, object]:
    """The fields of the page as a browser sends them, empty ones that are needed filled in."""
    data: dict[str, object] = {name: value for name, value in fields_of(page).items() if value}
    for name in data:
        if data[name] == [""] and (value := _value(address.model, name, address.kind, world)) is not None:
            data[name] = value
    for name in NAMES:
        if name in data:
            data[name] = f"Forged {name}"
    return data | {"_form_submitted": "on"}


def _value(model: type[Model] | None, name: str, kind: str, world: World) -> object | None:
    if name == "org_unit":
        return world.units["staff"].pk
    if kind not in ("add", "rehire", "terminate"):
        return None
    if name in ("hired_on", "ended_on"):
        return timezone.localdate().isoformat()
    values = {"code": "FORGED1", "first_name": "F", "last_name": "Forged", "username": "forged", "email": "forged@example.org"}
    return values.get(name)


def form_of(editor: Reader, address: Address, world: World, **arguments: object) -> dict[str, object]:
    """As `editor` finds it; where the page does not open to him either, a bare POST."""
    page = editor.get(address.url(**arguments))
    return filled(page, address, world) if page.status == 200 else {"_form_submitted": "on", "post": "yes"}


def is_of_people(address: Address) -> bool:
    return address.model is Employee
