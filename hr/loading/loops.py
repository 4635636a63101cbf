"""Chains that must end: bosses above bosses, units above units, where a file changes some of the links."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from hr.loading.lines import Line


def node(at: Line | int) -> Hashable:
    """A row of the database by its key, one yet to be written by its place in the file."""
    if isinstance(at, int):
        return at
    return at.existing.pk if at.existing else f"row {at.number}"


def loops_of(starts: Iterable[Hashable], above: Mapping[Hashable, Hashable]) -> list[list[Hashable]]:
    """The circles one runs into by following `above` from each of `starts`, each told once."""
    ends: set[Hashable] = set()
    loops = []
    for start in starts:
        walked: dict[Hashable, None] = {}
        at: Hashable | None = start
        while at is not None and at not in ends and at not in walked:
            walked[at] = None
            at = above.get(at)
        if at is not None and at in walked:
            nodes = list(walked)
            loops.append(nodes[nodes.index(at) :])
        ends.update(walked)
    return loops
