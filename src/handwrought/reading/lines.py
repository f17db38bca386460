"""Which pieces stand in a line, and how the lines slant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handwrought.reading.pieces import Piece

__all__ = ["into_lines", "slope_of"]


def into_lines(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Neighbours that stand side by side form a line, however it slants; from the top, each from
    the left."""
    if not pieces:
        return []
    usual = float(np.median([piece.height for piece in pieces]))
    slope = slope_of(pieces)
    lean = float(np.cos(np.arctan(slope)))
    level = {id(p): lean * (p.centre[1] - slope * p.centre[0]) for p in pieces}
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: level[id(p)]):
        if lines:
            last = float(np.mean([level[id(p)] for p in lines[-1]]))
            if level[id(piece)] - last < 0.6 * usual:
                lines[-1].append(piece)
                continue
        lines.append([piece])
    return [sorted(line, key=lambda p: p.centre[0]) for line in lines]


def slope_of(pieces: Sequence[Piece]) -> float:
    """How the lines slant: that under which the pieces' levels fall into the narrowest lines."""
    if len(pieces) < 3:
        return 0.0
    usual = float(np.median([piece.height for piece in pieces]))
    centres = np.array([piece.centre for piece in pieces])
    best, found = np.inf, 0.0
    for slope in np.tan(np.deg2rad(np.arange(-45, 45.5, 1.0))):
        levels = np.sort(centres[:, 1] - slope * centres[:, 0]) * np.cos(np.arctan(slope))
        steps = np.diff(levels)
        breaks = steps > 0.45 * usual
        spread = float(steps[~breaks].sum()) + 0.75 * usual * int(breaks.sum())
        spread += 0.15 * usual * abs(float(slope))
        if spread < best:
            best, found = spread, float(slope)
    return found
