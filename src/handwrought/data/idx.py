"""IDX, the format of MNIST: two zero bytes, a type, a rank, the dimensions, the values.

All numbers are big-endian (LeCun, Cortes and Burges, "The MNIST database", section "File formats").
Reading is strict: a header that promises other than what the file holds is an error, and a
compressed file is never inflated beyond what its header promises.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from math import prod
from os import PathLike
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import DataError
from handwrought.storage.regular import open_regular

__all__ = ["MAX_BYTES", "idx_bytes", "most_unpacked", "open_unzipped", "read_idx", "write_idx"]

Array = NDArray[Any]

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(text).newbyteorder("="): code for code, text in _DTYPES.items()}
MAX_BYTES = 4 << 30
"""No data set of this format is larger; a header that says so is damaged."""
_CHUNK = 8 << 20


def most_unpacked(packed: int, *, times: int = 20) -> int:
    """Bytes to which a compressed file of ``packed`` bytes may unpack.

    Digits shrink to a fifth or a tenth; what claims far more fills the memory and is no data.
    """
    return min(MAX_BYTES, (12 << 20) + times * packed)


@contextmanager
def open_unzipped(path: Path) -> Iterator[tuple[IO[bytes], int, bool]]:
    """What a file holds, gzipped or plain; its own size in bytes, and whether it is gzipped."""
    with open_regular(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        size = os.fstat(file.fileno()).st_size
        with gzip.GzipFile(fileobj=file) if zipped else nullcontext(file) as stream:
            yield cast(IO[bytes], stream), size, zipped


def read_idx(path: str | PathLike[str]) -> Array:
    """The array of an IDX file, gzipped or plain, in the machine's byte order.

    Raises
    ------
    DataError
        If the file cannot be read, is no IDX file, or is shorter or longer than its header says.
    """
    path = Path(path)
    try:
        with open_unzipped(path) as (stream, size, zipped):
            return _read(stream, path, size, zipped)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip stream is damaged or cut off ({error}): download the file again"
        ) from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder: name the IDX file in it") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def _read(stream: IO[bytes], path: Path, size: int, zipped: bool) -> Array:
    header = stream.read(4)
    if len(header) < 4 or header[:2] != b"\0\0" or header[2] not in _DTYPES or header[3] == 0:
        raise DataError(
            f"{path} begins with {header.hex(' ') or 'nothing'}: an IDX file begins with 00 00, a "
            f"type (08 to 0e) and a number of dimensions of at least 1"
        )
    dtype, rank = np.dtype(_DTYPES[header[2]]), header[3]
    raw_shape = stream.read(4 * rank)
    if len(raw_shape) < 4 * rank:
        raise DataError(f"{path} ends inside its header: it is truncated; download it again")
    shape = struct.unpack(f">{rank}I", raw_shape)
    promised = prod(shape) * dtype.itemsize
    what = f"{path}: its header promises {' x '.join(map(str, shape))} = {promised:,} bytes of data"
    # Zeros left out: NumPy multiplies the others, too.
    if prod(filter(None, shape)) * dtype.itemsize > MAX_BYTES or rank > 32:
        raise DataError(f"{what}, above the limit of {MAX_BYTES:,}: the header is damaged")
    if zipped and promised > most_unpacked(size):
        raise DataError(
            f"{what}, too much for {size:,} compressed bytes: if that is right, unpack it first "
            f"(gunzip)"
        )
    if not zipped and size - 4 - 4 * rank != promised:
        raise DataError(f"{what}, the file holds {size - 4 - 4 * rank:,}: download it again")
    # Read in pieces: memory follows the data that is there, not what a header claims.
    content = bytearray()
    while len(content) < promised:
        piece = stream.read(min(_CHUNK, promised - len(content)))
        if not piece:
            raise DataError(f"{what}, the file holds {len(content):,}: it is truncated")
        content += piece
    if stream.read(1):
        raise DataError(f"{what}, and the file goes on: it is not the file it seems to be")
    array: Array = np.frombuffer(content, dtype).reshape(shape)
    array = array.astype(dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def idx_bytes(array: Array) -> bytes:
    """The uncompressed IDX file of an array of uint8, int8, int16, int32, float32 or float64.

    Raises
    ------
    DataError
        If IDX has no such dtype, or the rank or a dimension does not fit its header.
    """
    native = array.dtype.newbyteorder("=")
    if native not in _CODES:
        names = ", ".join(str(dtype) for dtype in _CODES)
        raise DataError(f"dtype {array.dtype} has no code in IDX: convert to one of {names}")
    if not array.ndim or max(array.shape) >= 1 << 32:
        raise DataError(
            f"shape {array.shape} does not fit an IDX header: use 1 dimension or more, each below "
            f"2**32"
        )
    code = _CODES[native]
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + np.ascontiguousarray(array, _DTYPES[code]).tobytes()


def write_idx(path: str | PathLike[str], array: Array) -> None:
    """Write an array as IDX; gzipped (the same bytes each time) if the name ends in ``.gz``."""
    path, content = Path(path), idx_bytes(array)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
