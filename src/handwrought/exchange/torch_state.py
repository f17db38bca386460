"""State dicts of PyTorch's ``Linear`` stacks.

``Linear.weight`` is (n_out, n_in), as ours; activations are no part of a state dict, so they are
named by whoever loads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice, pairwise
from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument, MissingExtra
from handwrought.exchange.stacks import network_of
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network

__all__ = ["from_torch", "to_torch"]


def from_torch(
    state_dict: Any,
    *,
    activation: str | Sequence[str] = "relu",
    cost: str = "softmax",
    output_activation: str | None = None,
    order: Sequence[str] | None = None,
) -> Network:
    """The network of a state dict, such as ``{"0.weight": ..., "0.bias": ..., "2.weight": ...}``.

    Parameters
    ----------
    state_dict : mapping of str to tensor or array, or torch.nn.Module
        Layers, each ``NAME.weight`` (n_out, n_in) and, where it has one, ``NAME.bias`` (n_out,);
        what stands before ``weight`` may be anything.  A module's layers come in the order in which
        it calls them.  A mapping's come by the numbers in their names and by their shapes; where
        these leave it open, a ``module.state_dict()`` comes in its order, and any other mapping is
        refused: files such as safetensors give their tensors back in an order of their own.
    activation, cost, output_activation
        As for :class:`handwrought.Network`.  A module that ends in a Linear gives the z of the
        last layer, and its CrossEntropyLoss takes the softmax of them: so does ``cost="softmax"``.
    order : sequence of str, optional
        The layers' names from the input up, where nothing else tells it.

    Returns
    -------
    Network
        float64 if any tensor is, else float32.

    Raises
    ------
    InvalidArgument
        If an entry is no weight or bias of a Linear, the shapes form no chain, or more than one
        chain and nothing tells which.
    """
    if hasattr(state_dict, "state_dict") and hasattr(state_dict, "named_modules"):
        module, state_dict = state_dict, state_dict.state_dict()
    else:
        module = None
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
    if order is not None:
        names = [str(name) for name in order]
        if sorted(names) != sorted(weights):
            raise InvalidArgument(
                f"order is {names}: it must name each of {', '.join(weights)} once"
            )
    else:
        called = [] if module is None else _called(module)
        # state_dict() leaves _metadata on what it returns, and torch.save keeps it.
        of_module = hasattr(state_dict, "_metadata")
        names = called if set(called) == set(weights) else _in_order(weights, of_module)
    layers = [
        (name or "the layer", w, biases.get(name, np.zeros(len(w), w.dtype)))
        for name, w in ((name, weights[name]) for name in names)
    ]
    return network_of(layers, activation, cost, output_activation)


# --- which layer comes after which ----------------------------------------------------------------


def _called(module: Any) -> list[str]:
    """The names of a module's Linear layers in the order in which it calls them, [] if unknown."""
    import torch

    try:
        twin = deepcopy(module).eval()  # what is tried on a copy leaves the module as it is
    except Exception:  # a module may refuse it in any way it likes
        return []
    linear = {name: m for name, m in twin.named_modules() if isinstance(m, torch.nn.Linear)}
    called: list[str] = []
    for name, layer in linear.items():
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
    for layer in linear.values():  # any of them may be the one that takes the input
        called.clear()
        try:
            with torch.no_grad():
                twin(layer.weight.new_zeros(1, layer.in_features))
        except Exception:  # as above: it takes another input
            continue
        if set(called) == set(linear):
            return called
    return []


def _in_order(weights: Mapping[str, np.ndarray], of_module: bool) -> list[str]:
    """The names from the input up; ``of_module``: whether they stand as a module has them."""
    names = list(weights)
    before = _known(weights)
    chains = list(islice(_chains(weights, before), 2))
    if not chains:  # no order fits: network_of tells where the one of the names breaks
        return sorted(names, key=_natural)
    fits = _fit(weights, names)
    if len(chains) == 1 and (chains[0] == names or not (of_module and fits)):
        return chains[0]
    place = {name: i for i, name in enumerate(names)}
    kept = all(place[a] < place[b] for b, earlier in before.items() for a in earlier)
    if of_module and fits and kept:
        return names
    raise InvalidArgument(
        f"more than one order of the layers {', '.join(names)} forms a chain, and neither their "
        f"names nor their shapes tell which is right: give the module itself, or their names from "
        f"the input up as order=[...]"
    )


def _fit(weights: Mapping[str, np.ndarray], names: Sequence[str]) -> bool:
    """Whether each layer takes as many numbers as the one before gives."""
    return all(len(weights[a]) == weights[b].shape[1] for a, b in pairwise(names))


def _natural(name: str) -> list[tuple[int, int | str]]:
    """A key by which "10" comes after "2"."""
    parts = re.split("([0-9]+)", name)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def _known(weights: Mapping[str, np.ndarray]) -> dict[str, set[str]]:
    """What the names say: for each layer, those that come before it.

    Parts of a Sequential or ModuleList come by their numbers (``blocks.2.a`` before
    ``blocks.10.b``).  Layers whose names differ in a number alone (``fc1``, ``fc2``) do if their
    shapes fit each other in that order: a decoder's may be numbered from its end.
    """
    before: dict[str, set[str]] = {name: set() for name in weights}
    for a in weights:
        for b in weights:
            pairs = zip(a.split("."), b.split("."), strict=False)
            x, y = next(((x, y) for x, y in pairs if x != y), ("", ""))
            if x.isdecimal() and y.isdecimal() and int(x) < int(y):
                before[b].add(a)
    families: dict[str, list[str]] = {}
    for name in sorted(weights, key=_natural):
        families.setdefault(re.sub("[0-9]+", "#", name), []).append(name)
    for family in families.values():
        if _fit(weights, family):
            for i, name in enumerate(family):
                before[name].update(family[:i])
    return before


def _chains(
    weights: Mapping[str, np.ndarray], before: Mapping[str, set[str]]
) -> Iterator[list[str]]:
    """Orders in which each layer fits the one before and none comes too early."""
    tried, paths = 0, [[name] for name in weights if not before[name]]
    while paths:
        path = paths.pop()
        if len(path) == len(weights):
            yield path
        tried += 1
        if tried > 20_000:  # so many that it does not matter which: it is not known
            yield from ([*weights], [*weights])
        done = set(path)
        paths += [
            [*path, name]
            for name in weights
            if name not in done and before[name] <= done and _fit(weights, [path[-1], name])
        ]


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
    for l, layer in enumerate(dense_layers(network.layers, "a stack of Linear layers")):
        state[f"{2 * l}.weight"] = torch.from_numpy(layer.weights.copy())
        state[f"{2 * l}.bias"] = torch.from_numpy(layer.biases.copy())
    return state
