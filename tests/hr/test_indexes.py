"""No index without a reason: docs/indexes.md says which list or job needs each."""

import re
from pathlib import Path

from django.apps import apps

DOCUMENT = Path(__file__).parents[2] / "docs" / "indexes.md"


def documented():
    rows = re.findall(
        r"^\| ([a-z_.]+) \| ([a-z0-9_, ]+) \| (.+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: columns.split(", ") for name, columns, _needed_by in rows if name != "index"}


def defined():
    found = {}
    for app in ("core", "hr"):
        for model in apps.get_app_config(app).get_models():
            if model.__name__.startswith("Historical"):
                continue
            found |= {index.name: index.fields for index in model._meta.indexes}
            found |= {
                f"{model._meta.model_name}.{field.name}": [field.name]
                for field in model._meta.local_fields
                if field.db_index and not field.unique and not field.is_relation
            }
    return found


def test_every_index_has_a_reason_and_every_reason_an_index():
    assert documented() == defined()


def test_none_is_the_beginning_of_another():
    """Such a one is never needed."""
    tables = {}
    for app in ("core", "hr"):
        for model in apps.get_app_config(app).get_models():
            uniques = [rule.fields for rule in model._meta.constraints if getattr(rule, "fields", ())]
            indexes = [tuple(index.fields) for index in model._meta.indexes]
            tables[model._meta.db_table] = [*indexes, *map(tuple, uniques), *map(tuple, model._meta.unique_together)]

    shadowed = [
        (table, short)
        for table, found in tables.items()
        for short in found
        for long in found
        if short != long and long[: len(short)] == short
    ]

    assert shadowed == []
