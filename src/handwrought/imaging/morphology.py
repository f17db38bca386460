"""Masks and maps: dilation, erosion, connected components, holes, distances; NumPy alone.

SciPy has all of these, but importing its image functions takes longer than reading a photograph.
The tests compare each of these with SciPy's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ConnectedComponents",
    "closing",
    "connected_components",
    "dilation",
    "fill_holes",
    "maximum_filter",
    "minimum_filter",
    "opening",
    "signed_distance",
    "thicken",
]

Array = NDArray[Any]


def maximum_filter(values: Array, height: int, width: int, outside: str = "edge") -> Array:
    """The largest value in a window of odd ``height`` and ``width`` around each cell.

    Beyond the border lies the nearest value ("edge"), or nothing ("constant": 0).
    """
    for axis, size in ((0, height), (1, width)):
        if size > 1:
            values = _running(np.maximum, values, size, axis, outside)
    return values


def minimum_filter(values: Array, height: int, width: int, outside: str = "edge") -> Array:
    """The smallest value in a window; see :func:`maximum_filter`."""
    for axis, size in ((0, height), (1, width)):
        if size > 1:
            values = _running(np.minimum, values, size, axis, outside)
    return values


def _running(pick: Any, values: Array, size: int, axis: int, outside: Any) -> Array:
    half = size // 2
    pads = [(0, 0), (0, 0)]
    pads[axis] = (half, size - 1 - half)
    wide = np.pad(values, pads, mode=outside)
    if axis:
        wide = wide.T
    # Windows of 1, 2, 4, ... cells, each from two of half its size; then two that overlap.
    reach = 1
    while 2 * reach <= size:
        wide = pick(wide[:-reach], wide[reach:])
        reach *= 2
    rest = size - reach
    if rest:
        wide = pick(wide[:-rest], wide[rest:])
    return np.ascontiguousarray(wide.T if axis else wide)


def dilation(mask: Array, height: int = 3, width: int = 3) -> Array:
    """The mask grown by a box; nothing lies beyond the border."""
    return maximum_filter(mask, height, width, "constant")


def opening(mask: Array, height: int, width: int) -> Array:
    """What of the mask a box of this size can cover."""
    return dilation(minimum_filter(mask, height, width, "constant"), height | 1, width | 1)


def closing(values: Array, size: int) -> Array:
    """Filled where it is dark in less than a square of odd ``size``."""
    return minimum_filter(maximum_filter(values, size, size), size, size)


def thicken(images: Array, pixels: float | Array) -> Array:
    """Strokes of images, float32 (n, height, width), from 0, grown on each side by dilation, or shrunk by
    erosion where ``pixels``, a number or (n,), is negative: the largest or smallest of each pixel and its
    four neighbours, once for each whole pixel, and in part for the rest.  Outside is 0."""
    amounts = np.broadcast_to(np.asarray(pixels, np.float32), len(images))
    out = images
    for pick, left in ((np.maximum, amounts), (np.minimum, -amounts)):
        while (left > 0).any():
            part = np.clip(left, 0, 1)[:, None, None]
            out = out + part * (_with_neighbours(out, pick) - out)
            left = left - 1
    return out


def _with_neighbours(images: Array, pick: Any) -> Array:
    """The maximum or minimum of each pixel and its four neighbours."""
    out = images.copy()
    pick(out[:, 1:], images[:, :-1], out=out[:, 1:])
    pick(out[:, :-1], images[:, 1:], out=out[:, :-1])
    pick(out[:, :, 1:], images[:, :, :-1], out=out[:, :, 1:])
    pick(out[:, :, :-1], images[:, :, 1:], out=out[:, :, :-1])
    if pick is np.minimum:
        out[:, [0, -1]] = 0
        out[:, :, [0, -1]] = 0
    return out


@dataclass(frozen=True, eq=False)
class ConnectedComponents:
    """Connected components of a mask; cells that meet at a corner are connected.

    labels: int32 (height, width), 0 outside the mask, else the number of the component, from 1, in the
    order of their first rows; boxes: rows and columns of each, component i's is ``boxes[i - 1]``."""

    labels: Array
    boxes: list[tuple[slice, slice]]

    def __len__(self) -> int:
        return len(self.boxes)

    def sums(self, values: Array) -> Array:
        """The sum of some values over each component."""
        inside = np.flatnonzero(self.labels)
        labels, kept = self.labels.ravel()[inside], values.ravel()[inside]
        return np.asarray(np.bincount(labels, kept, len(self.boxes) + 1)[1:])


