"""What belongs to one batch and not to the network: z, a, δ and ∂C/∂a of each layer.

Allocated once for the largest batch; a shorter last batch gets views of the first rows.  Because
the network owns none of this, reading it while it trains never collides with the training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["LayerState", "Workspace"]

Array = NDArray[Any]


@dataclass(eq=False)
class LayerState:
    """One layer's quantities for one batch, each of shape (batch, n_out)."""

    z: Array
    a: Array
    delta: Array
    dC_da: Array
    keep: Array | None = None
    """Dropout: 0 where a neuron is left out, 1/(1 - rate) where it stays; None without dropout."""
    kept: Array | None = None
    """a ⊙ keep, which the layer above sees."""

    @property
    def output(self) -> Array:
        """What the layer above receives."""
        return self.a if self.kept is None else self.kept

    def take(self, other: LayerState, rows: Array) -> None:
        """Copy what a forward pass left in these rows of another state."""
        pairs = (
            (self.z, other.z),
            (self.a, other.a),
            (self.keep, other.keep),
            (self.kept, other.kept),
        )
        for mine, theirs in pairs:
            if mine is not None and theirs is not None:
                np.take(theirs, rows, axis=0, out=mine, mode="clip")

    def rows(self, n: int) -> LayerState:
        """Views of the first n rows."""
        return LayerState(
            self.z[:n],
            self.a[:n],
            self.delta[:n],
            self.dC_da[:n],
            None if self.keep is None else self.keep[:n],
            None if self.kept is None else self.kept[:n],
        )


class Workspace:
    """Buffers for a batch of at most ``capacity`` examples.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in each layer, the input included.
    capacity : int
        The largest batch.
    dtype : dtype
    dropout : sequence of bool, optional
        For each layer, whether it needs room for a dropout mask.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        capacity: int,
        dtype: DTypeLike,
        dropout: Sequence[bool] | None = None,
    ) -> None:
        self.capacity = capacity
        self._full: list[LayerState] = []
        for i, n in enumerate(sizes[1:]):
            z, a, delta, dC_da = (np.zeros((capacity, n), dtype) for _ in range(4))
            state = LayerState(z, a, delta, dC_da)
            if dropout is not None and dropout[i]:
                state.keep, state.kept = np.ones((capacity, n), dtype), np.zeros_like(z)
            self._full.append(state)
        self._views = {capacity: self._full}

    def __getstate__(self) -> dict[str, Any]:
        return {"capacity": self.capacity, "_full": self._full}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Views are made anew: copied one by one they would no longer look into the full buffers.
        # And an array that another process hands over may be a map of a file, to be read only.
        vars(self).update(state)
        for full in self._full:
            for name, array in vars(full).items():
                if array is not None:
                    setattr(full, name, np.require(array, requirements="W"))
        self._views = {self.capacity: self._full}

    def rows(self, n: int) -> list[LayerState]:
        """The states of each layer for a batch of n, made once for each n."""
        views = self._views.get(n)
        if views is None:
            if n > self.capacity:
                raise ValueError(f"a batch of {n} does not fit a workspace for {self.capacity}")
            views = self._views[n] = [state.rows(n) for state in self._full]
        return views
