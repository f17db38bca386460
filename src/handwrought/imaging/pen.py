"""A pen: strokes with round ends, antialiased, straight or with rounded corners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["chaikin", "polylines", "segment"]

Array = NDArray[Any]


def segment(y: Array, x: Array, start: Any, end: Any, width: float) -> Array:
    """A straight stroke with round ends, antialiased, float32 (height, width), 0 to 1: ink by the distance
    from its axis.

    y, x: (height, width), the pixels; start, end: (y, x), or arrays (k, 1, 1) of k strokes at once, which
    give (k, height, width); width: half of the stroke's, in pixels."""
    dy, dx = end[0] - start[0], end[1] - start[1]
    length = np.maximum(dy * dy + dx * dx, 1e-6)
    along = np.clip(((y - start[0]) * dy + (x - start[1]) * dx) / length, 0, 1)
    away = np.hypot(y - start[0] - along * dy, x - start[1] - along * dx)
    return np.asarray(np.clip(width - away + 0.5, 0, 1), np.float32)


def polylines(lines: Sequence[Array], width: float, side: int) -> Array:
    """Lines from point to point, (k, 2) each, as y and x, on a square of so many pixels a side."""
    starts, ends = (
        np.concatenate([line[part] for line in lines]).astype(np.float32).T[:, :, None, None]
        for part in (slice(None, -1), slice(1, None))
    )
    y, x = np.mgrid[:side, :side].astype(np.float32)
    return np.asarray(segment(y, x, starts, ends, width).max(axis=0))


def chaikin(points: Array, times: int = 2) -> Array:
    """Points (k, 2) of a stroke whose corners are cut off at a quarter of each side, over and over
    (Chaikin 1974, "An algorithm for high-speed curve generation"); the ends stay where they are."""
    for _ in range(times):
        before, after = points[:-1], points[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1)
        points = np.concatenate([points[:1], cut.reshape(-1, 2)[1:-1], points[-1:]])
    return points
