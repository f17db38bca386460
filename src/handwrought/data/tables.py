"""Arrays from ``.npz`` and ``.csv`` files, read strictly and in bounded memory."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from math import isfinite, isqrt, prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.idx import MAX_BYTES, most_unpacked, open_unzipped
from handwrought.errors import DataError
from handwrought.storage.regular import open_regular

__all__ = ["class_labels", "load_csv", "load_npz"]

Array = NDArray[Any]
Pair = tuple[Array, Array]

_TRAIN_KEYS = (
    ("x_train", "y_train"),
    ("train_images", "train_labels"),
    ("images", "labels"),
    ("X", "y"),
)
_TEST_KEYS = (("x_test", "y_test"), ("test_images", "test_labels"))
_TEXT_BYTES, _TEXT_RATIO = 2 << 20, 10
"""What a compressed table may unpack to: so many bytes, and so many for each byte of it."""
_MOST_COLUMNS = 1_000_000
_MOST_VALUES = 2**31 - 1
"""Of one example.  Where there is none, a header alone may claim more than any array can have."""


def load_npz(path: Path) -> tuple[Pair, Pair | None]:
    """Training and (where there are some) test arrays of an ``.npz``, never by pickle.

    Parameters
    ----------
    path : Path
        With the keys of Keras (x_train, y_train, x_test, y_test), train_images, train_labels, ...,
        images and labels, or X and y.

    Raises
    ------
    DataError
        If the archive is damaged, claims to be larger than it can be, or lacks these keys.
    """
    with ExitStack() as stack:
        archive = _opened(path, stack)
        entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        total = sum(info.file_size for info in entries.values())
        if total > most_unpacked(path.stat().st_size):
            raise DataError(
                f"{path} claims to unpack to {total:,} bytes, too much to be trusted: if that "
                f"is right, write it with np.savez, which does not compress"
            )

        def pair(choices: tuple[tuple[str, str], ...]) -> Pair | None:
            for keys in choices:
                if all(key in entries for key in keys):
                    x, y = (_member(archive, entries[key], path) for key in keys)
                    return _images(x, f"{path}, {keys[0]}"), class_labels(y, f"{path}, {keys[1]}")
            return None

        train, test = pair(_TRAIN_KEYS), pair(_TEST_KEYS)
    if train is None:
        wanted = "; ".join(" and ".join(keys) for keys in _TRAIN_KEYS)
        raise DataError(f"{path} holds {', '.join(entries) or 'nothing'}: name the arrays {wanted}")
    return train, test


def _opened(path: Path, stack: ExitStack) -> zipfile.ZipFile:
    try:
        file = stack.enter_context(open_regular(path))
        return stack.enter_context(zipfile.ZipFile(file))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # zipfile passes on what its parts raise: struct, a decoder
        raise DataError(f"{path} is not a sound .npz archive ({error}): write it anew") from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    try:
        with archive.open(info) as stream:
            array: Array = np.lib.format.read_array(stream, allow_pickle=False)
            rest = stream.read(1)
    except Exception as error:  # zipfile and NumPy pass on what their parts raise: zlib, a parser
        raise DataError(f"{path}: {info.filename} is no plain array ({error})") from None
    if rest:
        raise DataError(f"{path}: {info.filename} goes on after its array: it is not what it seems")
    return array


def _images(x: Array, where: str) -> Array:
    if x.ndim == 4 and x.shape[-1] == 1:
        x = x[..., 0]
    if x.dtype.kind not in "fiub" or x.ndim not in (2, 3):
        raise DataError(
            f"{where} is {x.dtype} {x.shape}: give images (n, height, width) or a table (n, features)"
        )
    if not all(x.shape[1:]):  # of which a header alone may claim thousands of millions
        raise DataError(f"{where} is {x.dtype} {x.shape}: an example without a value")
    if prod(x.shape[1:]) > _MOST_VALUES:
        raise DataError(
            f"{where} is {x.dtype} {x.shape}: an example may have at most {_MOST_VALUES:,} values"
        )
    if x.ndim == 2:
        return x if x.dtype == np.uint8 else x.astype(_float_for(x.dtype))
    if x.dtype != np.uint8:
        whole = x.dtype.kind != "f" or all(bool(np.all(part == np.floor(part))) for part in x)
        if not whole or (x.size and (x.min() < 0 or x.max() > 255)):
            raise DataError(f"{where} runs outside the whole numbers 0 to 255: give uint8 pixels")
        x = x.astype(np.uint8)
    return x


def _float_for(dtype: np.dtype[Any]) -> type:
    """The narrower of float32 and float64 that holds every value of small whole numbers."""
    return np.float32 if dtype.itemsize <= 2 else np.float64


def class_labels(y: Array, where: str) -> Array:
    """Labels (n,) as whole numbers 0 to 65535, from (n,) or (n, 1) of any kind of number.

    Booleans are 0 and 1.

    Raises
    ------
    DataError
        If they are none.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "iufb":
        raise DataError(f"{where} is {y.dtype} {y.shape}: give integer class labels (n,)")
    if y.dtype.kind == "f" and (not np.isfinite(y).all() or (y != np.floor(y)).any()):
        raise DataError(f"{where} holds a value that is no whole number: class labels are integers")
    if y.size and (float(y.min()) < 0 or float(y.max()) > 65535):  # which no float16 can hold
        raise DataError(f"{where} runs from {y.min()} to {y.max()}: classes are 0 to 65535")
    return y.astype(np.int32) if y.dtype != np.uint8 else y


