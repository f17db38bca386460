"""Where the ink of images is, and how it spreads: centres of mass, variances, covariances."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments", "bounding_box", "centre_of_mass", "centres_of_mass", "moments"]

Array = NDArray[Any]


def bounding_box(mask: Array) -> tuple[slice, slice] | None:
    """The rows and columns of a mask (height, width) from its first to its last; None if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def centre_of_mass(image: Array) -> tuple[float, float]:
    """Row and column of an image (height, width), in float64; that of pixel (0, 0) alone is (0, 0)."""
    total = float(image.sum())
    row, column = (
        float((image.sum(axis=1 - axis) * np.arange(image.shape[axis])).sum()) / total
        for axis in (0, 1)
    )
    return row, column


def centres_of_mass(images: Array) -> tuple[Array, Array]:
    """Rows and columns, (n,) each, of images (n, height, width), in their dtype."""
    total = np.maximum(images.sum((1, 2)), 1e-6)
    down, right = (np.arange(side, dtype=images.dtype) for side in images.shape[1:])
    return (images.sum(2) @ down) / total, (images.sum(1) @ right) / total


class Moments(NamedTuple):
    """Second central moments, (n,) each: of rows, of columns, and of both together."""

    rows: Array
    columns: Array
    both: Array


def moments(images: Array) -> Moments:
    """Of images (n, height, width), floats, from 0."""
    row, column = centres_of_mass(images)
    total = np.maximum(images.sum((1, 2)), 1e-6)
    down, right = (np.arange(side, dtype=images.dtype) for side in images.shape[1:])
    down, right = down - row[:, None], right - column[:, None]
    return Moments(
        np.einsum("nyx,ny->n", images, down**2) / total,
        np.einsum("nyx,nx->n", images, right**2) / total,
        np.einsum("nyx,ny,nx->n", images, down, right) / total,
    )
