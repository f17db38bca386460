"""State dicts of PyTorch's ``Linear`` stacks.

``Linear.weight`` is (n_out, n_in), as ours; activations are no part of a state dict, so they are
named by whoever loads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument, MissingExtra
from handwrought.exchange.stacks import network_of
from handwrought.nn.network import Network

__all__ = ["from_torch", "to_torch"]


def from_torch(
    state_dict: Mapping[str, Any],
    *,
    activation: str | Sequence[str] = "relu",
    cost: str = "softmax",
    output_activation: str | None = None,
) -> Network:
    """The network of a state dict, such as ``{"0.weight": ..., "0.bias": ..., "2.weight": ...}``.

    Parameters
    ----------
    state_dict : mapping of str to tensor or array
        Layers in the order of their entries, each ``NAME.weight`` (n_out, n_in) and, where it has
        one, ``NAME.bias`` (n_out,); what stands before ``weight`` may be anything.
    activation, cost, output_activation
        As for :class:`handwrought.Network`.  A module that ends in a Linear gives the z of the
        last layer, and its CrossEntropyLoss takes the softmax of them: so does ``cost="softmax"``.

    Returns
    -------
    Network
        float64 if any tensor is, else float32.

    Raises
    ------
    InvalidArgument
        If an entry is no weight or bias of a Linear, or the shapes form no chain.
    """
    weights: dict[str, Any] = {}
    biases: dict[str, Any] = {}
    for key, tensor in state_dict.items():
        name, _, part = str(key).rpartition(".")
        if part not in ("weight", "bias"):
            raise InvalidArgument(
                f"{key!r} is no weight or bias: a stack of Linear layers alone can be taken over"
            )
        array = _array(key, tensor)
        if part == "weight" and array.ndim != 2:
            raise InvalidArgument(
                f"{key!r} has shape {array.shape}: a Linear's weight has two dimensions"
            )
        (weights if part == "weight" else biases)[name] = array
    alone = set(biases) - set(weights)
    if alone:
        name = sorted(alone)[0]
        raise InvalidArgument(f"{name}.bias has no {name}.weight beside it")
    layers = [
        (name or "the layer", array, biases.get(name, np.zeros(len(array), array.dtype)))
        for name, array in weights.items()
    ]
    return network_of(layers, activation, cost, output_activation)


def _array(key: str, tensor: Any) -> np.ndarray:
    """A tensor of any float type and device, or an array, as an array of float32 or float64."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
        if not tensor.is_floating_point():
            raise InvalidArgument(f"{key!r} holds {tensor.dtype}, and not floating-point numbers")
        return np.asarray((tensor if tensor.element_size() == 8 else tensor.float()).numpy())
    array = np.asarray(tensor)
    if array.dtype.kind != "f":
        raise InvalidArgument(f"{key!r} holds {array.dtype}, and not floating-point numbers")
    return array if array.dtype.itemsize >= 4 else array.astype(np.float32)


def to_torch(network: Network) -> dict[str, Any]:
    """A state dict for ``Sequential(Linear, activation, Linear, ...)``: keys 0.weight, 0.bias, 2.weight.

    Returns
    -------
    dict of torch.Tensor
        Copies of the network's numbers, in its dtype.

    Raises
    ------
    MissingExtra
        If PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingExtra("to_torch", "torch") from None
    state = {}
    for l, layer in enumerate(network.layers):
        state[f"{2 * l}.weight"] = torch.from_numpy(layer.weights.copy())
        state[f"{2 * l}.bias"] = torch.from_numpy(layer.biases.copy())
    return state