def load_csv(path: Path) -> Pair:
    """Labels and pixels of a CSV file: ``label,pixel,pixel,...``, with a header line or without.

    A square number of columns of whole numbers 0 to 255 becomes uint8 images; anything else a
    table of floats.  ``.gz`` is taken too.

    Raises
    ------
    DataError
        With the line (from 1) and the column (from 1) of what is wrong.
    """
    blocks: list[Array] = []
    first, columns = 0, 0
    for start, lines in _blocks(path):
        if columns and {line.count(",") for line in lines} == {columns - 1}:
            values = _finite(lines)
            if values is not None:  # as nearly always; else what is wrong is looked for below
                blocks.append(values.reshape(-1, columns))
                continue
        body = [(i, line) for i, line in enumerate(lines, start) if line.strip()]
        if start == 1 and body and body[0][0] == 1 and not _is_number(lines[0].split(",", 1)[0]):
            del body[0]  # names of the columns
        if body and not first:
            first, columns = body[0][0], body[0][1].count(",") + 1
            if not 2 <= columns <= _MOST_COLUMNS:
                has = "one column" if columns == 1 else f"{columns:,} columns"
                raise DataError(f"{path}, line {first} has {has}: expected label,pixel,pixel,...")
        for i, line in body:
            if line.count(",") + 1 != columns:
                raise DataError(
                    f"{path}, line {i} has {line.count(',') + 1} columns, line {first} has "
                    f"{columns}: every line needs the same"
                )
        if body:
            blocks.append(_numbers(body, path).reshape(-1, columns))
    if not first:
        raise DataError(f"{path} holds no line of data: expected label,pixel,pixel,...")
    table = np.concatenate(blocks)
    blocks.clear()
    labels = class_labels(table[:, 0], f"{path}, column 1")
    pixels = table[:, 1:]
    side = isqrt(columns - 1)
    whole = side * side == columns - 1 and side >= 4 and bool((pixels == np.floor(pixels)).all())
    if whole and pixels.min() >= 0 and pixels.max() <= 255:
        return pixels.astype(np.uint8).reshape(-1, side, side), labels
    return pixels, labels


def _finite(lines: list[str]) -> Array | None:
    """All cells of some lines, in one row, if they are finite numbers."""
    try:
        values = np.array(",".join(lines).split(","), float)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _numbers(body: list[tuple[int, str]], path: Path) -> Array:
    """All cells of some lines, in one row."""
    values = _finite([line for _, line in body])
    if values is not None:
        return values
    i, column, cell = next(
        (i, column, cell)
        for i, line in body
        for column, cell in enumerate(line.split(","), start=1)
        if not (_is_number(cell) and isfinite(float(cell)))
    )
    if not _is_number(cell):
        cell = repr(cell.strip()[:40])
        raise DataError(f"{path}, line {i}, column {column} is {cell}: expected a number")
    raise DataError(
        f"{path}, line {i}, column {column} is {float(cell)}: every value must be a finite number"
    )


class _Bounded(io.RawIOBase):
    """A stream that ends with a refusal where it would give more than it may."""

    def __init__(self, stream: IO[bytes], most: int, path: Path) -> None:
        self.stream, self.left, self.path = stream, most, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.stream.read(len(buffer))
        self.left -= len(piece)
        if self.left < 0:
            raise DataError(
                f"{self.path} unpacks to far more than is to be trusted: if that is right, unpack "
                f"it first (gunzip)"
            )
        buffer[: len(piece)] = piece
        return len(piece)


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Lines, about a megabyte at a time, each time with the number of the first (from 1)."""
    try:
        with open_unzipped(path) as (stream, size, zipped):
            most = _TEXT_BYTES + _TEXT_RATIO * size if zipped else MAX_BYTES
            bounded = io.BufferedReader(_Bounded(stream, most, path))
            text = io.TextIOWrapper(bounded, "utf-8-sig")
            start = 1
            while lines := text.readlines(1 << 20):
                yield start, lines
                start += len(lines)
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged, or no text in UTF-8 ({error})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
