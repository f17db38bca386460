"""The moments of a training that are kept, and how few of them are enough."""

from __future__ import annotations

from pathlib import Path

__all__ = ["due_steps", "snapshot_path", "steps_kept"]

MOMENTS = 64
BYTES = 64 << 20
"""Of all moments of one run."""


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


def snapshot_path(folder: Path, step: int) -> Path:
    """The file that keeps the network of that step."""
    return _kept_in(folder) / f"{step:09}.safetensors"


def steps_kept(folder: Path) -> list[int]:
    """The steps whose network is kept, in order."""
    found = _kept_in(folder).glob("*.safetensors")
    return sorted(int(path.stem) for path in found if path.stem.isdigit())


def _kept_in(folder: Path) -> Path:
    before = folder / "moments"  # as earlier versions called it
    return before if before.is_dir() else folder / "snapshots"
