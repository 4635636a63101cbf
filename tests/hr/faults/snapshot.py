"""All that both databases hold, comparable between two runs: rows bear numbers instead of keys.

A number is given in the order in which rows came; moments are told by how many hours they are away.
"""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connections, models
from django.utils import timezone

from backoffice.routers import database_of
from core import access
from core.models import Invitation, StoredMail, User, UserGrant
from hr.models import Employee, Lease, Notification, OrgUnit, OutboxMessage
from hr.models.base import BusinessModel

# (what kind of row, which) -> its values.
Rows = dict[tuple[str, str], dict[str, Any]]

KEPT = {Group, Permission, Group.permissions.through, ContentType, Lease}
TOLD_APART = (OutboxMessage, Notification, Lease)
# `path` is made of keys, the others are by chance.
LEFT_OUT = {"id", "path", "object_pk", "secret_hash", "check_in_secret", "message_id"}
LABELS = {"app": "told", "mail": "mailed"}


def wipe() -> None:
    """Empty both databases of all but roles, as they were before anybody was there. Keys go on."""
    emptied: defaultdict[str, list[str]] = defaultdict(list)
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy and model not in KEPT:
            emptied[database_of(model._meta.app_label)].append(model._meta.db_table)
    for alias, tables in emptied.items():
        operations = connections[alias].ops
        there = set(connections[alias].introspection.table_names())
        operations.execute_sql_flush(operations.sql_flush(no_style(), [name for name in tables if name in there]))


