"""Lines that were printed: rules, squares, and the frames of a form's cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.morphology import (
    connected_components,
    dilation,
    maximum_filter,
    opening,
)
from handwrought.imaging.sampling import shift_rows
from handwrought.reading.ink import INK

__all__ = ["remove_ruled_lines"]

Array = NDArray[Any]

_RULE = 0.2
"""Amount of ink from which a pixel may belong to a rule: they are printed fainter than pens write."""
_ACROSS = 0.65
"""Of the page's width, that a rule and what stands on it take."""
_SLOPES = np.tan(np.deg2rad(np.arange(-5, 5.25, 0.5)))
"""How far a sheet may lie askew for its rules to be found."""


def remove_ruled_lines(amount: Array) -> Array:
    """The ink without long straight lines, save where strokes cross them, and without frames."""
    mask = amount > INK
    # Frames first: without its long sides a row of cells is a row of ones.
    frames = _frames(mask)
    if frames.any():
        amount = np.where(dilation(frames) & ~(mask & ~frames), 0, amount)
        mask = amount > INK
    rules = np.zeros_like(mask)
    weak = amount > _RULE
    for upright in (False, True):
        turned = weak.T if upright else weak
        length = turned.shape[1] // 3
        if length >= 60:
            found = _long_lines(turned, length)
            rules |= found.T if upright else found
    if rules.any():
        amount = np.where(dilation(rules) & ~_crossing(mask, rules), 0, amount)
        amount = np.where(dilation(_walls(amount > INK, rules)), 0, amount)
    return amount


def _walls(mask: Array, rules: Array) -> Array:
    """Straight strokes from one rule to another, all of one height: a row of cells' walls."""
    near = dilation(rules, 9, 9)
    connected = connected_components(mask)
    found = []
    for i, box in enumerate(connected.boxes):
        own = connected.labels[box] == i + 1
        height, width = own.shape
        if height >= 24 and width <= 0.15 * height + 2:
            ends = own & near[box]
            if ends[:6].any() and ends[-6:].any():
                found.append((i + 1, height))
    heights = np.array([height for _, height in found])
    alike = [label for label, h in found if (abs(heights - h) <= 0.06 * h + 2).sum() > 2]
    return np.asarray(np.isin(connected.labels, alike))


def _long_lines(mask: Array, length: int) -> Array:
    """Thin lines across the page, all at one small slant."""
    slope = _slope(mask)
    level = mask if slope == 0 else _sheared(mask, slope)
    thin = level & ~opening(level, 9, 1)
    lines = opening(dilation(level, 3, 3), 1, length) & thin
    # A rule goes on across the page; a digit's bar, however straight, does not.
    rows = lines.any(1) & (dilation(level, 3, 1).mean(1) > _ACROSS)
    lines &= dilation(rows[:, None], 5, 1)
    # Where much of a row is a rule, all that is thin in it is.
    rows = lines.any(1) & (lines.mean(1) + np.roll(lines.mean(1), 1) > 0.25)
    lines |= thin & dilation(rows[:, None], 3, 1)
    return lines if slope == 0 else _sheared(lines, -slope)


def _slope(mask: Array) -> float:
    """The slant at which some row of the page holds the most ink."""
    step = max(1, min(mask.shape) // 200)
    small = maximum_filter(mask, step, step)[::step, ::step] if step > 1 else mask
    height, width = small.shape
    y, x = np.nonzero(small)
    best, found = 0.0, 0.0
    for slope in sorted(_SLOPES.tolist(), key=abs):
        # What each row of the sheared mask would hold; only ink is moved, as there is little of it.
        rows = y - _moves(width, slope)[x]
        inside = (rows >= 0) & (rows < height)
        profile = np.bincount(rows[inside], minlength=height) / width
        # The sum of squares grows as ink gathers in few rows.
        value = float((profile**2).sum())
        if value > 1.1 * best:
            best, found = value, slope
    return found


def _sheared(mask: Array, slope: float) -> Array:
    """Columns moved so that lines of this slope become level; what leaves the page is lost."""
    return np.ascontiguousarray(shift_rows(mask.T, -_moves(mask.shape[1], slope)).T)


def _moves(width: int, slope: float) -> Array:
    """By how many rows each column moves up."""
    return np.round(slope * (np.arange(width) - width // 2)).astype(int)


def _crossing(mask: Array, rules: Array) -> Array:
    """Ink of the rules that carries a stroke from one side to the other."""
    rest = mask & ~dilation(rules)
    return np.asarray(dilation(rest, 9, 3) & dilation(rest, 5, 5))


def _frames(mask: Array) -> Array:
    """Lines of rectangles and rows of cells: connected ink with four straight sides."""
    frames = np.zeros_like(mask)
    connected = connected_components(mask)
    for i, box in enumerate(connected.boxes):
        own = connected.labels[box] == i + 1
        height, width = own.shape
        if min(height, width) < 24 or own.mean() > 0.6:
            continue
        band = max(3, round(0.05 * min(height, width)))
        sides = own[:band].any(0), own[-band:].any(0), own[:, :band].any(1), own[:, -band:].any(1)
        if min(side.mean() for side in sides) < 0.9:
            continue
        level = opening(dilation(own, 3, 1), 1, round(0.88 * width)) & own
        upright = opening(dilation(own, 1, 3), round(0.88 * height), 1) & own
        limit = max(5, band)
        frames[box] |= level & ~opening(own, limit + 1, 1)
        frames[box] |= upright & ~opening(own, 1, limit + 1)
    return frames
