"""What a trained network is good for: accuracy with its interval, cost, confusion."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument
from handwrought.nn.network import Network
from handwrought.nn.workspace import Workspace

__all__ = ["Evaluation", "cost_and_accuracy", "evaluate", "wilson_interval"]

Array = NDArray[Any]

_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A network's result on one split.

    Attributes
    ----------
    accuracy : float
        Share of examples whose largest output is that of the label.
    interval : (float, float)
        95 % Wilson interval of the accuracy.
    confusion : array, shape (n_classes, n_classes)
        Counts; row: the label, column: what the network says.
    cost : float
        Mean cost.
    outputs : array, shape (n, n_classes)
        The network's outputs.
    predictions, labels : array, shape (n,)
    """

    accuracy: float
    interval: tuple[float, float]
    confusion: NDArray[np.int64]
    cost: float
    outputs: Array
    predictions: NDArray[np.intp]
    labels: Array

    @property
    def n(self) -> int:
        """Examples."""
        return len(self.labels)

    @property
    def wrong(self) -> NDArray[np.intp]:
        """Indices of the misread examples, the most confidently wrong first."""
        indices = np.flatnonzero(self.predictions != self.labels)
        confidence = self.outputs[indices, self.predictions[indices]]
        return indices[np.argsort(-confidence, kind="stable")]


def wilson_interval(right: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927); 95 % by default.

    Raises
    ------
    InvalidArgument
        If n is below 1, or right does not lie from 0 to n.
    """
    if n < 1 or not 0 <= right <= n:
        raise InvalidArgument(f"{right} of {n} is no share: give 0 <= right <= n with n at least 1")
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _outputs_and_costs(network: Network, split: Split) -> tuple[Array, Array]:
    """Outputs (n, n_out) and C_x (n,), a batch of the images at a time."""
    n = len(split)
    reader = split.reader(min(n, _ROWS), network.dtype)
    workspace = Workspace(network.sizes, min(n, _ROWS), network.dtype)
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
    outputs, costs = _outputs_and_costs(network, split)
    if split.labels.ndim == 2:
        return float(costs.mean()), None
    return float(costs.mean()), float((outputs.argmax(axis=1) == split.labels).mean())


def evaluate(network: Network, split: Split) -> Evaluation:
    """Run a network over a split of images and class labels.

    Raises
    ------
    InvalidArgument
        If the split is empty, has no class labels, or does not fit the network.
    """
    if not isinstance(split, Split):
        raise InvalidArgument(
            f"evaluate takes one split, such as data.test, and was given {type(split).__name__}"
        )
    if not len(split) or split.labels.ndim != 1:
        raise InvalidArgument("evaluation needs a split of at least one example with class labels")
    if (split.n_inputs, split.n_classes) != (network.n_inputs, network.n_outputs):
        raise InvalidArgument(
            f"the split has {split.n_inputs} inputs and {split.n_classes} classes, the network "
            f"{network.n_inputs} inputs and {network.n_outputs} outputs: they do not fit"
        )
    outputs, costs = _outputs_and_costs(network, split)
    labels = split.labels.astype(np.intp)
    predictions = outputs.argmax(axis=1)
    k = split.n_classes
    confusion = np.bincount(labels * k + predictions, minlength=k * k).reshape(k, k)
    right = int(np.trace(confusion))
    return Evaluation(
        right / len(split),
        wilson_interval(right, len(split)),
        confusion,
        float(costs.mean()),
        outputs,
        predictions,
        labels,
    )
