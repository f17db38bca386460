"""What there is to see of a network while it trains: first-layer weights, and misread images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.data.dataset import Split
    from handwrought.nn.network import Network

__all__ = ["NetworkImages", "network_images", "worst_read"]

_SHOWN = 100
_WORST = 12


@dataclass(frozen=True, eq=False)
class NetworkImages:
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


def network_images(
    network: Network, validation: Split | None, shown: NDArray[np.uint8] | None = None
) -> NetworkImages:
    """First-layer weights, and the most confidently wrong of these images; see :func:`worst_read`."""
    import numpy as np

    from handwrought.nn.layers import dense_layers

    first = dense_layers(network.layers, "the look at the first layer")[0]
    weights = first.weights[:_SHOWN]
    most = float(np.abs(weights).max()) or 1.0
    quantized = np.round(weights * (127 / most)).astype(np.int8)
    images, wrong = worst_read(network, validation, shown)
    return NetworkImages(quantized, first.n_out, most, images, wrong)


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
