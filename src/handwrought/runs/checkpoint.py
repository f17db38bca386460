"""Checkpoints: where a training stands, as a file that is whole or not there.

It is a container as a model's (:mod:`handwrought.storage.container`): a JSON header under
``handwrought-checkpoint``, arrays, and a digest that covers every bit of both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.storage.atomic import write_atomically
from handwrought.storage.container import (
    DIGEST,
    MAX_BYTES,
    Container,
    container_bytes,
    digest_of,
    opened,
    strict_json,
)
from handwrought.training.config import renamed
from handwrought.training.state import TrainingState

__all__ = ["MOST_BYTES", "load_checkpoint", "save_checkpoint"]

FORMAT = 2
_KEY = "handwrought-checkpoint"
MOST_BYTES = 8 * MAX_BYTES
"""Parameters, an optimizer's vectors, an average and the best: some times a model."""
_KINDS: Final = {
    "settings": dict, "versions": dict, "epoch": int, "batch": int, "numbers": dict,
}  # fmt: skip


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
    header = {
        "format": FORMAT,
        "settings": dict(state.settings),
        "versions": dict(state.versions),
        "epoch": state.epoch,
        "batch": state.batch,
        "numbers": dict(state.numbers),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(state.arrays.items())}
    return container_bytes(_KEY, json.dumps(header), arrays)


def load_checkpoint(path: str | PathLike[str]) -> TrainingState:
    """Read where a training stood; checked before it is trusted.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, foreign or of a newer version.
    """
    path = Path(path)
    with opened(path, "checkpoint", MOST_BYTES) as container:
        text = container.metadata.get(_KEY)
        if text is None:
            raise ModelFileError(f"{path} is no checkpoint of a training")
        header = _header(path, text)
        arrays = {name: _native(container, name) for name in sorted(container.tensors)}
    if header["format"] == 1:
        same = (
            header.get("digest") == _digest_of_format_1(arrays) and DIGEST not in container.metadata
        )
    else:
        same = container.metadata.get(DIGEST) == digest_of(text, arrays.items())
    if not same:
        raise ModelFileError(
            f"{path}: the digest does not match: the file was changed or damaged, and is not gone "
            f"on from"
        )
    return TrainingState(
        renamed(header["settings"]),
        header["epoch"],
        header["batch"],
        {name: float(value) for name, value in header["numbers"].items()},
        arrays,
        header["versions"],
    )


def _header(path: Path, text: str) -> dict[str, Any]:
    """The header, each of its values of its kind."""
    header: dict[str, Any] | None
    try:
        # A schedule that has seen no validation yet counts from infinity.
        header = strict_json(text, infinite=True)
    except (ValueError, RecursionError):
        header = None
    if type(header) is not dict or type(header.get("format")) is not int:
        raise ModelFileError(f"{path} is no checkpoint of handwrought, or is damaged")
    if header["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has format {header['format']}, this version of handwrought reads up to "
            f"{FORMAT}: upgrade handwrought"
        )
    if header["format"] == 1:  # which noted nothing of versions
        header = {"versions": {}, **header}
    wrong = [name for name, kind in _KINDS.items() if type(header.get(name)) is not kind]
    if not wrong and not all(map(_is_number, header["numbers"].values())):
        wrong = ["numbers"]
    if wrong or header["format"] < 1:
        raise ModelFileError(
            f"{path} is no checkpoint of handwrought, or is damaged: its {(wrong or ['format'])[0]} "
            f"is of another kind"
        )
    return header


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < 1 << 63)


def _native(container: Container, name: str) -> np.ndarray:
    array = container.array(name)
    return array.astype(array.dtype.newbyteorder("="))


def _digest_of_format_1(arrays: Mapping[str, Any]) -> str:
    """That of the arrays alone: what the header said could change unnoticed."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(arrays[name].astype(arrays[name].dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()
