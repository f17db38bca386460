"""A network out of a chain of matrices, checked as it is put together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network

__all__ = ["network_of"]

Array = NDArray[Any]


def network_of(
    layers: Sequence[tuple[str, Array, Array]],
    activation: str | Sequence[str],
    cost: str,
    output_activation: str | None,
) -> Network:
    """The network of these layers, from the input up.

    Parameters
    ----------
    layers : sequence of (name, weights, biases)
        Weights (n_out, n_in) and biases (n_out,), under the name that an error calls them by.
    activation, cost, output_activation
        As for :class:`handwrought.Network`.

    Returns
    -------
    Network
        float64 if any array is, else float32; the numbers are copied.

    Raises
    ------
    InvalidArgument
        If a shape does not fit its neighbour, or a number is not finite.
    """
    if not layers:
        raise InvalidArgument("there is no layer: a network has at least one")
    for name, weights, biases in layers:
        for part, array, n_dim in (("weights", weights, 2), ("biases", biases, 1)):
            if array.dtype.kind != "f" or array.ndim != n_dim or not array.size:
                raise InvalidArgument(
                    f"{name}: its {part} are {array.dtype} {array.shape}, and not floats of "
                    f"{n_dim} dimension{'s' * (n_dim > 1)}"
                )
            if not np.isfinite(array).all():
                raise InvalidArgument(f"{name}: its {part} hold values that are not finite")
        if len(biases) != len(weights):
            raise InvalidArgument(f"{name} has {len(weights)} neurons, but {len(biases)} biases")
    for (below, weights, _), (name, above, _) in pairwise(layers):
        if above.shape[1] != len(weights):
            raise InvalidArgument(
                f"{name} takes {above.shape[1]} numbers, but {below} gives {len(weights)}: the "
                f"layers do not form a chain"
            )
    double = any(array.dtype.itemsize > 4 for _, *arrays in layers for array in arrays)
    network = Network(
        [layers[0][1].shape[1], *(len(biases) for _, _, biases in layers)],
        activation,
        cost,
        seed=None,
        dtype="float64" if double else "float32",
        output_activation=output_activation,
    )
    for layer, (_, weights, biases) in zip(dense_layers(network.layers), layers, strict=True):
        layer.weights[...], layer.biases[...] = weights, biases
    return network
