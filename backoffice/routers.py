from typing import Any

from django.db.models import Model

from core.replica import PRIMARY, database_to_read

BUSINESS_APPS = {"hr"}
# Where tables are; a replica has none of its own.
HOMES = ["default", PRIMARY]


def database_of(app_label: str) -> str:
    return PRIMARY if app_label in BUSINESS_APPS else "default"


class TwoDatabases:
    """App `hr` lives in `business`, everything else in `default`, and no relation spans the two.

    `business` may have a replica, from which a block that says so reads (core.replica).
    """

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        home = database_of(model._meta.app_label)
        return database_to_read() if home == PRIMARY else home

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return database_of(model._meta.app_label)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool:
        # Never None: Django would then compare `_state.db`, which a new row does not have yet.
        return database_of(obj1._meta.app_label) == database_of(obj2._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == database_of(app_label)
