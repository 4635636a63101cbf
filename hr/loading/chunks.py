"""Rows are written, and taken back, by parts of a transaction: what one row breaks is told of that row alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import DomainError
from hr.loading.turns import Turn, Unfit
from hr.services.writing import savepoint

Work = Callable[[Sequence[Turn]], None]


def do_what_fits(work: Work, turns: Sequence[Turn]) -> tuple[list[Turn], list[Turn]]:
    """Do it to the rows that fit; returns them, and the others with their problems.

    A rule that names no row is asked about halves until it is one row's: that costs nothing while all fit.
    """
    if not turns:
        return [], []
    try:
        with savepoint():
            work(turns)
    except Unfit as error:
        unfit = {turn.pk for turn in error.turns}
        done, others = do_what_fits(work, [turn for turn in turns if turn.pk not in unfit])
        return done, [*error.turns, *others]
    except DomainError as error:
        if len(turns) == 1:
            turns[0].refuse(error.message, error.field)
            return [], list(turns)
        half = len(turns) // 2
        done, unfit_ones = do_what_fits(work, turns[:half])
        more, more_unfit = do_what_fits(work, turns[half:])
        return [*done, *more], [*unfit_ones, *more_unfit]
    return list(turns), []
