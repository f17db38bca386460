"""Ones with a flag and a foot, sevens with a bar: as much of the world writes, and MNIST seldom.

MNIST's writers were Americans, whose 1 is a stroke and whose 7 has no bar; a network that knows
only those takes the European 1 for a 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.floating_point import with_default_errstate
from handwrought.imaging.centring import centre
from handwrought.imaging.pen import segment

__all__ = ["add_flags"]

Array = NDArray[Any]

_INK = 0.4


@with_default_errstate
def add_flags(images: Array, labels: Array, share: float, rng: np.random.Generator) -> Array:
    """Copies of images, float32 (n, side, side), 0 to 1, in which a share of the ones and sevens got what
    they lack; labels are integers (n,)."""
    out = images.copy()
    chosen = rng.random(len(images)) < share
    y, x = np.mgrid[: images.shape[1], : images.shape[2]].astype(np.float32)
    for i in np.flatnonzero(chosen & ((labels == 1) | (labels == 7))):
        rows = np.flatnonzero(out[i].max(axis=1) > _INK)
        if len(rows) < 8:
            continue
        pen = float(np.median((out[i, rows] > _INK).sum(axis=1))) / 2
        pen = min(max(pen, 0.6), 2.2) if labels[i] == 1 else 1.1
        strokes = (_flag_and_foot if labels[i] == 1 else _bar)(out[i], rows, rng)
        for start, end in strokes:
            np.maximum(out[i], segment(y, x, start, end, pen), out=out[i])
        out[i] = centre(out[i])
    return out


_Stroke = tuple[tuple[float, float], tuple[float, float]]


def _flag_and_foot(image: Array, rows: Array, rng: np.random.Generator) -> list[_Stroke]:
    top, bottom = (float(rows[0]) + 0.7, _column(image, rows[0])), float(rows[-1]) - 0.7
    length, angle = rng.uniform(0.15, 0.6) * len(rows), np.deg2rad(rng.uniform(28, 65))
    strokes = [(top, (top[0] + length * np.sin(angle), top[1] - length * np.cos(angle)))]
    if rng.random() < 0.3:
        at, half = _column(image, rows[-1]), rng.uniform(2, 6)
        strokes.append(((bottom, at - half), (bottom, at + half)))
    return strokes


def _bar(image: Array, rows: Array, rng: np.random.Generator) -> list[_Stroke]:
    row = rows[0] + round(rng.uniform(0.4, 0.62) * len(rows))
    row = int(min(row, rows[-1]))
    at, half, lean = _column(image, row), rng.uniform(2.5, 5.5), rng.uniform(-1.5, 1)
    return [((row - lean, at - half), (row + lean, at + half))]


def _column(image: Array, row: int) -> float:
    """The middle of the ink in one row."""
    ink = image[row]
    return float((ink * np.arange(len(ink))).sum() / max(float(ink.sum()), 1e-6))
