"""Letters as a pen draws them, of the strokes below: outliers that stand beside digits.

Those that are a digit to anyone who does not see their word are left out (B, D, G, I, O, Q, S, Z,
b, g, i, l, o, q, s, y, z, and a, as most people write it).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.centring import centre
from handwrought.imaging.pen import chaikin, polylines

__all__ = ["ALPHABET", "letters"]

Array = NDArray[Any]

_PAIRS, _SERIFS = 0.25, 0.2
_SERIF = np.array([[0, -0.7], [0, 0.7]])

# Points across and down, 0 to 4 and 0 (a capital's top) to 8 (a g's foot); capitals stand on 6.
# Strokes are parted by bars; a tilde stands before those whose corners are rounded.
_STROKES = {
    "A": "06 20 46|14 34",
    "C": "~41 30 10 02 04 16 36 45",
    "E": "40 00 06 46|03 33",
    "F": "40 00 06|03 33",
    "H": "00 06|40 46|03 43",
    "J": "~30 34 36 16 05",
    "K": "00 06|40 03 46",
    "L": "00 06 46",
    "M": "06 00 24 40 46",
    "N": "06 00 46 40",
    "P": "06 00|~00 30 40 43 33 03",
    "R": "06 00|~00 30 40 43 33 03|13 46",
    "T": "00 40|20 26",
    "U": "~00 04 06 26 46 44 40",
    "V": "00 26 40",
    "W": "00 16 22 36 40",
    "X": "00 46|40 06",
    "a": "~03 12 32 43 46|~44 14 05 16 36 44",
    "c": "~43 32 12 03 05 16 36 45",
    "d": "40 46|~43 22 02 04 06 26 45",
    "e": "04 44|~44 43 32 12 03 05 16 36 45",
    "f": "~40 20 10 12 16|02 32",
    "h": "00 06|~04 12 32 43 46",
    "k": "00 06|32 04 36",
    "m": "02 06|~04 12 22 23 26|~24 32 42 43 46",
    "n": "02 06|~04 12 32 43 46",
    "p": "02 08|~03 22 42 44 46 26 05",
    "r": "02 06|~04 12 32",
    "t": "~10 15 16 36|02 32",
    "u": "~02 05 16 36 45|42 46",
    "v": "02 26 42",
    "w": "02 16 23 36 42",
    "x": "02 46|42 06",
    "+": "20 24|02 42",
    "=": "02 42|04 44",
    "#": "10 06|30 26|02 42|04 44",
}


def _read(strokes: str) -> list[tuple[Array, bool]]:
    """Corners (k, 2) as y and x, and whether they are rounded, of each stroke."""
    out = []
    for stroke in strokes.split("|"):
        curved, points = stroke.startswith("~"), stroke.removeprefix("~").split()
        across_down = np.array([[int(at) for at in point] for point in points], np.float64)
        out.append((across_down[:, ::-1], curved))
    return out


ALPHABET = {name: _read(strokes) for name, strokes in _STROKES.items()}


def letters(images: Array, n: int, rng: np.random.Generator) -> Array:
    """Letters and pairs of letters that touch, drawn as no two hands draw them, prepared as digits are:
    float32 (n, side, side), 0 to 1; ``images``, (m, side, side), are for their size alone."""
    names = list(ALPHABET)
    out = np.empty((n, *images.shape[1:]), np.float32)
    for i in range(n):
        strokes, widest = _written(names[rng.integers(len(names))], rng), 2.4
        if rng.random() < _PAIRS:
            widest = 1.5
            space = [0, rng.uniform(3.6, 4.6)]
            strokes += [s + space for s in _written(names[rng.integers(len(names))], rng)]
        out[i] = _prepared(
            strokes, rng.uniform(0.5, widest) * (images.shape[1] / 28), images.shape[1], rng
        )
    return out


def _written(name: str, rng: np.random.Generator) -> list[Array]:
    """The letter's strokes, their corners moved, with serifs at times."""
    serifs = rng.random() < _SERIFS
    out = []
    for corners, curved in ALPHABET[name]:
        points = corners + rng.normal(0, 0.18, corners.shape)
        out.append(chaikin(points) if curved else points)
        for end, before in ((points[0], points[1]), (points[-1], points[-2])):
            if serifs and abs(end[0] - before[0]) > abs(end[1] - before[1]):
                out.append(end + _SERIF)
    return out


def _prepared(strokes: list[Array], width: float, side: int, rng: np.random.Generator) -> Array:
    """Narrowed, slanted and turned, then as MNIST's digits are: the ink's box scaled to 20 of 28
    pixels, its centre of mass in the middle."""
    slant, angle = np.tan(np.deg2rad(rng.normal(0, 10))), np.deg2rad(rng.normal(0, 5))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    change = np.array([[1, -slant], [0, rng.uniform(0.6, 1.25)]]) @ turn
    lines = [points @ change for points in strokes]
    corners = np.concatenate(lines)
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = (side * 20 / 28 - 2 * width) / (high - low).max()
    lines = [scale * (points - (low + high) / 2) + (side - 1) / 2 for points in lines]
    return centre(polylines(lines, width, side))
