"""Which way the edges of strokes face, and where: maps of directions in place of pixels.

A fully connected network does not know which pixels are neighbours.  The gradient of the image does:
its direction says how a stroke runs, and changes little where the stroke moves a little.  Liu,
Nakashima, Sako and Fujisawa (2003), "Handwritten digit recognition: benchmarking of state-of-the-art
techniques", crossed ten features with eight classifiers: the directions of contours and of gradients
had the advantage.  Here they are eight directions of Sobel's gradient, each smoothed and sampled; the
square root evens out how strong and weak edges are spread.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.floating_point import with_default_errstate
from handwrought.imaging.blur import gaussian_matrix
from handwrought.imaging.conversion import to_float, to_uint8

__all__ = ["DIRECTIONS", "sampled", "stroke_maps"]

Array = NDArray[Any]

DIRECTIONS: Final = 8
"""Compass points, the first to the right, clockwise; the opposite of k is k + 4."""
_ROWS = 32
"""Images at once: what is computed of them stays in the cache."""
_SMOOTH = 0.5
"""Standard deviation of the Gaussian that is sampled, of the distance between samples."""


@with_default_errstate
def stroke_maps(images: Array) -> Array:
    """Eight maps of half the height and width, side by side in two rows of four.

    images: (n, height, width), uint8 or float32 from 0 to 1, ink bright on black, both sides even; the
    result is (n, height, 2 * width), of the same dtype and range.  At row r and column c it says how
    strongly the image brightens there in direction 4 (r // (height / 2)) + c // (width / 2): the square
    root of a mean."""
    n, height, width = images.shape
    out = np.empty((n, height, 2 * width), images.dtype)
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        maps = _maps(to_float(images[rows]))
        out[rows] = to_uint8(maps) if images.dtype == np.uint8 else maps
    return out


def _maps(x: Array) -> Array:
    n, height, width = x.shape
    right, down = _sobel(x)
    # A gradient lies between two compass points; the share of a point falls from 1 to 0 over 45°.
    turn = np.float32(np.cos(2 * np.pi / DIRECTIONS))
    least = np.sqrt(right * right + down * down)
    least *= turn
    facing = np.empty((DIRECTIONS, n, height, width), np.float32)
    for k in range(DIRECTIONS // 2):
        angle = 2 * np.pi * k / DIRECTIONS
        along = right * np.float32(np.cos(angle))
        along += down * np.float32(np.sin(angle))
        np.subtract(along, least, out=facing[k])
        np.negative(along, out=along)
        np.subtract(along, least, out=facing[k + DIRECTIONS // 2])
    np.maximum(facing, 0, out=facing)
    # Sobel's answer to an edge from 0 to 1 is 4.
    low = sampled(height) @ facing
    # BLAS is quick with a small matrix on the left, and slow with one on the right.
    low = np.ascontiguousarray(low.swapaxes(2, 3))
    found = (sampled(width) * (1 / (4 * (1 - turn)))) @ low
    np.sqrt(found, out=found)
    # Each map is transposed still; they become two rows of four for each image.
    maps = found.reshape(2, DIRECTIONS // 2, n, width // 2, height // 2)
    return np.asarray(maps.transpose(2, 0, 4, 1, 3).reshape(n, height, 2 * width))


def _sobel(x: Array) -> tuple[Array, Array]:
    """How much brighter the image becomes to the right and downwards; outside, it is black."""
    p = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    tall = p[:, :-2] + p[:, 2:]
    tall += 2 * p[:, 1:-1]
    wide = p[:, :, :-2] + p[:, :, 2:]
    wide += 2 * p[:, :, 1:-1]
    return tall[:, :, 2:] - tall[:, :, :-2], wide[:, 2:] - wide[:, :-2]


@lru_cache(maxsize=8)
def sampled(size: int) -> Array:
    """A (size / 2, size) matrix whose product with a signal smooths it and takes every second of it."""
    at = 2 * np.arange(size // 2) + 0.5
    return gaussian_matrix(size, 2 * _SMOOTH, at=at, border="cut")
