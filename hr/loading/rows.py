"""What ImportRow keeps of a line: the one store for preview, chunked apply, error workbook and undo.

`before` and `after` hold stored values by field: texts, choices and numbers as their columns hold them (an empty one ''
or None, as the column has it), days in ISO form, keys of other rows. In place of a key may stand {"row": 17}, a new
row of the same load, or {"create": "Ventas Norte"}, a unit or position that the load creates.

Of attendance, `after` says what is to be done (enrol, confirm, cancel, outcome, and of which session), and under
"status" what the enrolment becomes by it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from hr.loading.lines import CHANGED, FAULTY, NEW
from hr.models import Employee, ImportJob, ImportRow
from hr.services.writing import BATCH, insert_only

if TYPE_CHECKING:
    from django.db.models import Model

    from core.models import User
    from hr.loading.kinds import Kind
    from hr.loading.plan import Plan

LABEL_LENGTH = 200
# What is done to an enrolment, beside the values that become of it.
STEPS = frozenset({"enrol", "confirm", "cancel", "session"})


def store_rows(rows: Iterable[Mapping[str, Any]], job: ImportJob) -> None:
    """Write these of its `import_rows`."""
    now = timezone.now()
    common = {
        "job_id": job.pk, "version": 1, "created_at": now, "updated_at": now, "undone": "", "kept_because": "",
        "step": None, "written_version": None, "before": {}, "after": {}, "errors": [], "causes": "", "cells": [],
        "object_id": None, "read_version": None, "employee_id": None, "event_id": None,
    }  # fmt: skip
    insert_only(ImportRow, rows, common=common)


def import_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """Of each row that is not unchanged or skipped, in the order of the file, and of each person who is missing from
    it: the columns in which an ImportRow differs from an empty one.
    """
    steps = in_turn(plan)
    for place, found in plan.findings():
        row: dict[str, Any] = {
            "number": found.number,
            "verdict": found.verdict,
            "label": found.label[:LABEL_LENGTH],
        }
        if found.object_id is not None:
            row["object_id"], row["read_version"] = found.object_id, found.read_version
        if found.event_id is not None or found.employee_id is not None:
            row["event_id"], row["employee_id"] = found.event_id, found.employee_id
        if found.verdict == FAULTY:
            row["errors"] = [asdict(error) | {"message": plan.groups.told(error)} for error in found.errors]
            row["causes"] = plan.groups.of(found.errors)
            row["cells"] = [str(cell) for cell in found.cells]
        else:
            row["step"], row["after"] = steps[place], found.after
            if found.before:
                row["before"] = found.before
        yield row
    for key, version, label in plan.absentees:
        missing = {"number": None, "verdict": ImportRow.Verdict.MISSING, "label": label[:LABEL_LENGTH]}
        yield missing | {"object_id": key, "read_version": version}


def in_turn(plan: Plan) -> array[int]:
    """The step of each row, by its place, 0 of who is not written: who is above before who is below, else as in the
    file.
    """
    places = [place for place in range(len(plan.numbers)) if plan.verdict(place) in (NEW, CHANGED)]
    depths = array("l", [-1]) * len(plan.numbers)
    written = bytearray(len(plan.numbers))
    for place in places:
        written[place] = True
    for place in places:
        way, at = [], place
        while at >= 0 and written[at] and depths[at] < 0:
            way.append(at)
            at = plan.place_of(plan.below[at]) if plan.below[at] else -1
        depth = depths[at] if at >= 0 else -1
        for above in reversed(way):
            depth += 1
            depths[above] = depth
    places.sort(key=lambda place: (plan.late[place], depths[place]))
    steps = array("L", [0]) * len(plan.numbers)
    for step, place in enumerate(places, 1):
        steps[place] = step
    return steps


# --- As people read them ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ShownValue:
    """One field of a row, old and new. Days are in ISO form and phones as stored: the reader's widget writes them."""

    name: str
    old: str
    new: str


def shown_values(rows: Sequence[ImportRow], kind: Kind, user: User | None) -> list[list[ShownValue]]:
    """The values of each row as this reader may see them, in a number of queries that does not grow with the rows.

    Names of rows outside the reader's scope are blank. Of personal columns it is for the caller to decide.
    """
    names = _Names(rows, kind, user)
    return [
        [
            ShownValue(name, names.shown(row.job_id, name, row.before.get(name)), names.shown(row.job_id, name, new))
            for name, new in row.after.items()
            if name not in STEPS
        ]
        for row in rows
    ]


class _Names:
    """What the keys and choices in some rows are called."""

    def __init__(self, rows: Sequence[ImportRow], kind: Kind, user: User | None) -> None:
        self.choices: dict[str, dict[Any, Any]] = {}
        self.related: dict[str, type[Model]] = {}
        for field in kind.model._meta.concrete_fields:
            if field.name == "country":
                continue
            if field.is_relation:
                self.related[field.name] = field.related_model  # type: ignore[assignment]
            elif field.choices:
                self.choices[field.name] = dict(field.flatchoices)
        keys: dict[type[Model], set[int]] = {}
        new: dict[int, set[int]] = {}
        for row in rows:
            for name, value in (*row.before.items(), *row.after.items()):
                if isinstance(value, dict) and "row" in value:
                    new.setdefault(row.job_id, set()).add(value["row"])
                elif name in self.related and isinstance(value, int):
                    keys.setdefault(self.related[name], set()).add(value)
        self.labels = {model: _labels(model, found, user) for model, found in keys.items()}
        self.new: dict[tuple[int, int], str] = {}
        for job_id, numbers in new.items():
            for batch in batched(sorted(numbers), BATCH):
                named = ImportRow.objects.filter(job_id=job_id, number__in=batch).order_by()
                self.new.update(((job_id, number), label) for number, label in named.values_list("number", "label"))

    def shown(self, job_id: int, name: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, dict):
            return self.new.get((job_id, value["row"]), "") if "row" in value else str(value["create"])
        if name in self.related:
            return self.labels[self.related[name]].get(value, "")
        return str(self.choices[name].get(value, value)) if name in self.choices else str(value)


def _labels(model: Any, keys: Iterable[int], user: User | None) -> dict[int, str]:
    """What those of the rows are called that the reader sees: people with their code, units and positions by name."""
    visible = model.objects.all() if user is None else model.objects.visible_to(user)
    labels: dict[int, str] = {}
    for batch in batched(sorted(keys), BATCH):
        found = visible.filter(pk__in=batch).order_by()
        if model is Employee:
            people = found.values_list("pk", "first_name", "last_name", "code")
            labels.update((key, f"{first} {last} ({code})") for key, first, last, code in people)
        else:
            name = "title" if hasattr(model, "title") else "name"
            labels.update(found.values_list("pk", name))
    return labels