def connected_components(mask: Array) -> ConnectedComponents:
    """The connected components of a mask, found from runs of its rows."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, stops = np.nonzero(steps == -1)
    labels = np.zeros((height, width), np.int32)
    if not len(rows):
        return ConnectedComponents(labels, [])
    # A run touches those of the row above that begin before it ends and end after it begins.
    wide = width + 2
    begin, end = rows * wide + starts, rows * wide + stops
    first = np.searchsorted(end, begin - wide, "left")
    last = np.searchsorted(begin, end - wide, "right")
    last = np.maximum(last, first)
    counts = last - first
    lower = np.repeat(np.arange(len(rows)), counts)
    upper = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    upper += np.repeat(first, counts)
    root = _roots(len(rows), lower, upper)
    _, component = np.unique(root, return_inverse=True)
    n = int(component.max()) + 1
    filled = np.repeat(component + 1, stops - starts)
    labels[np.asarray(mask, bool)] = filled
    order = np.argsort(component, kind="stable")
    edges = np.searchsorted(component[order], np.arange(n))
    tops, bottoms = rows[order][edges], np.maximum.reduceat(rows[order], edges)
    lefts = np.minimum.reduceat(starts[order], edges)
    rights = np.maximum.reduceat(stops[order], edges)
    boxes = [
        (slice(t, b + 1), slice(l, r))
        for t, b, l, r in zip(
            tops.tolist(), bottoms.tolist(), lefts.tolist(), rights.tolist(), strict=True
        )
    ]
    return ConnectedComponents(labels, boxes)


def _roots(n: int, one: Array, other: Array) -> Array:
    """For each of n nodes the least node it is connected with through the edges."""
    root = np.arange(n)
    while True:
        least = np.minimum(root[one], root[other])
        before = root.copy()
        np.minimum.at(root, root[one], least)
        np.minimum.at(root, root[other], least)
        while True:  # point every node at its root's root
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
        if np.array_equal(before, root):
            return root


def fill_holes(mask: Array) -> Array:
    """The mask with its holes, which do not reach the border, not even round a corner."""
    outside = connected_components(np.pad(~mask, 1, constant_values=True))
    return np.asarray(outside.labels != 1)[1:-1, 1:-1]


def signed_distance(inside: Array, reach: int) -> Array:
    """Distance to the outline in cells, positive inside, no farther than ``reach``.

    From cell centre to cell centre of the other side, less half a cell.
    """
    return np.asarray(_distance(inside, reach) - _distance(~inside, reach)) + np.where(
        inside, -0.5, 0.5
    )


def _distance(mask: Array, reach: int) -> Array:
    """Of each cell of the mask to the nearest cell outside it, at most ``reach``."""
    height, width = mask.shape
    rows = np.arange(height)[:, None]
    above = np.maximum.accumulate(np.where(mask, -reach - 1, rows), axis=0)
    below = np.minimum.accumulate(np.where(mask, height + reach, rows)[::-1], axis=0)[::-1]
    # float32 holds these whole numbers exactly.
    down = np.minimum(np.minimum(rows - above, below - rows), reach).astype(np.float32) ** 2
    best = down.copy()
    for step in range(1, min(reach, width - 1) + 1):
        square = np.float32(step * step)
        np.minimum(best[:, step:], down[:, :-step] + square, out=best[:, step:])
        np.minimum(best[:, :-step], down[:, step:] + square, out=best[:, :-step])
    return np.minimum(np.sqrt(best), reach)