class Snapshots:
    """Of one run, made when all is prepared: whose sessions ended is told from then on."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[type[models.Model], Any], int] = {}
        self._uids: dict[UUID, str] = {}
        self._began = timezone.now()
        self._eras = dict(User.objects.values_list("pk", "session_era"))

    def take(self) -> Rows:
        rows: Rows = {}
        business = [model for model in apps.get_app_config("hr").get_models() if issubclass(model, BusinessModel)]
        for model in [User, *business]:
            self._number(model)
        self._uids = {uid: self._named(Employee, pk) for uid, pk in Employee.objects.values_list("uid", "pk")}
        for model in business:
            if model not in TOLD_APART:
                self._add(rows, model)
                self._add_history(rows, model)
        self._add_accounts(rows)
        self._add_messages(rows)
        return rows

    def _number(self, model: type[models.Model]) -> None:
        known = sum(of is model for of, _key in self._numbers)
        for key in model._base_manager.order_by("pk").values_list("pk", flat=True):
            if (model, key) not in self._numbers:
                known += 1
                self._numbers[model, key] = known

    def _named(self, model: type[models.Model], key: Any) -> str:
        number = self._numbers.get((model, key))
        return f"{model._meta.model_name} {number or 'that is gone'}"

    def _add(self, rows: Rows, model: type[models.Model]) -> None:
        for values in model._base_manager.values():
            told = {
                field.name: self._told(field, values[field.attname])
                for field in model._meta.concrete_fields
                if field.name not in LEFT_OUT
            }
            rows[model._meta.model_name, self._named(model, values["id"])] = told

    def _told(self, field: models.Field, value: Any) -> Any:
        if value is None:
            return None
        if field.related_model is not None:
            return self._named(field.related_model, value)
        if isinstance(field, models.BigIntegerField) and field.name.endswith(("_by_id", "user_id", "actor_id")):
            return self._named(User, value)
        if field.name == "org_unit_id":
            return self._named(OrgUnit, value)
        if isinstance(value, datetime):
            return f"in {round((value - self._began).total_seconds() / 3600)} hours"
        return self._uids.get(value, "somebody") if isinstance(value, UUID) else value

    def _add_history(self, rows: Rows, model: type[models.Model]) -> None:
        """Of each row, every entry: none is missing, none double."""
        if not hasattr(model, "history"):
            return
        entries = model.history.order_by("history_id")
        for entry in entries.values("id", "history_type", "version", "history_change_reason", "history_user_id"):
            key = (f"history of {model._meta.model_name}", self._named(model, entry.pop("id")))
            user = entry.pop("history_user_id")
            told = (*entry.values(), user and self._named(User, user))
            rows.setdefault(key, {"entries": []})["entries"].append(told)

    def _add_accounts(self, rows: Rows) -> None:
        for user in User.objects.prefetch_related("groups"):
            rows["user", self._named(User, user.pk)] = {
                "username": user.username,
                "email": user.email,
                "full_name": user.full_name,
                "is_active": user.is_active,
                "has_left": user.has_left,
                "employee": user.employee_uid and self._uids.get(user.employee_uid, "nobody"),
                "roles": sorted(group.name for group in user.groups.all()),
                "password": user.has_usable_password(),
                "ended sessions": user.session_era != self._eras.get(user.pk, 0),
            }
        self._count(
            rows,
            "invitation",
            (
                (self._named(User, row.user_id), row.purpose, row.channel, row.delivery, row.is_open)
                for row in Invitation.objects.all()
            ),
        )
        unended = set(access.unended().values_list("pk", flat=True))
        models_of = {kind.pk: kind.model_class() for kind in ContentType.objects.all()}
        for grant in UserGrant.objects.select_related("permission").order_by("pk"):
            on = self._named(models_of[grant.content_type_id], int(grant.object_pk))
            rows["grant", f"{self._named(User, grant.user_id)}: {grant.permission.codename} on {on}"] = {
                "unended": grant.pk in unended,
                "ended by": grant.ended_by_id and self._named(User, grant.ended_by_id),
                "until": grant.valid_until is not None,
            }

    def _add_messages(self, rows: Rows) -> None:
        """Who was told what, how often; and each kind of message with what became of it."""
        told = Notification.objects.order_by("pk").values_list("user_id", "message__kind", "channel", "state", "error")
        for user_id, kind, channel, state, error in told:
            of_one = rows.setdefault((f"{LABELS[channel]} {kind}", self._named(User, user_id)), {"came to": []})
            of_one["came to"].append((state, error))
        messages = OutboxMessage.objects.order_by("pk").values_list("kind", "error", "actor_id")
        for kind, error, actor_id in messages:
            by = actor_id and self._named(User, actor_id)
            of_kind = rows.setdefault((f"message {kind}", f"by {by}"), {"came to": []})
            of_kind["came to"].append(error)

    def _count(self, rows: Rows, label: str, found: Any) -> None:
        for name, count in Counter(found).items():
            rows[label, str(name)] = {"count": count}


def mails() -> Counter[tuple[str, str]]:
    """What has been mailed, by recipient and subject."""
    return Counter(StoredMail.objects.values_list("recipient", "subject"))


def effects(before: Rows, after: Rows) -> set[str]:
    """What kinds of rows came, went, or changed and where, in a word each."""
    found = {_label(f"new {label}", label) for label, _name in after.keys() - before.keys()}
    found |= {_label(f"gone {label}", label) for label, _name in before.keys() - after.keys()}
    for key in before.keys() & after.keys():
        changed = {name for name in after[key] if after[key][name] != before[key][name]}
        found |= {_label(f"{key[0]}.{name}", key[0]) for name in changed - {"version", "created_at", "updated_at"}}
    return {word for word in found if "history of" not in word}


def _label(word: str, label: str) -> str:
    """Of what people are told only that they are."""
    return label if label.startswith((*LABELS.values(), "message")) else word


def differences(wanted: Rows, found: Rows) -> list[str]:
    """Each row that is not as it should be."""
    return [
        f"{' '.join(key)}: {_differing(found.get(key), wanted.get(key))}"
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    ]


def _differing(found: dict[str, Any] | None, wanted: dict[str, Any] | None) -> str:
    if found is None or wanted is None:
        return f"{found} instead of {wanted}"
    names = [name for name in wanted if found.get(name) != wanted[name]]
    return ", ".join(f"{name} is {found.get(name)!r} instead of {wanted[name]!r}" for name in names)
