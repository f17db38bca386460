"""Where the digit is in a picture of one digit, apart from borders, rules and neighbours' ends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.reading.ink import INK, find_ink
from handwrought.reading.morphology import components, dilated, opened
from handwrought.reading.normalization import Normalized, blank, normalize_ink
from handwrought.reading.polarity import polarity

__all__ = ["candidates", "normalize"]

Array = NDArray[Any]

_LEAST_WITH_BORDER = 24
"""Pixels of a picture so small that a line along its edge is more likely the digit's own bar."""


def normalize(picture: Array) -> Normalized:
    """One digit's picture, shape (height, width, channels), 0 to 1, prepared for the network."""
    return candidates(picture)[0]


def candidates(picture: Array) -> list[Normalized]:
    """What the digit may be, the likeliest first.

    One, or more where an edge may be a border or the digit's own bar, or where ink covers so much
    that paper and ink may have been taken for each other.
    """
    height, width = picture.shape[:2]
    # A little paper around, so that strokes at the border have paper beside them.
    pad = max(2, min(height, width) // 8)
    wide = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    kind = polarity(picture)
    found: list[Normalized] = []
    for dark in (kind.dark,) if kind.sure else (kind.dark, not kind.dark):
        ink = find_ink(wide, reach=max(7, 0.33 * min(height, width)), dark=dark)
        amount = ink.amount[pad:-pad, pad:-pad]
        cleared, sides = _without_borders(amount)
        for each in [amount, cleared] if sides == 1 else [cleared]:
            chosen = _digit(each)
            if chosen is not None:
                found.append(normalize_ink(each * chosen, ink.contrast))
    return found or [blank()]


def _without_borders(amount: Array) -> tuple[Array, int]:
    """Lines along the edges, from one end of the picture to the other, and how many they are."""
    if min(amount.shape) < _LEAST_WITH_BORDER:
        return amount, 0
    borders, sides = np.zeros(amount.shape, bool), 0
    for turns in range(4):
        # Each side in turn lies at the top.
        line = _line_at_the_top(np.rot90(amount, turns))
        if line is not None:
            borders |= np.rot90(line, -turns)
            sides += 1
    return (np.where(borders, 0, amount), sides) if sides else (amount, 0)


def _line_at_the_top(amount: Array) -> Array | None:
    """A thin line across the picture near its upper edge, and what lies above it."""
    height, width = amount.shape
    zone = max(3, round(0.22 * height))
    limit = max(3, round(0.08 * height))
    mask = amount[: zone + limit] > 0.3
    thick = opened(np.pad(mask, ((limit, 0), (0, 0))), limit + 1, 1)[limit:]
    thin = mask & ~thick
    band = dilated(mask, 3, 3)
    runs = opened(np.pad(band, ((0, 0), (width, width)), mode="edge"), 1, round(0.5 * width))
    line = runs[:, width:-width] & mask
    line[zone:] = False
    columns = np.flatnonzero(line.any(0))
    if len(columns) < 0.8 * width or columns[0] > 0.06 * width or columns[-1] < 0.94 * width - 1:
        return None
    if (line & thin).any(0).sum() < 0.6 * width:
        return None
    out = np.zeros(amount.shape, bool)
    rows = np.arange(len(mask))[:, None]
    lowest = np.where(line, rows, -1).max(0)
    # Where a stroke runs into the line, the line ends where it does beside the stroke.
    usual = np.median(lowest[(line & thin).any(0)])
    lowest = np.minimum(np.where(lowest < 0, usual, lowest), usual + 0.06 * height)
    out[: len(mask)] = rows <= lowest + 1
    return out


def _digit(amount: Array) -> Array | None:
    """Where the digit is: its largest piece of ink and those that belong to it."""
    # Hairlines break where their ink falls between two pixels: weak ink holds strong ink together.
    mask = amount > (0.22 if min(amount.shape) < 100 else 0.35)
    pieces = components(mask)
    n = len(pieces)
    if not n or not (amount > INK).any():
        return None
    boxes, areas = pieces.boxes, pieces.sums(amount)
    edges = [_edges(box, mask.shape) for box in boxes]
    merit = areas * [_merit(box, mask.shape, n) for box in boxes]
    best = int(np.argmax(merit))
    keep = np.zeros(n + 1, bool)
    keep[best + 1] = True
    size = max(side.stop - side.start for side in boxes[best])
    waiting = [best]
    while waiting:  # what lies near to a piece that belongs, belongs
        rows, columns = boxes[waiting.pop()]
        for i, (r, c) in enumerate(boxes):
            gap = max(
                r.start - rows.stop,
                rows.start - r.stop,
                c.start - columns.stop,
                columns.start - c.stop,
            )
            if keep[i + 1] or merit[i] < 0.03 * merit[best] or gap >= 0.25 * size:
                continue
            if edges[i] - edges[best] and merit[i] < 0.3 * merit[best]:
                continue  # a neighbour's end comes from beyond an edge that the digit keeps clear of
            keep[i + 1] = True
            waiting.append(i)
    own = keep[pieces.labels]
    found: Array = dilated(own, 5, 5) & ((pieces.labels == 0) | own)
    return found


def _edges(box: tuple[slice, slice], shape: tuple[int, ...]) -> set[str]:
    """The picture's edges that a piece touches."""
    rows, columns = box
    touched = {
        "top": rows.start == 0,
        "left": columns.start == 0,
        "bottom": rows.stop == shape[0],
        "right": columns.stop == shape[1],
    }
    return {name for name, touches in touched.items() if touches}


def _merit(box: tuple[slice, slice], shape: tuple[int, ...], n: int) -> float:
    """How likely a piece is to be the digit, from its place and form."""
    height, width = shape
    rows, columns = box
    tall, wide = rows.stop - rows.start, columns.stop - columns.start
    if n > 1 and (
        (wide > 0.9 * width and tall < 0.12 * height)
        or (tall > 0.97 * height and wide < 0.04 * width)
    ):
        return 0.05  # a ruled line
    middle = (rows.start + rows.stop) / 2 / height, (columns.start + columns.stop) / 2 / width
    aside = max(abs(middle[0] - 0.5), abs(middle[1] - 0.5))
    if _edges(box, shape) and aside > 0.3:
        return 0.3  # a neighbour's end, a shadow at the border
    return 1.0
