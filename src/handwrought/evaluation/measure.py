"""A network's result on one split: accuracy with its interval, cost, confusion, precision, recall."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.data.representations import represent_split
from handwrought.errors import InvalidArgument
from handwrought.evaluation.calibration import Calibration, calibration
from handwrought.evaluation.rejection import RiskCoverage, risk_coverage
from handwrought.floating_point import with_default_errstate
from handwrought.model import Model, probabilities
from handwrought.nn.network import Network
from handwrought.training.validation import outputs_and_costs

__all__ = ["Evaluation", "evaluate", "wilson_interval"]

Array = NDArray[Any]


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
    temperature : float
        The model's, by which its confidence is calibrated.
    """

    accuracy: float
    interval: tuple[float, float]
    confusion: NDArray[np.int64]
    cost: float
    outputs: Array
    predictions: NDArray[np.intp]
    labels: Array
    temperature: float = 1.0

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

    @property
    def precision(self) -> Array:
        """Of the examples it calls k, the share that are k; shape (n_classes,), 0 if it calls none so."""
        return _share(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def recall(self) -> Array:
        """Of the examples that are k, the share it calls k; shape (n_classes,), 0 if there is none."""
        return _share(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def f1(self) -> Array:
        """The harmonic mean of precision and recall (van Rijsbergen 1979); 0 if both are 0."""
        # 2 P R / (P + R), multiplied out: it needs no case for a class that never occurs.
        sums = self.confusion.sum(axis=0) + self.confusion.sum(axis=1)
        return _share(2 * np.diag(self.confusion), sums)

    def probabilities(self, temperature: float | None = None) -> Array:
        """The outputs as probabilities (n, n_classes), by the model's temperature or another; see
        :func:`handwrought.model.probabilities`."""
        if temperature is None:
            temperature = self.temperature
        return probabilities(self.outputs, temperature)

    def confidence(self, temperature: float | None = None) -> Array:
        """Probability of each prediction, shape (n,)."""
        return np.asarray(self.probabilities(temperature)[np.arange(self.n), self.predictions])

    def calibration(self, bins: int = 15, temperature: float | None = None) -> Calibration:
        """Whether confidence is the share of right answers; ``.error`` says by how much not."""
        right = self.predictions == self.labels
        return calibration(self.confidence(temperature), right, bins)

    def risk_coverage(self, temperature: float | None = None) -> RiskCoverage:
        """Accuracy against the share of examples that may be refused."""
        return risk_coverage(self.confidence(temperature), self.predictions == self.labels)


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


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


@with_default_errstate
def evaluate(model: Network | Model, split: Split) -> Evaluation:
    """Run a network, or a model in its representation, over a split of images and class labels.

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
    model = Model.of(model)
    network, split = model.network, represent_split(split, model.representation)
    if (split.n_inputs, split.n_classes) != (network.n_inputs, network.n_outputs):
        raise InvalidArgument(
            f"the split has {split.n_inputs} inputs and {split.n_classes} classes, the network "
            f"{network.n_inputs} inputs and {network.n_outputs} outputs: they do not fit"
        )
    outputs, costs = outputs_and_costs(network, split)
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
        model.temperature,
    )
