"""Which components stand in a line, how the lines slant, and which columns they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from handwrought.reading.components import Component

__all__ = ["find_columns", "group_lines", "line_slope"]

_GUTTER = 1.5
"""Between columns, in digits' heights."""
_LEVEL = 0.3
"""Digits' heights by which lines beside each other may differ and still be one."""
_FEW = 2.5
"""Digits in a line, on average, from which on a column's own lines say how they slant."""


def group_lines(components: Sequence[Component]) -> list[list[Component]]:
    """Neighbours that stand side by side form a line, however it slants; from the top, each from
    the left, and column by column where there are any (:func:`find_columns`)."""
    columns = find_columns(components)
    slope = _slope(columns)
    return [line for column in columns for line in _lines(column, slope)]


def line_slope(components: Sequence[Component]) -> float:
    """How the lines slant: that under which the components' levels fall into the narrowest lines."""
    return _slope(find_columns(components))


def find_columns(components: Sequence[Component]) -> list[list[Component]]:
    """Columns whose lines do not stand level with each other, from the left.

    Rows of a table and numbers far apart do, so they are one column: they are read across.
    """
    components = sorted(components, key=lambda component: component.x)
    if not components:
        return []
    usual = _usual(components)
    starts = np.array([component.x for component in components[1:]])
    ends = np.maximum.accumulate([component.x + component.width for component in components])[:-1]
    cuts = [0, *(1 + np.flatnonzero(starts - ends >= _GUTTER * usual)), len(components)]
    parts = [components[start:end] for start, end in pairwise(cuts)]
    slope = _slope(parts)
    columns = parts[:1]
    for part in parts[1:]:
        if _are_level(columns[-1], part, slope, usual):
            columns[-1] = columns[-1] + part
        else:
            columns.append(part)
    return columns


def _are_level(
    left: Sequence[Component], right: Sequence[Component], slope: float, usual: float
) -> bool:
    """Whether most lines on one side go on on the other, or one of the two is no column."""
    sides = []
    for side in (left, right):
        lines = _lines(side, slope)
        if len(lines) < 2 or len(side) < _FEW * len(lines):
            return True
        sides.append(np.array([np.mean(_levels(line, slope)) for line in lines]))
    few, many = sorted(sides, key=len)
    apart = np.abs(few[:, None] - many).min(axis=1)
    return float(np.median(apart)) <= _LEVEL * usual


def _usual(components: Sequence[Component]) -> float:
    return float(np.median([component.height for component in components]))


def _lines(components: Sequence[Component], slope: float) -> list[list[Component]]:
    usual = _usual(components)
    levels = _levels(components, slope)
    lines: list[list[int]] = []
    for i in np.argsort(levels, kind="stable"):
        if lines and levels[i] - np.mean(levels[lines[-1]]) < 0.6 * usual:
            lines[-1].append(i)
        else:
            lines.append([i])
    return [sorted((components[i] for i in line), key=lambda p: p.centre[0]) for line in lines]


def _levels(components: Sequence[Component], slope: float) -> np.ndarray:
    """How far down the components stand, measured across lines of this slope."""
    centres = np.array([component.centre for component in components])
    return np.asarray((centres[:, 1] - slope * centres[:, 0]) * np.cos(np.arctan(slope)))


def _slope(columns: Sequence[Sequence[Component]]) -> float:
    """The slope common to the lines of all columns."""
    n = sum(map(len, columns))
    if n < 3:
        return 0.0
    usual = _usual([component for column in columns for component in column])
    best, found = np.inf, 0.0
    for slope in np.tan(np.deg2rad(np.arange(-45, 45.5, 1.0))):
        spread = 0.15 * usual * abs(float(slope))
        for column in columns:
            steps = np.diff(np.sort(_levels(column, slope)))
            breaks = steps > 0.45 * usual
            spread += float(steps[~breaks].sum()) + 0.75 * usual * int(breaks.sum())
        if spread < best:
            best, found = spread, float(slope)
    return found
