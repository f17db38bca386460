"""Whether a kept state is of the training that is to go on from it, and whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument
from handwrought.training.state import TrainingState

__all__ = ["check_identity", "check_whole"]

_NEW = frozenset(("activations", "cost", "dtype", "data"))
"""Of an identity: what checkpoints of format 1 did not note."""


def check_identity(state: TrainingState, identity: Mapping[str, Any], engine: str) -> None:
    """Raise InvalidArgument, naming the first setting that is otherwise, for another training.

    ``identity`` is what decides the mathematics of what is asked for now; ``engine`` goes on with
    it, and format 1, which noted its own, goes on by none else.
    """
    kept, asked = dict(state.settings), dict(identity)
    if "data" not in kept:  # of format 1
        asked = {name: value for name, value in asked.items() if name not in _NEW}
        asked["engine"] = engine
    for name in sorted({*asked, *kept}):
        if kept.get(name) == asked.get(name):
            continue
        if name == "data":
            before, now = kept[name], asked[name]
            same = isinstance(before, dict) and before.get("training") == now["training"]
            raise InvalidArgument(
                f"the {'validation' if same else 'training'} images or labels are others than those "
                f"of the training to go on with: give it the same data, or begin a new training"
            )
        raise InvalidArgument(
            f"{name} is {asked.get(name)!r}, and the training to go on with had "
            f"{kept.get(name)!r}: ask for the same"
        )


def check_whole(
    state: TrainingState,
    numbers: Mapping[str, float],
    arrays: Mapping[str, np.ndarray],
    *,
    epochs: int,
    batches: int,
) -> None:
    """Check what a file says before any of it is taken over; InvalidArgument if it is damaged.

    ``numbers`` and ``arrays`` are those of the training at its start: the state's are of the same
    kinds and shapes.  It can have come as far as ``epochs`` and ``batches``.
    """
    for name, array in arrays.items():
        kept = state.arrays.get(name)
        fits = kept is not None and (kept.shape, kept.dtype) == (array.shape, array.dtype)
        if kept is None or not fits or not np.isfinite(kept).all():
            raise InvalidArgument(
                f"{name} of the training to go on with is missing, does not fit this network, "
                f"or is not finite: its checkpoint is damaged"
            )
    place = 1 <= state.epoch <= epochs + 1 and 0 <= state.batch <= batches
    if not place or not all(_counts(state.numbers.get(name), numbers[name]) for name in numbers):
        raise InvalidArgument(
            f"the training to go on with stands at epoch {state.epoch}, batch {state.batch}, "
            f"or its counters make no sense: its checkpoint is damaged"
        )


def _counts(kept: float | None, first: float) -> bool:
    """Whether a number may have come of the one at the start; a counter with a fraction is none."""
    if kept is None or (isinstance(first, int) and not float(kept).is_integer()):
        return False
    return 0 <= kept < 1e300 or kept == first
