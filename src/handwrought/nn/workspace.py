"""What belongs to one batch and not to the network: z, a, δ and ∂C/∂a of each layer.

Allocated once for the largest batch; a shorter last batch gets views of the first rows.  Because
the network owns none of this, reading it while it trains never collides with the training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from handwrought.nn.layers.protocol import Layer

__all__ = ["Workspace"]


class Workspace:
    """Buffers for a batch of at most ``capacity`` examples.

    Parameters
    ----------
    layers : sequence of Layer
    capacity : int
        The largest batch.
    dtype : dtype
    training : bool
        Whether the batches are trained on.
    dropout : sequence of bool, optional
        For each layer, whether it needs room for a dropout mask.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        capacity: int,
        dtype: DTypeLike,
        *,
        training: bool = False,
        dropout: Sequence[bool] | None = None,
    ) -> None:
        self.capacity = capacity
        if dropout is None:
            self._full = [layer.state(capacity, dtype, training=training) for layer in layers]
        else:
            self._full = [
                layer.state(capacity, dtype, training=training, dropout=drop)
                for layer, drop in zip(layers, dropout, strict=True)
            ]
        self._views = {capacity: self._full}

    def __getstate__(self) -> dict[str, Any]:
        return {"capacity": self.capacity, "_full": self._full}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Views are made anew: copied one by one they would no longer look into the full buffers.
        # And an array that another process hands over may be a map of a file, to be read only.
        vars(self).update(state)
        for full in self._full:
            for name, array in full.arrays().items():
                setattr(full, name, np.require(array, requirements="W"))
        self._views = {self.capacity: self._full}

    def rows(self, n: int) -> list[Any]:
        """The states of each layer for a batch of n, made once for each n."""
        views = self._views.get(n)
        if views is None:
            if n > self.capacity:
                raise ValueError(f"a batch of {n} does not fit a workspace for {self.capacity}")
            views = self._views[n] = [state.rows(n) for state in self._full]
        return views
