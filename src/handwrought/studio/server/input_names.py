"""What the numbers that a network is given of a digit stand for: pixels, or edges of its strokes."""

from __future__ import annotations

from typing import Final

__all__ = ["SIDE", "place"]

SIDE: Final = 28
MOST_CLASSES: Final = 10_000
"""Pixels of a digit, in each direction."""
_HALF: Final = SIDE // 2
_TOWARDS: Final = "→↘↓↙←↖↑↗"
"""The directions of :func:`~handwrought.data.strokes.stroke_maps`, in its order."""


def place(k: int, n: int) -> str:
    """What number k of n is, with its row and column; ``web/pixels.js`` says the same.

    An edge's arrow points to where the image grows brighter.
    """
    if n == SIDE * SIDE:
        return f"pixel {k // SIDE}, {k % SIDE}"
    if n != 2 * SIDE * SIDE:
        return f"number {k}"
    row, column = divmod(k, 2 * SIDE)
    towards = _TOWARDS[4 * (row // _HALF) + column // _HALF]
    return f"edge {towards} at {2 * (row % _HALF)}, {2 * (column % _HALF)}"
