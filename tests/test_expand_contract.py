import json

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from tests import expand_contract
from tests.expand_contract import ROOT, findings, findings_since_the_release

NOT_NULL = "NOT NULL without a db_default"


def released():
    """A program that was released with two tables."""
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=40)),
        ("note", models.CharField(max_length=40, null=True)),
    ]
    state.add_model(ModelState("hr", "Room", fields))
    state.add_model(ModelState("hr", "Floor", [("id", models.BigAutoField(primary_key=True))]))
    return state


def judged(*operations, contract=None, version="1.1.0"):
    """What is found in a migration, without its name."""
    migration = migrations.Migration("0002_next", "hr")
    migration.operations = list(operations)
    if contract:
        migration.contract = contract
    found = findings([migration], released=released(), version=version)
    return [line.removeprefix("hr.0002_next: ") for line in found]


BAD = {
    "a column goes": (migrations.RemoveField("room", "note"), "room.note goes"),
    "a table goes": (migrations.DeleteModel("Room"), "table of Room goes"),
    "a table is called otherwise": (migrations.AlterModelTable("room", "chambers"), "table of room goes"),
    "a column is renamed": (migrations.RenameField("room", "note", "remark"), "room.note is renamed"),
    "a table is renamed": (migrations.RenameModel("Room", "Chamber"), "table of Room is renamed"),
    "a new column must be given": (migrations.AddField("room", "seats", models.IntegerField(default=1)), NOT_NULL),
    "NULL is no longer taken": (
        migrations.AlterField("room", "note", models.CharField(max_length=40)),
        "room.note becomes NOT NULL",
    ),
    "texts must be shorter": (
        migrations.AlterField("room", "name", models.CharField(max_length=20)),
        "room.name becomes shorter",
    ),
    "another type": (migrations.AlterField("room", "name", models.IntegerField()), "room.name is of another type"),
    "another column": (
        migrations.AlterField("room", "name", models.CharField(max_length=40, db_column="title")),
        "room.name gets another column",
    ),
    "twice the same is no longer taken": (
        migrations.AlterField("room", "name", models.CharField(max_length=40, unique=True)),
        "room.name becomes unique",
    ),
    "a constraint that the old program does not know": (
        migrations.AddConstraint("room", models.UniqueConstraint(fields=["name"], name="one_room")),
        "room is held to one_room",
    ),
    "SQL": (migrations.RunSQL("DROP TABLE hr_room"), "RunSQL is not understood; say it with operations"),
    "hidden from the state": (
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("room", "note")]),
        "room.note goes",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_the_released_program_needs_is_kept(kind):
    operation, reason = BAD[kind]

    (found,) = judged(operation)

    assert found.endswith(reason)


@pytest.mark.parametrize("kind", BAD)
def test_a_contract_may_end_what_a_release_no_longer_used(kind):
    operation, _reason = BAD[kind]

    assert judged(operation, contract="1.1.0") == []
    # 1.9 is out, 1.10 is not.
    assert judged(operation, contract="1.10.0", version="1.9.0") != []
    # Before the first release nothing has stopped using anything.
    assert judged(operation, contract="1.0.0", version=None) != []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("room", "seats", models.IntegerField(null=True)),
        migrations.AddField("room", "seats", models.IntegerField(db_default=1)),
        migrations.AddField("room", "floors", models.ManyToManyField("hr.Floor")),
        migrations.AlterField("room", "name", models.CharField(max_length=80, null=True)),
        migrations.AddIndex("room", models.Index(fields=["name"], name="room_by_name")),
        migrations.RunPython(migrations.RunPython.noop),
        migrations.AlterModelOptions("room", {"ordering": ["name"]}),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_a_migration_may_add(operation):
    assert judged(operation) == []


def test_what_no_release_has_may_change_freely():
    new = migrations.CreateModel("Desk", [("id", models.BigAutoField(primary_key=True))])
    drawer = migrations.AddField("desk", "drawers", models.IntegerField())
    seats = migrations.AddField("room", "seats", models.IntegerField(null=True))

    assert judged(new, drawer, migrations.RemoveField("desk", "drawers"), migrations.DeleteModel("Desk")) == []
    assert judged(seats, migrations.RemoveField("room", "seats")) == []


def test_migrations_since_the_last_release_let_it_go_on():
    assert findings_since_the_release() == [], "see docs/pipeline.md, Migrations"


def test_a_release_is_noted_with_its_newest_migrations(tmp_path, monkeypatch):
    monkeypatch.setattr(expand_contract, "FILE", tmp_path / "released.json")

    expand_contract.note_release("1.2.0")

    noted = json.loads((tmp_path / "released.json").read_text())
    newest = {app: max(path.stem for path in (ROOT / app / "migrations").glob("0*.py")) for app in ("core", "hr")}
    assert noted == {"version": "1.2.0", "migrations": newest}
