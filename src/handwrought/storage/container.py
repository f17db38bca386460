"""The safetensors container, read with suspicion: nothing is allocated that the file has no bytes for.

A file is: 8 bytes, the length of the header as a little-endian integer; the header, a JSON object
that gives each tensor its ``dtype``, ``shape`` and ``data_offsets`` and, under ``__metadata__``,
strings; then the tensors' bytes, little-endian, without gaps.

Models and checkpoints are such files with a JSON header of ours among the strings, and beside it,
under ``handwrought-digest``, the SHA-256 of that header and of every tensor (:class:`Digest`): no
bit of them can change unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from handwrought.errors import ModelFileError
from handwrought.storage.regular import open_regular

__all__ = [
    "DIGEST",
    "MAX_BYTES",
    "MAX_HEADER",
    "Container",
    "Digest",
    "Tensor",
    "container_bytes",
    "digest_of",
    "opened",
    "strict_json",
]

MAX_BYTES = 2 << 30
MAX_HEADER = 1 << 20
"""Bytes of JSON: a training record has some thousands, and a hostile file gets no further."""

DIGEST = "handwrought-digest"
MAX_DIMENSIONS = 4
"""Of a tensor."""

_DTYPES: Final = {
    **{"F16": "float16", "F32": "float32", "F64": "float64"},
    **{"I32": "int32", "U32": "uint32", "I64": "int64", "U64": "uint64"},
}


@dataclass(frozen=True)
class Tensor:
    """Where an array stands: its dtype's name, its shape, and its bytes from ``begin`` to ``end``."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Container:
    """A file whose layout was checked: its tensors fill it exactly.

    Attributes
    ----------
    metadata : dict of str
    tensors : dict of Tensor
    start : int
        Where the tensors' bytes begin in the file.
    file : binary file
        Still open.
    """

    metadata: dict[str, str]
    tensors: dict[str, Tensor]
    start: int
    file: BinaryIO

    def array(self, name: str) -> np.ndarray:
        """One tensor, read from the file: little-endian, as it is stored."""
        tensor = self.tensors[name]
        self.file.seek(self.start + tensor.begin)
        content = self.file.read(tensor.end - tensor.begin)
        if len(content) != tensor.end - tensor.begin:
            raise ValueError(f"the file ends within {name}")
        return np.frombuffer(content, np.dtype(tensor.dtype).newbyteorder("<")).reshape(
            tensor.shape
        )

    @classmethod
    def of(cls, file: BinaryIO, size: int) -> Container:
        """Check the layout of a file of this size.

        Raises
        ------
        ValueError
            If it is no safetensors file; the message says what is wrong with it.
        """
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError("it is too short for its header")
        if length > MAX_HEADER:
            raise ValueError(f"its header has more than {MAX_HEADER:,} bytes")
        header = strict_json(file.read(length).decode("utf-8"))
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise ValueError("its metadata are not strings")
        tensors = {name: _tensor(name, entry) for name, entry in header.items()}
        at = 0
        for name, tensor in sorted(tensors.items(), key=_place):
            if tensor.begin != at:
                raise ValueError(f"there is a gap or an overlap before {name[:60]!r}")
            at = tensor.end
        if 8 + length + at != size:
            raise ValueError(
                f"it has {size:,} bytes where its header speaks of {8 + length + at:,}"
            )
        return cls(metadata, tensors, 8 + length, file)


def _place(item: tuple[str, Tensor]) -> tuple[int, int]:
    return item[1].begin, item[1].end


def _tensor(name: str, entry: Any) -> Tensor:
    if isinstance(entry, dict) and set(entry) == {"dtype", "shape", "data_offsets"}:
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if (
            isinstance(dtype, str)
            and dtype in _DTYPES
            and _whole_numbers(shape)
            and len(shape) <= MAX_DIMENSIONS
            and _whole_numbers(offsets)
            and len(offsets) == 2
            and offsets[1] - offsets[0] == prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
        ):
            return Tensor(_DTYPES[dtype], tuple(shape), *offsets)
    raise ValueError(f"the entry of {name[:60]!r} is no tensor of ours")


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 1 << 48 for n in values)


class Digest:
    """SHA-256 of the header's text and, for each array, a line that names it and its bytes."""

    def __init__(self, text: str) -> None:
        self._sha = hashlib.sha256(text.encode("utf-8"))

    def add(self, name: str, array: np.ndarray) -> None:
        """Take in one array."""
        shape = "x".join(map(str, array.shape))
        self._sha.update(f"\n{name} {array.dtype.name} {shape}\n".encode())
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        self._sha.update(little.data)

    def hexdigest(self) -> str:
        """In 64 digits."""
        return self._sha.hexdigest()


def digest_of(text: str, arrays: Iterable[tuple[str, np.ndarray]]) -> str:
    """The :class:`Digest` of a header and arrays, in this order."""
    digest = Digest(text)
    for name, array in arrays:
        digest.add(name, array)
    return digest.hexdigest()


def container_bytes(key: str, text: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    """The file of contiguous arrays, with a header's text under ``key``, and their digest.

    The same header and arrays make the same bytes: safetensors writes metadata in an order left to
    chance, and here they are sorted.
    """
    from safetensors.numpy import save

    content = save(dict(arrays), {key: text, DIGEST: digest_of(text, arrays.items())})
    end = 8 + int.from_bytes(content[:8], "little")
    tensors = json.loads(content[8:end])
    metadata = dict(sorted(tensors.pop("__metadata__").items()))
    header = {"__metadata__": metadata, **tensors}
    whole = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    whole += b" " * (-len(whole) % 8)  # the arrays begin at a multiple of 8
    return len(whole).to_bytes(8, "little") + whole + content[end:]


@contextmanager
def opened(path: Path, what: str = "model", most: int | None = None) -> Iterator[Container]:
    """The container of a file of at most so many bytes, open while the block runs.

    Raises
    ------
    ModelFileError
        If it cannot be read, is no regular file, or is no safetensors file.
    """
    try:
        with open_regular(path, MAX_BYTES if most is None else most) as file:
            yield Container.of(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(
            f"{path} is not a safetensors file, or is damaged ({_short(error)}): "
            f"give a {what} saved by handwrought"
        ) from None


def _short(error: Exception) -> str:
    text = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return text if len(text) <= 160 else f"{text[:160]}…"


def strict_json(text: str | bytes, *, infinite: bool = False) -> Any:
    """JSON in which no name stands twice, no number is NaN, and none infinite unless that is
    allowed; else ValueError."""
    number = _number if infinite else _finite
    return json.loads(text, object_pairs_hook=_unique, parse_constant=number, parse_float=number)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in its JSON")
    return found


def _number(text: str) -> float:
    value = float(text)
    if value != value:
        raise ValueError("its JSON holds NaN")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"its JSON holds the number {text[:20]}")
    return value
