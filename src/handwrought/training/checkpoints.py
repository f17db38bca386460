"""Checkpoints: where a training stands, as a file that is whole or not there."""

from __future__ import annotations

import hashlib
import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import read_regular
from handwrought.training.state import TrainingState

__all__ = ["load_checkpoint", "save_checkpoint"]

FORMAT = 1
_KEY = "handwrought-checkpoint"


def save_checkpoint(state: TrainingState, path: str | PathLike[str]) -> None:
    """Write where a training stands, durably and atomically, as ``.safetensors``.

    Raises
    ------
    CannotWrite
        If the file cannot be written; an earlier one is then untouched.
    """
    path = Path(path)
    try:
        write_atomically(path, _content(state))
    except (OSError, MemoryError) as error:
        raise CannotWrite.of(path, error, "the checkpoint before it is kept") from None


def _content(state: TrainingState) -> bytes:
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in state.arrays.items()}
    header = {
        "format": FORMAT,
        "settings": dict(state.settings),
        "epoch": state.epoch,
        "batch": state.batch,
        "numbers": dict(state.numbers),
        "digest": _digest(arrays),
    }
    content: bytes = save(arrays, {_KEY: json.dumps(header)})
    return content


def load_checkpoint(path: str | PathLike[str]) -> TrainingState:
    """Read where a training stood; checked before it is trusted.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, foreign or of a newer version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    try:
        content = read_regular(path, 1 << 33)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        arrays = load(content)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_KEY])
        newer = int(header["format"]) > FORMAT
        state = TrainingState(
            dict(header["settings"]),
            int(header["epoch"]),
            int(header["batch"]),
            {str(name): float(value) for name, value in header["numbers"].items()},
            arrays,
        )
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
            OverflowError):  # fmt: skip
        raise ModelFileError(f"{path} is no checkpoint of handwrought, or is damaged") from None
    if newer:
        raise ModelFileError(
            f"{path} has format {header['format']}, this version of handwrought reads up to "
            f"{FORMAT}: upgrade handwrought"
        )
    if header.get("digest") != _digest(arrays):
        raise ModelFileError(f"{path}: the digest does not match: the file was changed or damaged")
    return state


def _digest(arrays: dict[str, Any]) -> str:
    sha = hashlib.sha256()
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(arrays[name].astype(arrays[name].dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()
