"""Images moved and bent: each pixel's value from a place between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["sample"]

Array = NDArray[Any]


def sample(images: Array, rows: Array, columns: Array) -> Array:
    """Bilinear interpolation of each image at (rows, columns); black outside.

    Parameters
    ----------
    images : array of float32, shape (n, height, width)
    rows, columns : array of float32, shape (n, height, width)
        Where each pixel's value comes from; changed, as scratch.
    """
    n, height, width = images.shape
    # A border of black, so that what lies outside need not be told apart.
    wide = width + 3
    padded = np.zeros((n, height + 3, wide), np.float32)
    padded[:, 1:-2, 1:-2] = images
    rows, columns = rows + 1, columns + 1
    np.clip(rows, 0, height + 1, out=rows)
    np.clip(columns, 0, width + 1, out=columns)
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    rows -= top
    columns -= left
    at = np.arange(n, dtype=np.int32)[:, None, None] * np.int32((height + 3) * wide)
    at = at + top * np.int32(wide) + left
    flat = padded.reshape(-1)
    upper = flat.take(at)
    upper += columns * (flat.take(at + 1) - upper)
    lower = flat.take(at + wide)
    lower += columns * (flat.take(at + (wide + 1)) - lower)
    upper += rows * (lower - upper)
    return upper
