"""A network as a ``.safetensors`` file: its arrays, and a JSON header that says what they are.

The header (:mod:`handwrought.storage.header`) stands in the file's metadata under ``handwrought``;
beside it, under ``handwrought-digest``, the SHA-256 of the header and of every array with its name,
dtype and shape.  Names are looked up in closed lists; nothing is imported or run because a file
says so.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from handwrought.errors import CannotWrite, InvalidArgument, ModelFileError
from handwrought.floating_point import default_errstate
from handwrought.nn.network import Network
from handwrought.storage.atomic import write_atomically
from handwrought.storage.container import (
    MAX_HEADER,
    Container,
    Digest,
    container_bytes,
    digest_of,
    opened,
)
from handwrought.storage.header import FORMAT, checked_header, layers_of, new_header
from handwrought.storage.nielsen import from_nielsen, is_nielsen

__all__ = ["FORMAT", "load_model", "model_bytes", "read_header", "read_model", "save_model"]

_MAY_SAY_MORE = 64 << 10
"""Bytes of a container's header beside ours: the names and places of its tensors."""


def save_model(
    network: Network,
    path: str | PathLike[str],
    /,
    *,
    stored: str | None = None,
    temperature: float = 1.0,
    class_names: Sequence[str] | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    representation: str = "as-is",
    **record: Any,
) -> None:
    """Write a network, durably and atomically, and read it back before the old file is replaced.

    Parameters
    ----------
    network : Network
    path : path
        Should end in ``.safetensors``.
    stored : {"float16", "float32", "float64"}, optional
        Write the numbers so; they are read back into the network's dtype.  By default that dtype
        itself.
    temperature : float
        What calibrates its confidence: probabilities are softmax(z / temperature).
    class_names : sequence of str, optional
        The names of its classes, one for each output.
    preprocessing : dict, optional
        How inputs were made of pixels, as :data:`handwrought.storage.header.PIXELS` says it; that
        itself by default for 784 inputs, and nothing for others.
    representation : str
        In which of ``handwrought.data.representations`` it sees pictures.
    **record
        JSON values to keep with it: how it was trained.

    Raises
    ------
    InvalidArgument
        If an argument is not what the format allows.
    ModelFileError
        If the network holds values that are not finite.
    CannotWrite
        If the file cannot be written; one that was there is untouched.
    """
    representation = _by_its_old_name("view", "representation", record, representation)
    class_names = _by_its_old_name("labels", "class_names", record, class_names)
    path = Path(path)
    header = new_header(
        network,
        stored or str(network.dtype),
        temperature=temperature,
        class_names=class_names,
        preprocessing=preprocessing,
        representation=representation,
        record=record,
    )
    try:
        write_atomically(path, model_bytes(network, header))
    except ModelFileError as error:
        raise ModelFileError(f"{path} was not written: {error}") from None
    except (OSError, MemoryError) as error:
        raise CannotWrite.of(path, error, "name another folder") from None


def _by_its_old_name(old: str, new: str, record: dict[str, Any], value: Any) -> Any:
    if old not in record:
        return value
    warnings.warn(f"{old}= is now {new}=: write that", DeprecationWarning, stacklevel=3)
    return record.pop(old)


