from typing import Any

from django.db.models import Model

BUSINESS_APPS = {"hr"}


def database_of(app_label: str) -> str:
    return "business" if app_label in BUSINESS_APPS else "default"


class TwoDatabases:
    """App `hr` lives in `business`, everything else in `default`, and no relation spans the two."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return database_of(model._meta.app_label)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return database_of(model._meta.app_label)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool:
        # Never None: Django would then compare `_state.db`, which a new row does not have yet.
        return database_of(obj1._meta.app_label) == database_of(obj2._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == database_of(app_label)
