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
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.nn.network import Network
from handwrought.storage.container import DIGEST, strict_json
from handwrought.storage.versions import versions

__all__ = [
    "FORMAT",
    "MAX_PARAMETERS",
    "PIXELS",
    "STORED",
    "checked_header",
    "new_header",
    "written",
]

FORMAT = 2
MAX_PARAMETERS = 500_000_000
MAX_LAYERS = 1000
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

_NAMES_OF_FORMAT_2 = {"representation": "view", "class_names": "labels"}


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
        "sizes": list(network.sizes),
        "activations": [activation.name for activation in network.activations],
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
    problem = _problem(header)
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
    if not isinstance(header, dict) or type(header.get("format")) is not int:
        raise ModelFileError(f"{path}: the header is damaged; give a model saved by handwrought")
    if header["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has format {header['format']}, this version of handwrought reads up to "
            f"{FORMAT}: upgrade handwrought"
        )
    if header["format"] == 1:
        header = _of_format_1(header)
    else:
        header = {"preprocessing": None, "class_names": None, **_with_new_names(header)}
        header["digest"] = metadata.get(DIGEST)
    problem = _problem(header) or _digest_problem(header["digest"])
    if problem:
        raise ModelFileError(f"{path}: {problem}")
    return dict(header)


def written(header: Mapping[str, Any]) -> dict[str, Any]:
    """A header by the names that it has in a file of this format."""
    return {_NAMES_OF_FORMAT_2.get(name, name): value for name, value in header.items()}


def _with_new_names(header: Mapping[str, Any]) -> dict[str, Any]:
    new = {old: name for name, old in _NAMES_OF_FORMAT_2.items()}
    return {new.get(name, name): value for name, value in header.items()}


def _of_format_1(header: dict[str, Any]) -> dict[str, Any]:
    """Format 1 kept temperature and representation in the record, and had no preprocessing and no names."""
    record = header.get("record")
    record = dict(record) if isinstance(record, dict) else {}
    representation = record.pop("view", "as-is")
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
        "representation": representation,
        "class_names": None,
    }


def _problem(header: dict[str, Any]) -> str | None:
    """What is wrong with a header of the present format; None if nothing is."""
    sizes, names = header.get("sizes"), header.get("activations")
    if not (
        isinstance(sizes, list)
        and 2 <= len(sizes) <= MAX_LAYERS
        and all(type(n) is int and 1 <= n <= 10_000_000 for n in sizes)
    ):
        return f"its sizes are not 2 to {MAX_LAYERS} whole numbers from 1 to 10,000,000"
    if sum(a * b + b for a, b in pairwise(sizes)) > MAX_PARAMETERS:
        return f"its sizes make more than {MAX_PARAMETERS:,} parameters"
    if not (isinstance(names, list) and len(names) == len(sizes) - 1):
        return f"its activations are not {len(sizes) - 1} names, one for each layer"
    for name in names:
        if not isinstance(name, str) or name not in ACTIVATIONS:
            return f"its activation {_shown(name)} is unknown; there are {', '.join(ACTIVATIONS)}"
    cost = header.get("cost")
    if not isinstance(cost, str) or cost not in COSTS:
        return f"its cost {_shown(cost)} is unknown; there are {', '.join(COSTS)}"
    if names[-1] not in COSTS[cost].outputs:
        return f"its output activation {names[-1]!r} leaves the range of its cost {cost!r}"
    if header.get("dtype") not in STORED[1:]:
        return f"its dtype is {_shown(header.get('dtype'))} and not float32 or float64"
    if header.get("stored") not in STORED:
        return f"its numbers are stored as {_shown(header.get('stored'))}, not {', '.join(STORED)}"
    calibration = header.get("calibration")
    temperature: Any = calibration.get("temperature") if isinstance(calibration, dict) else None
    if type(temperature) not in (int, float) or not 0.01 < temperature < 100:
        return f"its temperature is {_shown(temperature)}, which is no number from 0.01 to 100"
    class_names = header.get("class_names")
    if class_names is not None and not (
        isinstance(class_names, list)
        and len(class_names) == sizes[-1]
        and all(isinstance(name, str) and len(name) <= MAX_LABEL for name in class_names)
    ):
        return f"its class_names are not {sizes[-1]} strings of at most {MAX_LABEL} characters"
    if (
        not isinstance(header.get("representation"), str)
        or len(header["representation"]) > MAX_LABEL
    ):
        return f"its representation is {_shown(header.get('representation'))}, which is no name"
    if not (isinstance(header.get("record"), dict) and isinstance(header.get("versions"), dict)):
        return "its record or its versions are no JSON object"
    return _preprocessing_problem(header.get("preprocessing"), sizes[0])


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
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
