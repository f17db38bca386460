"""The JSON that ``network2.py`` of Nielsen's book saves, read and written.

``{"sizes": [784, 30, 10], "weights": [...], "biases": [...], "cost": "CrossEntropyCost"}``: weights
as lists of rows, biases as columns, ``[[b], [b], ...]``; every layer a sigmoid.
"""

from __future__ import annotations

import json
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np

from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import read_regular

__all__ = ["from_nielsen", "is_nielsen", "nielsen_bytes", "to_nielsen"]

MAX_BYTES = 64 << 20
"""Of JSON, some three million weights: text takes ten times its size in memory."""

COSTS: Final = {"QuadraticCost": "quadratic", "CrossEntropyCost": "cross-entropy"}


def is_nielsen(path: Path) -> bool:
    """Whether a file's name says that it is such a JSON."""
    return path.suffix.lower() == ".json"


def from_nielsen(path: str | PathLike[str]) -> Network:
    """The network that Nielsen's ``network2.Network.save`` wrote, in float64.

    Raises
    ------
    ModelFileError
        If the file is missing, too large, or holds something else.
    """
    path = Path(path)
    try:
        content = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path} is not JSON, or is damaged: network2.py saves JSON") from None
    wanted = ("sizes", "weights", "biases", "cost")
    if not isinstance(found, dict) or any(name not in found for name in wanted):
        raise ModelFileError(
            f"{path} lacks one of {', '.join(wanted)}: it was not saved by Nielsen's network2.py"
        )
    sizes = found["sizes"]
    if not (
        isinstance(sizes, list)
        and 2 <= len(sizes) <= 1000
        and all(type(n) is int and n >= 1 for n in sizes)
        and sum(a * b for a, b in pairwise(sizes)) <= len(content)
    ):
        raise ModelFileError(f"{path}: its sizes are no layers, or more than the file has room for")
    cost = found["cost"]
    if not isinstance(cost, str) or cost not in COSTS:
        raise ModelFileError(
            f"{path}: its cost is {repr(cost)[:60]}, and not one of {', '.join(COSTS)}"
        )
    for name in ("weights", "biases"):
        if not isinstance(found[name], list) or len(found[name]) != len(sizes) - 1:
            raise ModelFileError(f"{path}: its {name} are not {len(sizes) - 1} lists, one a layer")
    weights = [
        _matrix(path, f"weights[{i}]", found["weights"][i], (n_out, n_in))
        for i, (n_in, n_out) in enumerate(pairwise(sizes))
    ]
    biases = [
        _matrix(path, f"biases[{i}]", found["biases"][i], (n, 1)) for i, n in enumerate(sizes[1:])
    ]
    network = Network(sizes, "sigmoid", COSTS[cost], seed=None, dtype="float64")
    for layer, w, b in zip(dense_layers(network.layers), weights, biases, strict=True):
        layer.weights[...], layer.biases[...] = w, b[:, 0]
    return network


def _matrix(path: Path, name: str, rows: Any, shape: tuple[int, int]) -> np.ndarray:
    """Rows of numbers as an array; nothing but numbers is let near NumPy."""
    n_rows, n_columns = shape
    numbers = (
        isinstance(rows, list)
        and len(rows) == n_rows
        and all(isinstance(row, list) and len(row) == n_columns for row in rows)
        and all(type(value) in (int, float) for row in rows for value in row)
    )
    if not numbers:
        raise ModelFileError(f"{path}: {name} is not {n_rows} rows of {n_columns} numbers")
    try:
        array = np.array(rows, np.float64)
    except OverflowError:
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise ModelFileError(f"{path}: {name} holds a number that is not finite")
    return array


def nielsen_bytes(network: Network) -> bytes:
    """The JSON of a network of sigmoids, to the last digit.

    Raises
    ------
    InvalidArgument
        If a layer is no sigmoid, or the cost is softmax: network2.py has neither.
    """
    names = {cost: name for name, cost in COSTS.items()}
    layers = dense_layers(network.layers, "Nielsen's JSON")
    other = [a.name for a in network.activations if a.name != "sigmoid"]
    if other or network.cost.name not in names:
        what = f"a layer of {other[0]}" if other else f"the {network.cost.name} cost"
        raise InvalidArgument(
            f"this network has {what}, and Nielsen's JSON knows sigmoid layers with the quadratic "
            f"or the cross-entropy cost alone: save it as .safetensors"
        )
    if not np.isfinite(network.parameters.vector).all():
        raise InvalidArgument("the network holds values that are not finite: it was not written")
    found = {
        "sizes": list(network.sizes),
        "weights": [layer.weights.tolist() for layer in layers],
        "biases": [layer.biases[:, np.newaxis].tolist() for layer in layers],
        "cost": names[network.cost.name],
    }
    return json.dumps(found).encode("ascii")


def to_nielsen(network: Network, path: str | PathLike[str]) -> None:
    """Write a network of sigmoids as ``network2.load`` of Nielsen's book reads it.

    Raises
    ------
    InvalidArgument
        If his ``network2.py`` has no such network.
    ModelFileError
        If the file cannot be written.
    """
    path, content = Path(path), nielsen_bytes(network)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be written: {error.strerror or error}; name another folder"
        ) from None
