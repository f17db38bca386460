"""The header of a model file: what it must say, in every version of the format.

``docs/13-model-files.md`` describes it for whoever writes a reader in another language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.nn.costs import COSTS
from handwrought.nn.layers import Dense, Layer, described, layer_of
from handwrought.nn.network import Network
from handwrought.storage.container import DIGEST, MAX_DIMENSIONS, strict_json
from handwrought.storage.versions import versions

__all__ = [
    "FORMAT",
    "MAX_PARAMETERS",
    "PIXELS",
    "STORED",
    "checked_header",
    "layers_of",
    "new_header",
]

FORMAT = 3
MAX_PARAMETERS = 500_000_000
MAX_LAYERS = 999
MAX_SIDE = 10_000_000
MAX_LABEL = 200
STORED: Final = ("float16", "float32", "float64")

PIXELS: Final[dict[str, Any]] = {
    "kind": "pixels",
    "height": 28,
    "width": 28,
    "order": "rows",
    "ink": "bright",
    "divisor": 255,
}
"""Preprocessing of MNIST: uint8 pixels, ink bright on black, row by row, divided by 255."""


def new_header(
    network: Network,
    stored: str,
    *,
    temperature: float = 1.0,
    class_names: Sequence[str] | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    representation: str = "as-is",
    record: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The header of a network about to be saved.

    Raises
    ------
    InvalidArgument
        If a value is not what the format allows.
    """
    if preprocessing is None and network.n_inputs == 784:
        preprocessing = PIXELS
    header = {
        "format": FORMAT,
        "input_shape": list(network.input_shape),
        "layers": [{**described(layer), "arrays": _shapes(layer)} for layer in network.layers],
        "cost": network.cost.name,
        "dtype": str(network.dtype),
        "stored": stored,
        "preprocessing": None if preprocessing is None else dict(preprocessing),
        "representation": representation,
        "calibration": {"temperature": _number(temperature)},
        "class_names": None if class_names is None else list(class_names),
        "versions": versions(),
        "record": dict(record or {}),
    }
    try:
        problem = _problem(header)
    except InvalidArgument as error:
        problem = str(error)
    if problem:
        raise InvalidArgument(f"this makes no model file: {problem}")
    return header


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value


