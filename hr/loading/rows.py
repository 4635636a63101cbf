"""What ImportRow keeps of a line: the one store for preview, chunked apply, error workbook and undo.

`before` and `after` hold stored values by field: texts, choices and numbers as their columns hold them (an empty one ''
or None, as the column has it), days in ISO form, keys of other rows. In place of a key may stand {"row": 17}, a new
row of the same load, or {"create": "Ventas Norte"}, a unit or position that the load creates.

Of attendance, `after` says what is to be done (enrol, confirm, cancel, outcome, and of which session), and under
"status" what the enrolment becomes by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from hr.loading.lines import FAULTY, UNCHANGED, Line, ToCreate
from hr.models import Employee, ImportJob, ImportRow
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from django.db.models import Model

    from core.models import User
    from hr.loading.kinds import Kind
    from hr.loading.plan import Plan

LABEL_LENGTH = 200
# What is done to an enrolment, beside the values that become of it.
STEPS = frozenset({"enrol", "confirm", "cancel", "session"})


def stored(value: Any) -> Any:
    """A value of a line as ImportRow keeps it."""
    if isinstance(value, Line):
        return {"row": value.number}
    if isinstance(value, ToCreate):
        return {"create": str(value)}
    return value.isoformat() if isinstance(value, date) else value


def import_rows(plan: Plan, job: ImportJob) -> Iterator[dict[str, Any]]:
    """The columns of an ImportRow for each line that is not unchanged, in the order of the file."""
    now = timezone.now()
    common = {"job_id": job.pk, "version": 1, "created_at": now, "updated_at": now, "undone": "", "kept_because": ""}
    turns, groups = in_turn(plan.lines), plan.groups
    for line in plan.lines:
        if line.verdict == UNCHANGED:
            continue
        faulty = line.verdict == FAULTY
        yield common | {
            "number": line.number,
            "step": turns.get(line.number),
            "verdict": line.verdict,
            "label": line.label[:LABEL_LENGTH],
            "object_id": line.object_id or (line.existing.pk if line.existing else None),
            "employee_id": line.employee_id,
            "event_id": line.event_id,
            "before": {} if faulty else line.before,
            "after": {} if faulty else line.after,
            "read_version": line.existing.version if line.existing else None,
            "written_version": (line.written_version or _version(line)) if line.object_id else None,
            "errors": [asdict(error) for error in line.errors],
            "causes": groups.of(line.errors),
            "cells": [str(cell) for cell in line.cells] if faulty else [],
        }


def _version(line: Line) -> int:
    return line.existing.version + 1 if line.existing else 1


def in_turn(lines: Iterable[Line]) -> dict[int, int]:
    """The step of each row that is written, by its number: who is above before who is below, else as in the file."""
    written = {line.number: line for line in lines if line.verdict not in (UNCHANGED, FAULTY)}
    depths: dict[int, int] = {}
    for number in written:
        way = []
        at: int | None = number
        while at is not None and at in written and at not in depths:
            way.append(at)
            at = written[at].below
        depth = -1 if at is None else depths.get(at, -1)
        for above in reversed(way):
            depth += 1
            depths[above] = depth
    order = sorted(written, key=lambda number: (written[number].late, depths[number]))
    return {number: step for step, number in enumerate(order, 1)}


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