def model_bytes(network: Network, header: Mapping[str, Any]) -> bytes:
    """The content of a model file, already read back and found right.

    Parameters
    ----------
    network : Network
    header : dict
        As :func:`handwrought.storage.header.new_header` makes it.
    """
    stored = header["stored"]
    # safetensors writes the memory behind a view, not the view: only contiguous copies are safe.
    with default_errstate(over="ignore"):  # an infinity is answered below
        arrays = {
            name: np.ascontiguousarray(array, stored)
            for name, array in network.parameters.arrays(state=True)
        }
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModelFileError(f"the network holds values that are not finite in {stored}")
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False)
        size = len(text.encode("utf-8"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"its record is not JSON ({error})") from None
    if size > MAX_HEADER - _MAY_SAY_MORE - 200 * len(arrays):
        raise ModelFileError(f"its record of {size:,} bytes is too long: keep less with it")
    content = container_bytes("handwrought", text, arrays)
    try:
        back = _network(Path("it"), Container.of(io.BytesIO(content), len(content)))[1]
    except ValueError as error:
        raise ModelFileError(f"what safetensors wrote does not read back ({error})") from None
    again = [array for _, array in back.parameters.arrays(state=True)]
    if not all(map(np.array_equal, arrays.values(), again)):
        raise ModelFileError("what safetensors wrote reads back otherwise")
    return content


def read_header(path: str | PathLike[str]) -> dict[str, Any]:
    """The checked header of a model file, brought to the present format.

    The arrays are neither read nor compared with its ``digest``: :func:`load_model` does that.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, foreign, or of a newer version of the format.
    """
    path = Path(path)
    if is_nielsen(path):
        return read_model(path)[0]
    with opened(path) as container:
        return checked_header(path, container.metadata)


def load_model(path: str | PathLike[str]) -> Network:
    """Read a network; everything is checked before a value is trusted.

    Parameters
    ----------
    path : path
        A model file; or, if it ends in ``.json``, one that Nielsen's ``network2.py`` saved.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, foreign, or of a newer version of the format.
    """
    return read_model(path)[1]


def read_model(path: str | PathLike[str]) -> tuple[dict[str, Any], Network]:
    """Header and network of a model file; see :func:`load_model`."""
    path = Path(path)
    if is_nielsen(path):
        network = from_nielsen(path)
        header = new_header(network, str(network.dtype))
        text = json.dumps({**header, "versions": {}})
        return {**header, "digest": digest_of(text, network.parameters.arrays())}, network
    with opened(path) as container:
        return _network(path, container)


def _network(path: Path, container: Container) -> tuple[dict[str, Any], Network]:
    header = checked_header(path, container.metadata)
    layers, stored = layers_of(header), header["stored"]
    shapes = {
        f"layers[{i}].{spec.name}": spec.shape
        for i, layer in enumerate(layers)
        for spec in layer.specs()
    }
    if set(container.tensors) != set(shapes):
        odd = sorted(set(container.tensors) ^ set(shapes))[0]
        raise ModelFileError(
            f"{path}: {odd[:60]!r} is missing or does not belong to a network of {len(layers)} "
            f"layers above its input: the file is damaged or not handwrought's"
        )
    for name, shape in shapes.items():
        found = container.tensors[name]
        if found.shape != shape or found.dtype != stored:
            raise ModelFileError(
                f"{path}: {name} is {found.dtype} {found.shape}, the header asks for "
                f"{stored} {shape}"
            )
    # Only now, when the file is known to hold bytes for all of it, is room made for the network.
    dtype, input_shape = header["dtype"], header["input_shape"]
    try:
        network = Network(
            layers, cost=header["cost"], seed=None, dtype=dtype, input_shape=input_shape
        )
    except InvalidArgument as error:
        raise ModelFileError(f"{path}: the header makes no network: {error}") from None
    sha = Digest(container.metadata["handwrought"])
    for name, target in network.parameters.arrays(state=True):
        array = container.array(name)
        sha.add(name, array)
        with default_errstate(over="ignore"):  # a float64 may not fit a float32: answered here
            target[...] = array
        if not np.isfinite(target).all():
            raise ModelFileError(f"{path} holds values that are not finite: the model is damaged")
    digest = _digest_of_format_1(network) if header["format"] == 1 else sha.hexdigest()
    if digest != header["digest"]:
        raise ModelFileError(f"{path}: the digest does not match the weights: the file was changed")
    return header, network


def _digest_of_format_1(network: Network) -> str:
    vector = network.parameters.vector
    return hashlib.sha256(vector.astype(vector.dtype.newbyteorder("<")).tobytes()).hexdigest()
