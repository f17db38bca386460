"""Where the digit is in a picture of one digit, apart from borders, rules and neighbours' ends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.morphology import connected_components
from handwrought.reading.borders import remove_borders
from handwrought.reading.components import with_soft_edge
from handwrought.reading.ink import INK, find_ink
from handwrought.reading.normalization import Normalized, blank, normalize_ink
from handwrought.reading.polarity import polarity

__all__ = ["candidates"]

Array = NDArray[Any]


def candidates(picture: Array) -> list[Normalized]:
    """What the digit may be, the likeliest first.

    One, or more where an edge may be a border or the digit's own bar, or where ink covers so much
    that paper and ink may have been taken for each other.
    """
    height, width = picture.shape[:2]
    kind = polarity(picture)
    found: list[Normalized] = []
    for dark in (kind.dark,) if kind.sure else (kind.dark, not kind.dark):
        reach, pad = max(7, 0.33 * min(height, width)), max(2, min(height, width) // 8)
        amount = find_ink(picture, reach, pad=pad, dark=dark)
        cleared, sides = remove_borders(amount)
        for each in [amount, cleared] if sides == 1 else [cleared]:
            chosen = _digit(each)
            if chosen is not None:
                found.append(normalize_ink(each * chosen))
    return found or [blank()]


def _digit(amount: Array) -> Array | None:
    """Where the digit is: its largest component of ink and those that belong to it."""
    # Hairlines break where their ink falls between two pixels: weak ink holds strong ink together.
    mask = amount > (0.22 if min(amount.shape) < 100 else 0.35)
    components = connected_components(mask)
    n = len(components)
    if not n or not (amount > INK).any():
        return None
    boxes, areas = components.boxes, components.sums(amount)
    edges = [_edges(box, mask.shape) for box in boxes]
    merit = areas * [_merit(box, mask.shape, n) for box in boxes]
    best = int(np.argmax(merit))
    keep = np.zeros(n + 1, bool)
    keep[best + 1] = True
    size = max(side.stop - side.start for side in boxes[best])
    waiting = [best]
    while waiting:  # what lies near to a component that belongs, belongs
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
    return with_soft_edge(keep[components.labels], components.labels)


def _edges(box: tuple[slice, slice], shape: tuple[int, ...]) -> set[str]:
    """The picture's edges that a component touches."""
    rows, columns = box
    touched = {
        "top": rows.start == 0,
        "left": columns.start == 0,
        "bottom": rows.stop == shape[0],
        "right": columns.stop == shape[1],
    }
    return {name for name, touches in touched.items() if touches}


def _merit(box: tuple[slice, slice], shape: tuple[int, ...], n: int) -> float:
    """How likely a component is to be the digit, from its place and form."""
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
