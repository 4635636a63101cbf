"""Rates and counts for Unfold's chart components, which take the data and the options of Chart.js as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from hr.figures import Line

LONGEST_LABEL = 22  # the table beside has it whole
GREY = "#9ca3af"
BAR_HEIGHT, LEAST_HEIGHT = 34, 150


def rate_line(lines: Sequence[Line]) -> dict[str, Any]:
    """The rates one after the other, as a curve; a gap where there is none."""
    curve = {
        "borderColor": "var(--color-primary-600)",
        "backgroundColor": "var(--color-primary-600)",
        "borderWidth": 2,
        "pointRadius": 3,
        "tension": 0.3,
    }
    return _rates(lines, curve, {"x": _labels(), "y": _percents()}) | {"height": 240}


def rate_bars(lines: Sequence[Line]) -> dict[str, Any]:
    """The rates below each other, as long names need it."""
    bars = {"backgroundColor": "var(--color-primary-600)", "maxBarThickness": 16, "borderRadius": 3}
    options = {"x": _percents(), "y": _labels()}
    height = max(BAR_HEIGHT * len(lines), LEAST_HEIGHT)
    return _rates(lines, bars, options, indexAxis="y") | {"height": height}


def count_bars(label: str, labels: Sequence[str], counts: Sequence[int]) -> dict[str, Any]:
    """How many there are of each, in whole numbers."""
    bars = {"label": label, "data": counts, "backgroundColor": "var(--color-primary-600)", "maxBarThickness": 28}
    whole = {"beginAtZero": True, "border": {"display": False}, "ticks": {"color": GREY, "precision": 0}, "grid": {}}
    return _chart(labels, bars | {"borderRadius": 3}, {"x": _labels(may_skip=True), "y": whole})


def _rates(lines: Sequence[Line], dataset: dict[str, Any], scales: dict[str, Any], **options: Any) -> dict[str, Any]:
    rates = [None if line.tally.rate is None else float(line.tally.rate) for line in lines]
    labels = [line.label for line in lines]
    return _chart(labels, {"label": _("attendance rate, %"), "data": rates, **dataset}, scales, **options)


def _chart(labels: Sequence[str], dataset: dict[str, Any], scales: dict[str, Any], **options: Any) -> dict[str, Any]:
    data = {"labels": [Truncator(label).chars(LONGEST_LABEL) for label in labels], "datasets": [dataset]}
    settings = {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": scales,
        **options,
    }
    return {"data": json.dumps(data), "options": json.dumps(settings)}


def _percents() -> dict[str, Any]:
    return {"min": 0, "max": 100, "border": {"display": False}, "ticks": {"color": GREY, "stepSize": 25}, "grid": {}}


def _labels(*, may_skip: bool = False) -> dict[str, Any]:
    return {"border": {"display": False}, "ticks": {"color": GREY, "autoSkip": may_skip}, "grid": {"display": False}}
