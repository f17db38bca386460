"""A network as a ``.safetensors`` file: its arrays, and a JSON header that says what they are.

The header stands in the file's metadata under ``handwrought`` and holds ``format`` (the version of
this format, 1), ``sizes``, ``activations`` (one for each layer), ``cost``, ``dtype``,
``stored`` (the dtype in the file, which may be float16), ``digest``
(SHA-256 of the flat vector's bytes), ``versions`` and ``record`` (how it was trained).  Names are
looked up in closed lists; nothing is imported or run because a file says so.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.nn.network import Network
from handwrought.storage.atomic import write_atomically

__all__ = ["FORMAT", "load_model", "read_header", "save_model"]

FORMAT = 1
MAX_BYTES = 2 << 30
MAX_PARAMETERS = 500_000_000


def _digest(vector: np.ndarray) -> str:
    return hashlib.sha256(vector.astype(vector.dtype.newbyteorder("<")).tobytes()).hexdigest()


def save_model(
    network: Network, path: str | PathLike[str], /, *, stored: str | None = None, **record: Any
) -> None:
    """Write a network, durably and atomically, and read it back before the old file is replaced.

    Parameters
    ----------
    network : Network
    path : path
        Should end in ``.safetensors``.
    stored : {"float16"}, optional
        Write the numbers so, in half the room and to three digits; they are read back into the
        network's dtype.
    **record
        JSON values to keep with it: how it was trained.

    Raises
    ------
    ModelFileError
        If the network holds values that are not finite, or the file cannot be written.
    """
    from safetensors.numpy import load, save

    path = Path(path)
    if stored is not None:
        if stored != "float16":
            raise InvalidArgument(f"stored is {stored!r}: use 'float16', or leave it out")
        network = network.copy()
        with np.errstate(over="ignore"):  # an infinity is answered below
            network.parameters.vector[:] = network.parameters.vector.astype(np.float16)
    vector = network.parameters.vector
    if not np.isfinite(vector).all():
        raise ModelFileError(
            f"{path} was not written: the network holds values that are not finite"
        )
    header = {
        "format": FORMAT,
        "sizes": list(network.sizes),
        "activations": [activation.name for activation in network.activations],
        "cost": network.cost.name,
        "dtype": str(network.dtype),
        "stored": stored or str(network.dtype),
        "digest": _digest(vector),
        "versions": _versions(),
        "record": record,
    }
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path} was not written: its record is not JSON ({error})") from None
    # safetensors writes the memory behind a view, not the view: only contiguous copies are safe.
    arrays = {
        name: np.ascontiguousarray(array, stored or network.dtype)
        for name, array in network.parameters.arrays()
    }
    content = save(arrays, {"handwrought": text})
    written = load(content)
    if not all(np.array_equal(written[name], array) for name, array in arrays.items()):
        raise ModelFileError(f"{path} was not written: what safetensors wrote reads back otherwise")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be written: {error.strerror or error}; name another folder"
        ) from None


def read_header(path: str | PathLike[str]) -> dict[str, Any]:
    """The checked header of a model file."""
    return _read(Path(path))[0]


def load_model(path: str | PathLike[str]) -> Network:
    """Read a network; everything is checked before a value is trusted.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, foreign, or of a newer version of the format.
    """
    path = Path(path)
    header, arrays = _read(path)
    layers = len(header["sizes"]) - 1
    if len(arrays) != 2 * layers:  # before a network of so many layers is made
        raise ModelFileError(
            f"{path} has {len(arrays)} arrays, and a network of {layers} layers has {2 * layers}: "
            f"the file is damaged or not handwrought's"
        )
    try:
        *hidden, output = header["activations"]
        network = Network(
            header["sizes"],
            hidden,
            header["cost"],
            seed=None,
            dtype=header["dtype"],
            output_activation=output,
        )
    except InvalidArgument as error:
        raise ModelFileError(f"{path}: the header makes no network: {error}") from None
    expected: dict[str, np.ndarray] = dict(network.parameters.arrays())
    if set(arrays) != set(expected):
        odd = sorted(set(arrays) ^ set(expected))[0]
        raise ModelFileError(
            f"{path}: {odd!r} is missing or does not belong to a network of "
            f"{'-'.join(map(str, network.sizes))}: the file is damaged or not handwrought's"
        )
    stored = header.get("stored", header["dtype"])
    for name, target in expected.items():
        found = arrays[name]
        if found.shape != target.shape or str(found.dtype) != stored:
            raise ModelFileError(
                f"{path}: {name} is {found.dtype} {found.shape}, the header asks for "
                f"{stored} {target.shape}"
            )
        target[...] = found
    if not np.isfinite(network.parameters.vector).all():
        raise ModelFileError(f"{path} holds values that are not finite: the model is damaged")
    if _digest(network.parameters.vector) != header["digest"]:
        raise ModelFileError(f"{path}: the digest does not match the weights: the file was changed")
    return network


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelFileError(
                f"{path} is larger than {MAX_BYTES:,} bytes: it is no model of ours"
            )
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        arrays = load(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except (SafetensorError, ValueError, KeyError, RecursionError, AttributeError) as error:
        raise ModelFileError(
            f"{path} is not a safetensors file, or is damaged ({error}): "
            f"give a model saved by handwrought"
        ) from None
    return _header(path, metadata), arrays


def _header(path: Path, metadata: Any) -> dict[str, Any]:
    text = metadata.get("handwrought") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ModelFileError(f"{path} is a safetensors file, but was not saved by handwrought")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or not isinstance(header.get("format"), int):
        raise ModelFileError(f"{path}: the header is damaged; give a model saved by handwrought")
    if header["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has format {header['format']}, this version of handwrought reads up to "
            f"{FORMAT}: upgrade handwrought"
        )
    sizes, names = header.get("sizes"), header.get("activations")
    sound = (
        isinstance(sizes, list)
        and len(sizes) >= 2
        and all(type(n) is int and 1 <= n <= 10_000_000 for n in sizes)
        and sum(a * b for a, b in pairwise(sizes)) <= MAX_PARAMETERS
        and isinstance(names, list)
        and len(names) == len(sizes) - 1
        and all(isinstance(name, str) for name in names)
        and isinstance(header.get("cost"), str)
        and header.get("dtype") in ("float32", "float64")
        and isinstance(header.get("digest"), str)
    )
    if not sound:
        raise ModelFileError(
            f"{path}: the header lacks, or has wrong, sizes, activations, cost, dtype or digest"
        )
    return header


def _versions() -> dict[str, Any]:
    """What the same bits depend on: versions, BLAS and threads."""
    import platform

    from threadpoolctl import threadpool_info

    from handwrought import __version__

    blas = [
        {key: pool.get(key) for key in ("internal_api", "version", "num_threads", "architecture")}
        for pool in threadpool_info()
        if pool.get("user_api") == "blas"
    ]
    return {
        "handwrought": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas,
    }
