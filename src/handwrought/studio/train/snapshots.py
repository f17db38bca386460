"""The moments of a training that are kept, and how few of them are enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handwrought.training.metrics import Point

__all__ = ["due_steps", "moment_path", "steps_kept", "thinned"]

MOMENTS = 64
BYTES = 64 << 20
"""Of all moments of one run."""
POINTS = 800


def due_steps(total: int, parameters: int) -> frozenset[int]:
    """The steps whose network is kept: evenly on a logarithmic scale, as learning slows down.

    Their number is bounded by MOMENTS, and for a large network by BYTES.
    """
    each = parameters * (4 if parameters < 200_000 else 2)
    most = max(3, min(MOMENTS, BYTES // each))
    found, i = {0, total}, 0
    while len(found) < most and i < most:
        found.add(round(total ** (i / (most - 1))))
        i += 1
    return frozenset(found)


def moment_path(folder: Path, step: int) -> Path:
    """The file that keeps the network of that step."""
    return folder / "moments" / f"{step:09}.safetensors"


def steps_kept(folder: Path) -> list[int]:
    """The steps whose network is kept, in order."""
    found = (folder / "moments").glob("*.safetensors")
    return sorted(int(path.stem) for path in found if path.stem.isdigit())


def thinned(points: list[Point]) -> list[Point]:
    """The same list while it is short enough; else one with every other point of its older part."""
    if len(points) <= POINTS:
        return points
    keep = POINTS // 8
    return [points[0], *points[1:-keep:2], *points[-keep:]]
