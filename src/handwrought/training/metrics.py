"""What is measured of a network while it trains, on a fixed sample of images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handwrought.data.dataset import Split
    from handwrought.nn.network import Network
    from handwrought.training.reports import EpochReport

__all__ = ["SAMPLE", "LayerMeasured", "Measurer", "Now", "Point"]

SAMPLE = 1000
"""Images of each split that cost and accuracy are measured on."""
PROBE = 256
"""Images that gradients and slopes are measured on."""
FLAT = 0.05
"""A slope below this share of the activation's steepest counts as saturated."""
NO_SLOPE = 0.01
"""And a neuron with every slope below this share as dead."""
STEEPEST = {"sigmoid": 0.25}


@dataclass(frozen=True)
class LayerMeasured:
    """One layer, on the probe."""

    number: int
    """From 2, as in the article."""
    gradient: float
    """Norm of the cost's gradient by its parameters."""
    saturated: float
    """Share of (neuron, image) pairs with a slope below FLAT; 0 for activations that do not saturate
    on both sides."""
    dead: float
    """Share of neurons without a slope for any image."""


@dataclass(frozen=True)
class Now:
    """Where a training stands; the fields are those of a :class:`Point`."""

    step: int
    epoch: float
    cost: float | None
    rate: float
    speed: float

    @classmethod
    def of(cls, report: EpochReport, batches: int) -> Now:
        """At the end of an epoch of so many mini-batches."""
        speed = report.images_per_second
        return cls(report.epoch * batches, report.epoch, report.cost, report.learning_rate, speed)


@dataclass(frozen=True)
class Point:
    """One moment of a training."""

    step: int
    """Mini-batches done."""
    epoch: float
    """Epochs done."""
    cost: float | None
    """Mean cost of the images trained on since the last point, as their mini-batches met the network."""
    train_cost: float
    train_accuracy: float
    """On SAMPLE training images, as they are."""
    validation_cost: float | None
    validation_accuracy: float | None
    """On SAMPLE validation images; on all of them where ``whole``."""
    whole: bool
    """Whether an epoch has just ended."""
    rate: float
    """The learning rate of the last step; 0 before the first."""
    speed: float
    """Training images a second since the last point."""
    layers: tuple[LayerMeasured, ...]
    guess: float = 0.0
    """The most common class's share of those training images: what guessing it would read right."""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Point:
        """The point that a history's line holds; TypeError or KeyError where it is none."""
        layers = tuple(LayerMeasured(**layer) for layer in values["layers"])
        return cls(**{**values, "layers": layers})


class Measurer:
    """Measures networks of one shape on the same images each time."""

    def __init__(self, train: Split, validation: Split | None) -> None:
        self.train = train[: min(SAMPLE, len(train))]
        self.probe = train[: min(PROBE, len(train))]
        self.validation = validation
        self.sample = None if validation is None else validation[: min(SAMPLE, len(validation))]

    @property
    def guess(self) -> float:
        """The most common class's share of the training images looked at; 0 where there are none."""
        import numpy as np

        labels = self.train.labels
        return float(np.bincount(labels).max() / len(labels)) if labels.ndim == 1 else 0.0

    def point(self, network: Network, now: Now, report: EpochReport | None = None) -> Point | None:
        """All that is measured; with the report of an epoch that has just ended, its validation.

        None where something is not finite: the training is on its way to divergence, which it will
        tell itself.
        """
        import numpy as np

        with np.errstate(over="ignore", invalid="ignore"):
            cost, accuracy, *validation = self.costs(network, whole=False)
            layers = self.layers(network)
        validation_cost, validation_accuracy = validation
        if report is not None:
            validation_cost, validation_accuracy = (
                report.validation_cost, report.validation_accuracy,
            )  # fmt: skip
        numbers = [cost, validation_cost, *(layer.gradient for layer in layers)]
        if not np.isfinite([number for number in numbers if number is not None]).all():
            return None
        since = now.cost if now.cost is not None and np.isfinite(now.cost) else None
        return Point(
            now.step, now.epoch, since, cost, accuracy, validation_cost, validation_accuracy,
            report is not None, now.rate if now.step else 0.0, now.speed, layers, self.guess,
        )  # fmt: skip

    def costs(self, network: Network, *, whole: bool) -> tuple[float, float, Any, Any]:
        """Cost and accuracy on training and on validation images."""
        from handwrought.training.validation import cost_and_accuracy

        cost, accuracy = cost_and_accuracy(network, self.train)
        split = self.validation if whole else self.sample
        rest = (None, None) if split is None else cost_and_accuracy(network, split)
        assert accuracy is not None
        return cost, accuracy, *rest

    def layers(self, network: Network) -> tuple[LayerMeasured, ...]:
        """Gradient norm, saturation and death of each layer."""
        import numpy as np

        n = len(self.probe)
        x, y = self.probe.reader(n, network.dtype).read(np.arange(n))
        states = network.workspace(n).rows(n)
        gradient = network.parameters.like()
        network.forward(x, states)
        network.backward(x, y, states, gradient)
        found = []
        for number, (layer, own, at) in enumerate(
            zip(network.layers, gradient, states, strict=True), start=2
        ):
            norm = float(reduce(np.hypot, (np.linalg.norm(array) for _, array in own.items()), 0.0))
            σ, saturated, dead = layer.activation, 0.0, 0.0
            if σ is not None:
                slopes = np.abs(σ.derivative(at.z)) / STEEPEST.get(σ.name, 1.0)
                dead = float((slopes < NO_SLOPE).all(axis=0).mean())
                if σ.name in ("sigmoid", "tanh"):
                    saturated = float((slopes < FLAT).mean())
            found.append(LayerMeasured(number, norm, saturated, dead))
        return tuple(found)
