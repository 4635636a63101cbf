"""Whether the program that was released last goes on working while, and after, the migrations since are applied.

Both colours of a release use one schema (docs/pipeline.md), so a migration may only add. What takes something away is
a step of its own, whose `contract = "VERSION"` names the release that no longer uses it; that release must be out.

Operations are judged, not their SQL: SQLite's rebuilds a table for most of them, and MySQL's is made up only where the
tables exist (django-migration-linter 6.0 found NOT NULL columns in an index that was dropped, and ran on SQLite alone).
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models.fields import NOT_PROVIDED

ROOT = Path(__file__).parents[1]
OURS = ("core", "hr")
# The last release and its newest migrations: `make released VERSION=…` writes it. A null version is before the first.
FILE = ROOT / "deploy" / "released.json"
RELEASED = json.loads(FILE.read_text())


def findings_since_the_release() -> list[str]:
    """What the migrations after those of RELEASED would break."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    released = list(RELEASED["migrations"].items())
    every = dict.fromkeys(node for leaf in loader.graph.leaf_nodes() for node in loader.graph.forwards_plan(leaf))
    known = {node for key in released for node in loader.graph.forwards_plan(key)}
    since = [loader.graph.nodes[node] for node in every if node[0] in OURS and node not in known]
    return findings(since, released=loader.project_state(released), version=RELEASED["version"])


def findings(migrations: Iterable[Migration], *, released: ProjectState, version: str | None) -> list[str]:
    """One line for each operation that the released program would not survive; `version` is what it is called."""
    found = []
    state = released.clone()
    for migration in migrations:
        contract = getattr(migration, "contract", None)
        allowed = contract is not None and version is not None and numbers(contract) <= numbers(version)
        for operation in flattened(migration.operations):
            before = state.clone()
            operation.state_forwards(migration.app_label, state)
            reason = breaks(operation, migration.app_label, before, state, released)
            if reason and not allowed:
                found.append(f"{migration.app_label}.{migration.name}: {reason}")
    return found


def note_release(version: str) -> None:
    """The migrations of this program are those of a release from now on, and are judged no more."""
    leaves = sorted(node for node in MigrationLoader(None).graph.leaf_nodes() if node[0] in OURS)
    FILE.write_text(json.dumps({"version": version, "migrations": dict(leaves)}, indent=2) + "\n")


def numbers(version: str) -> tuple[int, ...]:
    """1.10.0 is after 1.9.0; what is behind a hyphen counts nothing."""
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def flattened(given: Iterable[operations.base.Operation]) -> Iterator[operations.base.Operation]:
    """What is done to the database, and to the state alone, in its order."""
    for operation in given:
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from flattened(operation.database_operations)
        else:
            yield operation


def breaks(
    operation: operations.base.Operation,
    app: str,
    before: ProjectState,
    after: ProjectState,
    released: ProjectState,
) -> str | None:
    """Why the released program cannot go on beside the operation, or None."""
    match operation:
        case operations.RunSQL():
            return "RunSQL is not understood; say it with operations"
        case operations.DeleteModel(name=name) | operations.AlterModelTable(name=name):
            return f"table of {name} goes" if (app, name.lower()) in released.models else None
        case operations.RenameModel(old_name=name):
            return f"table of {name} is renamed" if (app, name.lower()) in released.models else None
        case operations.RenameField(model_name=model, old_name=name):
            return f"{model}.{name} is renamed" if has_field(released, app, model, name) else None
        case operations.RemoveField(model_name=model, name=name):
            return f"{model}.{name} goes" if has_field(released, app, model, name) else None
        case operations.AddField(model_name=model, name=name, field=field):
            if (app, model.lower()) in released.models and must_be_given(field):
                return f"{model}.{name} is NOT NULL without a db_default"
        case operations.AlterField(model_name=model, name=name):
            if has_field(released, app, model, name):
                old, new = (state.models[app, model.lower()].fields[name] for state in (before, after))
                return narrowed(old, new, f"{model}.{name}")
        case operations.AddConstraint(model_name=model, constraint=constraint):
            if (app, model.lower()) in released.models:
                return f"{model} is held to {constraint.name}"
        case operations.AlterUniqueTogether(name=model) | operations.AlterOrderWithRespectTo(name=model):
            if (app, model.lower()) in released.models:
                return f"{model} is held to something new"
    return None


def has_field(state: ProjectState, app: str, model: str, name: str) -> bool:
    found = state.models.get((app, model.lower()))
    return found is not None and name in found.fields


def must_be_given(field: models.Field) -> bool:
    """Whether a row of a program that does not know the column is refused.

    A `default` is the new program's: the database forgets it as soon as the column is there.
    """
    return (
        not field.many_to_many
        and not field.null
        and not field.generated
        and getattr(field, "db_default", NOT_PROVIDED) is NOT_PROVIDED
    )


def narrowed(old: models.Field, new: models.Field, name: str) -> str | None:
    if old.db_column != new.db_column:
        return f"{name} gets another column"
    if old.get_internal_type() != new.get_internal_type():
        return f"{name} is of another type"
    if old.null and not new.null:
        return f"{name} becomes NOT NULL"
    if new.unique and not old.unique:
        return f"{name} becomes unique"
    shorter = [(getattr(field, "max_length", None) or 0) for field in (old, new)]
    if shorter[1] and shorter[1] < shorter[0]:
        return f"{name} becomes shorter"
    return None


if __name__ == "__main__":
    import django

    django.setup()
    note_release(sys.argv[1])