def checked_header(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """The header in a container's metadata, brought to the present format, with its ``digest``.

    Raises
    ------
    ModelFileError
        If there is none, it is damaged, or of a newer version of the format.
    """
    text = metadata.get("handwrought")
    if text is None:
        if "handwrought-checkpoint" in metadata:
            raise ModelFileError(
                f"{path} is the checkpoint of a training: give the model beside it, or go on with "
                f"handwrought train --resume {path.parent}"
            )
        raise ModelFileError(f"{path} is a safetensors file, but was not saved by handwrought")
    header: Any
    try:
        header = strict_json(text)
    except (ValueError, RecursionError):
        header = None
    version = header.get("format") if isinstance(header, dict) else None
    if type(version) is not int or version < 1:
        raise ModelFileError(f"{path}: the header is damaged; give a model saved by handwrought")
    if header["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has format {header['format']}, this version of handwrought reads up to "
            f"{FORMAT}: upgrade handwrought"
        )
    header = {"preprocessing": None, "class_names": None, **header}
    try:
        if header["format"] == 1:
            header = _of_format_1(header)
        else:
            header["digest"] = metadata.get(DIGEST)
        if header["format"] < 3:
            header = _of_format_2(header)
        problem = _problem(header) or _digest_problem(header["digest"])
    except InvalidArgument as error:
        problem = str(error)
    if problem:
        raise ModelFileError(f"{path}: {problem}")
    return dict(header)


def _of_format_1(header: dict[str, Any]) -> dict[str, Any]:
    """Format 2 of a header: format 1 kept temperature and view in the record, its digest in the
    header, and knew neither preprocessing nor labels."""
    record = header.get("record")
    record = dict(record) if isinstance(record, dict) else {}
    view = record.pop("view", "as-is")
    temperature = record.pop("temperature", 1.0)
    sizes = header.get("sizes")
    pixels = isinstance(sizes, list) and sizes[:1] == [784]
    return {
        "stored": header.get("dtype"),
        "versions": {},
        "digest": None,
        **header,
        "record": record,
        "calibration": {"temperature": temperature},
        "preprocessing": dict(PIXELS) if pixels else None,
        "view": view,
        "labels": None,
    }


def _of_format_2(header: dict[str, Any]) -> dict[str, Any]:
    """Format 3 of a header: format 2 knew dense layers alone, by their sizes and activations."""
    sizes, activations = header.pop("sizes", None), header.pop("activations", None)
    if not isinstance(sizes, list) or not 2 <= len(sizes) <= MAX_LAYERS + 1:
        raise InvalidArgument(f"its sizes are not 2 to {MAX_LAYERS + 1} whole numbers")
    if not isinstance(activations, list) or len(activations) != len(sizes) - 1:
        raise InvalidArgument(f"its activations are not {len(sizes) - 1} names, one for each layer")
    layers = [
        {
            "kind": "dense",
            "n_out": n_out,
            "activation": activation,
            "arrays": {"weights": [n_out, n_in], "biases": [n_out]},
        }
        for (n_in, n_out), activation in zip(pairwise(sizes), activations, strict=True)
    ]
    new = {"view": "representation", "labels": "class_names"}
    header = {new.get(name, name): value for name, value in header.items()}
    return {**header, "input_shape": sizes[:1], "layers": layers}


def layers_of(header: Mapping[str, Any]) -> list[Layer]:
    """The layers that a header tells of, each in its place; they have no arrays yet.

    Raises
    ------
    InvalidArgument
        If one is not what its kind allows, or all together are too large.
    """
    shape, told = header.get("input_shape"), header.get("layers")
    if not (
        isinstance(shape, list)
        and 1 <= len(shape) < MAX_DIMENSIONS
        and all(type(n) is int and 1 <= n <= MAX_SIDE for n in shape)
    ):
        raise InvalidArgument(
            f"its input_shape is not 1 to {MAX_DIMENSIONS - 1} whole numbers from 1 to {MAX_SIDE:,}"
        )
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_LAYERS:
        raise InvalidArgument(f"its layers are not 1 to {MAX_LAYERS}")
    found: list[Layer] = []
    below, n_parameters = tuple(shape), 0
    for i, each in enumerate(told):
        try:
            found.append(_layer(each).placed(below))
        except InvalidArgument as error:
            raise InvalidArgument(f"its layers[{i}]: {_cut(str(error), 300)}") from None
        layer, below = found[-1], found[-1].output_shape
        if isinstance(layer, Dense) and layer.activation is None:
            raise InvalidArgument(f"its layers[{i}] names no activation")
        if max(below) > MAX_SIDE:
            raise InvalidArgument(f"its layers[{i}] has more than {MAX_SIDE:,} neurons in a row")
        n_parameters += sum(prod(spec.shape) for spec in layer.specs())
        if n_parameters > MAX_PARAMETERS:
            raise InvalidArgument(f"its layers have more than {MAX_PARAMETERS:,} parameters")
        if each.get("arrays") != _shapes(layer):
            raise InvalidArgument(
                f"its layers[{i}] has not the arrays that a {layer.kind} layer of its place asks for"
            )
    return found


def _layer(told: Any) -> Layer:
    if not isinstance(told, dict):
        raise InvalidArgument(f"{_shown(told)} is no JSON object")
    return layer_of({name: value for name, value in told.items() if name != "arrays"})


def _shapes(layer: Layer) -> dict[str, list[int]]:
    return {spec.name: list(spec.shape) for spec in layer.specs()}


def _problem(header: dict[str, Any]) -> str | None:
    """What is wrong with a header of the present format; None if nothing is.

    Of its layers that is raised as InvalidArgument.
    """
    layers = layers_of(header)
    (n_outputs, *others), output = layers[-1].output_shape, layers[-1].activation
    if others or output is None:
        return "its last layer gives no row of outputs with an activation"
    cost = header.get("cost")
    if not isinstance(cost, str) or cost not in COSTS:
        return f"its cost {_shown(cost)} is unknown; there are {', '.join(COSTS)}"
    if output.name not in COSTS[cost].outputs:
        return f"its output activation {output.name!r} leaves the range of its cost {cost!r}"
    if header.get("dtype") not in STORED[1:]:
        return f"its dtype is {_shown(header.get('dtype'))} and not float32 or float64"
    if header.get("stored") not in STORED:
        return f"its numbers are stored as {_shown(header.get('stored'))}, not {', '.join(STORED)}"
    calibration = header.get("calibration")
    temperature: Any = calibration.get("temperature") if isinstance(calibration, dict) else None
    if type(temperature) not in (int, float) or not 0.01 < temperature < 100:
        return f"its temperature is {_shown(temperature)}, which is no number from 0.01 to 100"
    names = header.get("class_names")
    if names is not None and not (
        isinstance(names, list)
        and len(names) == n_outputs
        and all(isinstance(name, str) and len(name) <= MAX_LABEL for name in names)
    ):
        return f"its class_names are not {n_outputs} strings of at most {MAX_LABEL} characters"
    representation = header.get("representation")
    if not isinstance(representation, str) or len(representation) > MAX_LABEL:
        return f"its representation is {_shown(representation)}, which is no name"
    if not (isinstance(header.get("record"), dict) and isinstance(header.get("versions"), dict)):
        return "its record or its versions are no JSON object"
    return _preprocessing_problem(header.get("preprocessing"), prod(header["input_shape"]))


def _preprocessing_problem(found: Any, n_inputs: int) -> str | None:
    if found is None:
        return None
    if not isinstance(found, dict) or set(found) != set(PIXELS):
        return f"its preprocessing is not null and has not the names {', '.join(PIXELS)}"
    for name in ("kind", "order", "ink", "divisor"):
        if found[name] != PIXELS[name]:
            return f"its preprocessing has {name} {_shown(found[name])}, not {PIXELS[name]!r}"
    sides = found["height"], found["width"]
    if not all(type(n) is int and n > 0 for n in sides) or prod(sides) != n_inputs:
        return f"its preprocessing has a picture whose pixels are not {n_inputs}"
    return None


def _digest_problem(digest: Any) -> str | None:
    if not isinstance(digest, str) or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        return "the digest is missing or is no SHA-256: the file was changed"
    return None


def _shown(value: Any) -> str:
    return _cut(repr(value), 60)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
