"""A network's cost and accuracy on a split, as often as a training asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.nn.network import Network

__all__ = ["cost_and_accuracy", "outputs_and_costs"]

Array = NDArray[Any]

_ROWS = 1000


def outputs_and_costs(network: Network, split: Split) -> tuple[Array, Array]:
    """Outputs (n, n_out) and C_x (n,), a batch of the images at a time."""
    n = len(split)
    if split.labels.ndim == 2:
        network.cost.check_targets(split.labels)
    reader = split.reader(min(n, _ROWS), network.dtype)
    workspace = network.workspace(min(n, _ROWS))
    outputs, costs = np.empty((n, network.n_outputs), network.dtype), np.empty(n)
    for start in range(0, n, _ROWS):
        rows = slice(start, min(start + _ROWS, n))
        x, y = reader.read(np.arange(rows.start, rows.stop))
        states = workspace.rows(len(x))
        outputs[rows] = network.forward(x, states)
        costs[rows] = network.batch_costs(states, y)
    return outputs, costs


def cost_and_accuracy(network: Network, split: Split) -> tuple[float, float | None]:
    """Mean cost, and accuracy (None where the split has targets instead of classes)."""
    outputs, costs = outputs_and_costs(network, split)
    if split.labels.ndim == 2:
        return float(costs.mean()), None
    return float(costs.mean()), float((outputs.argmax(axis=1) == split.labels).mean())
