"""Arrays from ``.npz`` and ``.csv`` files, read strictly and in bounded memory."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.idx import MAX_BYTES
from handwrought.errors import DataError

__all__ = ["load_csv", "load_npz"]

Array = NDArray[Any]
Pair = tuple[Array, Array]

_TRAIN_KEYS = (
    ("x_train", "y_train"),
    ("train_images", "train_labels"),
    ("images", "labels"),
    ("X", "y"),
)
_TEST_KEYS = (("x_test", "y_test"), ("test_images", "test_labels"))
_MAX_RATIO = 1100
"""DEFLATE cannot shrink anything by more; an archive that claims more is not honest."""


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
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            total = sum(info.file_size for info in entries.values())
            if total > min(MAX_BYTES, _MAX_RATIO * max(path.stat().st_size, 1)):
                raise DataError(f"{path} claims to unpack to {total:,} bytes: it is not trusted")

            def pair(choices: tuple[tuple[str, str], ...]) -> Pair | None:
                for keys in choices:
                    if all(key in entries for key in keys):
                        x, y = (_member(archive, entries[key], path) for key in keys)
                        return _images(x, f"{path}, {keys[0]}"), _labels(y, f"{path}, {keys[1]}")
                return None

            train, test = pair(_TRAIN_KEYS), pair(_TEST_KEYS)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path} is not a sound .npz archive ({error}): write it anew") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    if train is None:
        wanted = "; ".join(" and ".join(keys) for keys in _TRAIN_KEYS)
        raise DataError(f"{path} holds {', '.join(entries) or 'nothing'}: name the arrays {wanted}")
    return train, test


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    with archive.open(info) as stream:
        content = stream.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise DataError(f"{path}: {info.filename} is not of the size that the archive states")
    try:
        array: Array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError, OverflowError) as error:
        raise DataError(f"{path}: {info.filename} is no plain array ({error})") from None
    return array


def _images(x: Array, where: str) -> Array:
    if x.ndim == 4 and x.shape[-1] == 1:
        x = x[..., 0]
    if x.dtype.kind not in "fiub" or x.ndim not in (2, 3):
        raise DataError(
            f"{where} is {x.dtype} {x.shape}: give images (n, height, width) or a table (n, features)"
        )
    if x.ndim == 2:
        return x if x.dtype == np.uint8 else x.astype(np.float64)
    if x.dtype != np.uint8:
        whole = x.dtype.kind != "f" or bool(np.all(x == np.floor(x)))
        if not whole or (x.size and (x.min() < 0 or x.max() > 255)):
            raise DataError(f"{where} runs outside the whole numbers 0 to 255: give uint8 pixels")
        x = x.astype(np.uint8)
    return x


def _labels(y: Array, where: str) -> Array:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or y.dtype.kind not in "iuf":
        raise DataError(f"{where} is {y.dtype} {y.shape}: give integer class labels (n,)")
    if y.dtype.kind == "f" and (not np.isfinite(y).all() or (y != np.floor(y)).any()):
        raise DataError(f"{where} holds a value that is no whole number: class labels are integers")
    if y.size and (y.min() < 0 or y.max() > 65535):
        raise DataError(f"{where} runs from {y.min()} to {y.max()}: classes are 0 to 65535")
    return y.astype(np.int64)


def load_csv(path: Path) -> Pair:
    """Labels and pixels of a CSV file: ``label,pixel,pixel,...``, with a header line or without.

    A square number of columns of whole numbers 0 to 255 becomes uint8 images; anything else a
    table of floats.  ``.gz`` is taken too.

    Raises
    ------
    DataError
        With the line (from 1) and the column (from 1) of what is wrong.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        limit = min(MAX_BYTES, _MAX_RATIO * path.stat().st_size + 1)
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            content = stream.read(limit + 1)
        text = content.decode("utf-8-sig")
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged, or no text in UTF-8 ({error})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    lines = text.splitlines()
    first = 1 if lines and not _is_number(lines[0].split(",")[0]) else 0
    body = [(i, line) for i, line in enumerate(lines[first:], start=first + 1) if line.strip()]
    if not body:
        raise DataError(f"{path} holds no line of data: expected label,pixel,pixel,...")
    columns = body[0][1].count(",") + 1
    if columns < 2:
        raise DataError(f"{path}, line {body[0][0]} has one column: expected label,pixel,pixel,...")
    for i, line in body:
        if line.count(",") + 1 != columns:
            raise DataError(
                f"{path}, line {i} has {line.count(',') + 1} columns, line {body[0][0]} has "
                f"{columns}: every line needs the same"
            )
    table = np.empty((len(body), columns))
    for row, (i, line) in enumerate(body):
        cells = line.split(",")
        try:
            table[row] = cells
        except ValueError:
            column = next(c for c, cell in enumerate(cells, start=1) if not _is_number(cell))
            raise DataError(
                f"{path}, line {i}, column {column} is {cells[column - 1].strip()!r}: "
                f"expected a number"
            ) from None
    wrong = np.argwhere(~np.isfinite(table))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"{path}, line {body[row][0]}, column {column + 1} is {table[row, column]}: "
            f"every value must be a finite number"
        )
    labels = _labels(table[:, 0], f"{path}, column 1")
    pixels = table[:, 1:]
    side = isqrt(columns - 1)
    whole = side * side == columns - 1 and side >= 4 and bool((pixels == np.floor(pixels)).all())
    if whole and pixels.min() >= 0 and pixels.max() <= 255:
        return pixels.astype(np.uint8).reshape(-1, side, side), labels
    return pixels, labels


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
