"""What somebody who may do it would send: the page's own form, filled in, with something changed."""

from datetime import timedelta

from django.db.models import Model
from django.utils import timezone

from hr.models import EventKind, FormVersion
from tests.access.addresses import Address
from tests.access.readers import Answer, fields_of
from tests.hr.personas import World

# Changed where it occurs, so that a form that is accepted changes something.
NAMES = ("first_name", "name", "title", "full_name")
LATER = f"{timezone.localtime() + timedelta(days=5):%Y-%m-%dT%H:%M}"
LATER_STILL = f"{timezone.localtime() + timedelta(days=5, hours=1):%Y-%m-%dT%H:%M}"
# What is ticked, pressed or typed over beside.
PRESSED = {
    "audience": {"everybody": "on", "_add": "1"},
    "participants": {"all": "1", "_cancel": "1"},
    "sessions": {"sessions-0-starts_at": LATER, "sessions-0-ends_at": LATER_STILL, "reason": "forged"},
    "postpone": {"starts_at": LATER, "reason": "forged"},
    "cancel": {"reason": "forged"},
    "give": {"everybody": "on", "_give": "1"},
    "mark": {"outcome": "present"},
    "reject": {"answer": "forged"},
    "profile": {"work_phone": "+582125550099"},
}


def filled(page: Answer, address: Address, world: World) -> dict[str, object]:
    """The fields of the page as a browser sends them, empty ones that are needed filled in."""
    data: dict[str, object] = {name: value for name, value in fields_of(page).items() if value}
    for name in data:
        if data[name] == [""] and (value := _value(address.model, name, address.kind, world)) is not None:
            data[name] = value
    data |= {name: "present" for name in data if name.startswith("o-")}  # the outcomes of a roll
    for name in NAMES:
        if name in data and address.kind != "delegations":
            data[name] = f"Forged {name}"
    return data | PRESSED.get(address.kind, {}) | {"_form_submitted": "on", "post": "yes"}


def _value(model: type[Model] | None, name: str, kind: str, world: World) -> object | None:
    """What goes into an empty field; None leaves it empty."""
    now = timezone.now()
    values = {
        ("kind", "add"): EventKind.objects.values_list("pk", flat=True).first(),
        ("starts_at", "add"): LATER,
        ("ends_at", "add"): LATER_STILL,
        ("form_version", "add"): FormVersion.objects.values_list("pk", flat=True).first(),
        ("due_on", "add"): timezone.localdate().isoformat(),
        ("grade", "grade"): "80",
        ("comment", "send_back"): "forged",
        ("org_unit", "move"): world.units["staff"].pk,
        ("org_unit", "add"): world.units["team"].pk,
        ("hired_on", "add"): timezone.localdate().isoformat(),
        ("code", "add"): "FORGED1",
        ("first_name", "add"): "F",
        ("last_name", "add"): "F",
        ("username", "add"): "forged",
        ("email", "add"): "forged@example.org",
        ("reason", "ask"): "forged",
        ("reason", "missing_people"): "forged",
        ("people", "missing_people"): "forged",
        ("reason", "not_mine"): "forged",
        ("user", "grants"): world.users["plain"].pk,
        ("reason", "grants"): "forged",
        ("reason", "renew_grant"): "forged",
        ("reason", "delegations"): "forged",
        ("name", "delegations"): "plain",
        ("valid_from", "delegations"): f"{now:%Y-%m-%dT%H:%M}",
        ("valid_until", "delegations"): f"{now + timedelta(days=2):%Y-%m-%dT%H:%M}",
    }
    return values.get((name, kind))
