"""What is measured of a network while it trains, on a fixed sample of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handwrought.studio.messages import decode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.data.dataset import Split
    from handwrought.nn.network import Network

__all__ = ["LayerMeasured", "Look", "Measurer", "Point", "look", "worst_read"]

SAMPLE = 1000
"""Images of each split that cost and accuracy are measured on."""
PROBE = 256
"""Images that gradients and slopes are measured on."""
FLAT = 0.05
"""A slope below this share of the activation's steepest counts as saturated."""
NO_SLOPE = 0.01
"""And a neuron with every slope below this share as dead."""
STEEPEST = {"sigmoid": 0.25}
_SHOWN = 100
_WORST = 12


@dataclass(frozen=True)
class LayerMeasured:
    """One layer, on the probe.

    Attributes
    ----------
    number : int
        From 2, as in the article.
    gradient : float
        Norm of the cost's gradient by its weights and biases.
    saturated : float
        Share of (neuron, image) pairs with a slope below FLAT; 0 for activations that do not
        saturate on both sides.
    dead : float
        Share of neurons without a slope for any image.
    """

    number: int
    gradient: float
    saturated: float
    dead: float


@dataclass(frozen=True)
class Point:
    """One moment of a training.

    Attributes
    ----------
    step : int
        Mini-batches done.
    epoch : float
        Epochs done.
    cost : float or None
        Mean cost of the training images since the last point, as their mini-batches met the
        network.
    train_cost, train_accuracy : float
        On SAMPLE training images, as they are.
    validation_cost, validation_accuracy : float or None
        On SAMPLE validation images; on all of them where ``whole``.
    whole : bool
        Whether an epoch has just ended.
    rate : float
        The learning rate of the last step; 0 before the first.
    speed : float
        Training images a second since the last point.
    layers : tuple of LayerMeasured
    """

    step: int
    epoch: float
    cost: float | None
    train_cost: float
    train_accuracy: float
    validation_cost: float | None
    validation_accuracy: float | None
    whole: bool
    rate: float
    speed: float
    layers: tuple[LayerMeasured, ...]

    @classmethod
    def of(cls, values: dict[str, Any]) -> Point:
        """The point that a history's line holds; InvalidArgument where it is none."""
        return decode(cls, values)


@dataclass(frozen=True, eq=False)
class Look:
    """What there is to see: first-layer weights, and the most wrong validation images.

    Attributes
    ----------
    weights : array of int8, shape (shown, n_in)
        Of the first neurons, in 127ths of ``most``.
    neurons : int
        Of the layer, shown or not.
    most : float
    images : array of uint8, shape (m, pixels)
    wrong : list of (int, int, float)
        Label, what the network says, and how sure it is, the surest first.
    """

    weights: NDArray[np.int8]
    neurons: int
    most: float
    images: NDArray[np.uint8]
    wrong: list[tuple[int, int, float]]


class Measurer:
    """Measures networks of one shape on the same images each time."""

    def __init__(self, train: Split, validation: Split | None) -> None:
        self.train = train[: min(SAMPLE, len(train))]
        self.probe = train[: min(PROBE, len(train))]
        self.validation = validation
        self.sample = None if validation is None else validation[: min(SAMPLE, len(validation))]

    def costs(self, network: Network, *, whole: bool) -> tuple[float, float, Any, Any]:
        """Cost and accuracy on training and on validation images."""
        from handwrought.evaluation import cost_and_accuracy

        cost, accuracy = cost_and_accuracy(network, self.train)
        split = self.validation if whole else self.sample
        rest = (None, None) if split is None else cost_and_accuracy(network, split)
        assert accuracy is not None
        return cost, accuracy, *rest

    def layers(self, network: Network) -> tuple[LayerMeasured, ...]:
        """Gradient norm, saturation and death of each layer."""
        import numpy as np

        from handwrought.nn.workspace import Workspace

        n = len(self.probe)
        x, y = self.probe.reader(n, network.dtype).read(np.arange(n))
        states = Workspace(network.sizes, n, network.dtype).rows(n)
        gradient = network.parameters.like()
        network.forward(x, states)
        network.backward(x, y, states, gradient)
        found = []
        for number, (own, at, σ) in enumerate(
            zip(gradient, states, network.activations, strict=True), start=2
        ):
            slopes = np.abs(σ.derivative(at.z)) / STEEPEST.get(σ.name, 1.0)
            two_sided = σ.name in ("sigmoid", "tanh")
            found.append(
                LayerMeasured(
                    number,
                    float(np.hypot(np.linalg.norm(own.weights), np.linalg.norm(own.biases))),
                    float((slopes < FLAT).mean()) if two_sided else 0.0,
                    float((slopes < NO_SLOPE).all(axis=0).mean()),
                )
            )
        return tuple(found)


def look(
    network: Network, validation: Split | None, shown: NDArray[np.uint8] | None = None
) -> Look:
    """First-layer weights, and the most confidently wrong of these images; see :func:`worst_read`."""
    import numpy as np

    weights = network.layers[0].weights[:_SHOWN]
    most = float(np.abs(weights).max()) or 1.0
    quantized = np.round(weights * (127 / most)).astype(np.int8)
    images, wrong = worst_read(network, validation, shown)
    return Look(quantized, network.layers[0].n_out, most, images, wrong)


def worst_read(
    network: Network,
    split: Split | None,
    shown: NDArray[np.uint8] | None = None,
    most: int = _WORST,
) -> tuple[NDArray[np.uint8], list[tuple[int, int, float]]]:
    """The most confidently misread images, and for each its label, the reading and its confidence.

    ``shown``: the images themselves, where those of ``split`` are in another view.
    """
    import numpy as np

    from handwrought.evaluation import evaluate

    if split is None or split.images.dtype != np.uint8:
        return np.empty((0, network.n_inputs), np.uint8), []
    result = evaluate(network, split)
    worst = result.wrong[:most]
    sure = result.confidence()
    found = [(int(result.labels[i]), int(result.predictions[i]), float(sure[i])) for i in worst]
    images = split.images if shown is None else shown
    return images[worst].reshape(len(worst), -1), found
