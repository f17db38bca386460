"""Images moved, turned, sheared, bent and resized: each pixel's value from a place between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.floating_point import with_default_errstate
from handwrought.imaging.moments import centres_of_mass, moments

__all__ = ["affine", "deskew", "resize", "rotate", "sample", "shift_rows"]

Array = NDArray[Any]


@with_default_errstate
def sample(images: Array, rows: Array, columns: Array) -> Array:
    """Bilinear interpolation of images, float32 (n, height, width), to (n, a, b); black outside.

    rows, columns: where each pixel's value comes from, of shapes that broadcast to (n, a, b); or (a, b)
    both where they are the same for all images."""
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
    if rows.ndim == 2:
        down, right = rows.astype(np.float32), columns.astype(np.float32)
        upper = padded[:, top, left] * (1 - right) + padded[:, top, left + 1] * right
        lower = padded[:, top + 1, left] * (1 - right) + padded[:, top + 1, left + 1] * right
        return np.asarray(upper * (1 - down) + lower * down)
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
def affine(images: Array, inverse: Array, shift: tuple[float, float] = (0.0, 0.0)) -> Array:
    """Images, float32 (n, height, width): each pixel p takes the value at inverse · (p - centre - shift) +
    centre; black outside.  The inverse is (2, 2), of row and column; the shift goes down and to the right."""
    _, height, width = images.shape
    centre = np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    at = np.mgrid[:height, :width] - centre - np.array(shift)[:, None, None]
    rows, columns = np.tensordot(inverse, at, 1) + centre
    return sample(images, rows.round(9), columns.round(9))


@with_default_errstate
def rotate(images: Array, degrees: float) -> Array:
    """Images, float32 (n, height, width), turned clockwise about the centre, bilinearly."""
    t = np.deg2rad(degrees)
    return affine(images, np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]))


def deskew(images: Array) -> Array:
    """Images, float32 (n, height, width), sheared about their centres of mass by at most 45 degrees
    so that rows and columns of their ink vary independently (LeCun et al. 1998, III.A)."""
    row, _ = centres_of_mass(images)
    spread = moments(images)
    lean = np.clip(spread.both / np.maximum(spread.rows, 1e-3), -1, 1)
    y = np.arange(images.shape[1], dtype=np.float32)[None, :, None]
    x = np.arange(images.shape[2], dtype=np.float32)
    return sample(images, y, x + lean[:, None, None] * (y - row[:, None, None]))


def resize(image: Array, height: int, width: int, method: str) -> Array:
    """An image, float32 or uint8 (h, w), at another size, by one of Pillow's filters.

    "box", "bilinear", "hamming" and "bicubic" all average where the image shrinks.
    """
    from PIL import Image

    filter_ = Image.Resampling[method.upper()]
    resized = Image.fromarray(np.ascontiguousarray(image)).resize((width, height), filter_)
    return np.asarray(resized)


def shift_rows(image: Array, by: Array) -> Array:
    """Each row of an image (height, width) moved to the right by whole pixels, by (height,).

    What leaves the image is lost, and 0 comes in.
    """
    width = image.shape[1]
    columns = np.arange(width) - by[:, None]
    inside = (columns >= 0) & (columns < width)
    moved = np.take_along_axis(image, np.clip(columns, 0, width - 1), axis=1)
    return np.asarray(moved * inside)
