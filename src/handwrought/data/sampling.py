"""Images moved and bent: each pixel's value from a place between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.floating_point import with_default_errstate

__all__ = ["as_bytes", "mapped", "rotated", "sample"]

Array = NDArray[Any]


@with_default_errstate
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


@with_default_errstate
def mapped(images: Array, back: Array, by: tuple[float, float]) -> Array:
    """Each pixel p takes the value at back · (p - centre - by) + centre, bilinearly; black outside.

    Parameters
    ----------
    images : array of float32, shape (n, height, width)
    back : array, shape (2, 2)
        Of row and column, the same for all images.
    by : (float, float)
        Pixels down and to the right.
    """
    _, height, width = images.shape
    centre = np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    at = np.mgrid[:height, :width] - centre - np.array(by)[:, None, None]
    rows, columns = np.tensordot(back, at, 1) + centre
    # A border of black, so that what lies outside need not be told apart.
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))
    rows = np.clip(rows.round(9) + 1, 0, height + 1)
    columns = np.clip(columns.round(9) + 1, 0, width + 1)
    top, left = rows.astype(int), columns.astype(int)
    down, right = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    upper = padded[:, top, left] * (1 - right) + padded[:, top, left + 1] * right
    lower = padded[:, top + 1, left] * (1 - right) + padded[:, top + 1, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


@with_default_errstate
def rotated(images: Array, degrees: float) -> Array:
    """Images, float32 (n, height, width), turned clockwise about the centre, bilinearly."""
    t = np.deg2rad(degrees)
    return mapped(images, np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]), (0, 0))


@with_default_errstate
def as_bytes(images: Array) -> NDArray[np.uint8]:
    """Floats from 0 to 1 as uint8 from 0 to 255; what lies outside is cut off."""
    return np.asarray((np.clip(images, 0, 1) * 255).round(), np.uint8)
