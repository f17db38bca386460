"""Lines along the edges of a picture: a form's cell that was cut out with its borders."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.morphology import dilation, opening

__all__ = ["remove_borders"]

Array = NDArray[Any]

_LEAST_WITH_BORDER = 24
"""Pixels of a picture so small that a line along its edge is more likely the digit's own bar."""


def remove_borders(amount: Array, zone: float = 0.22) -> tuple[Array, int]:
    """Without lines along the edges, from one end of the picture to the other; and their number.

    They lie within a share ``zone`` of the picture from its edge, and what lies beyond them goes too.
    """
    if min(amount.shape) < _LEAST_WITH_BORDER:
        return amount, 0
    borders, sides = np.zeros(amount.shape, bool), 0
    for turns in range(4):
        # Each side in turn lies at the top.
        line = _line_at_the_top(np.rot90(amount, turns), zone)
        if line is not None:
            borders |= np.rot90(line, -turns)
            sides += 1
    return (np.where(borders, 0, amount), sides) if sides else (amount, 0)


def _line_at_the_top(amount: Array, share: float) -> Array | None:
    """A thin line across the picture near its upper edge, and what lies above it."""
    height, width = amount.shape
    zone = max(3, round(share * height))
    limit = max(3, round(0.08 * height))
    mask = amount[: zone + limit] > 0.3
    thick = opening(np.pad(mask, ((limit, 0), (0, 0))), limit + 1, 1)[limit:]
    thin = mask & ~thick
    band = dilation(mask, 3, 3)
    runs = opening(np.pad(band, ((0, 0), (width, width)), mode="edge"), 1, round(0.5 * width))
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
