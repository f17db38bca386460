"""Blur: the Gaussian, as a matrix for stacks of small images and along the axes of large ones; means.

The tests compare each with SciPy's, whose image functions take longer to import than a photograph
to read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["blur", "gaussian", "gaussian_filter", "gaussian_matrix", "mean_filter"]

Array = NDArray[Any]


def gaussian(distance: Array, sigma: Any) -> Array:
    """exp(-distance² / 2σ²): the bell, 1 in its middle."""
    return np.asarray(np.exp(-0.5 * (distance / sigma) ** 2))


def gaussian_matrix(
    size: int,
    sigma: float | Array,
    *,
    at: Array | None = None,
    border: str = "constant",
) -> Array:
    """Float32 (m, size), or (n, m, size) for ``sigma`` (n,): what blurs a signal of ``size`` numbers when it
    is multiplied by it.

    sigma: the standard deviation, in whose dtype it is computed; at: (m,), the places whose blurred value is
    wanted, by default all; border: beyond it is 0 ("constant") or nothing ("cut": each row's sum is 1)."""
    σ = np.asarray(sigma)[..., None, None]
    places = np.arange(size, dtype=np.result_type(σ, np.float32))
    weights = gaussian((places if at is None else at)[:, None] - places, σ)
    if border == "cut":
        weights /= weights.sum(axis=-1, keepdims=True)
    else:
        reach = max(size, int(10 * np.max(σ)))
        weights /= gaussian(np.arange(-reach, reach + 1), σ).sum(axis=-1, keepdims=True)
    return weights.astype(np.float32, copy=False)


def blur(images: Array, sigma: float | Array, border: str = "constant") -> Array:
    """Small images, float32 (n, height, width), each blurred by a Gaussian; sigma and border are those
    of :func:`gaussian_matrix`."""
    down, across = (gaussian_matrix(size, sigma, border=border) for size in images.shape[1:])
    return np.asarray(down @ images @ across.swapaxes(-1, -2))


def gaussian_filter(image: Array, sigma: float) -> Array:
    """A large image, float32 (height, width), blurred by a Gaussian cut off at 3σ; beyond the border
    lies the nearest value."""
    if sigma <= 0:
        return image
    reach = max(1, int(3 * sigma + 0.5))
    weights = gaussian(np.arange(-reach, reach + 1), sigma)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        pads = [(0, 0), (0, 0)]
        pads[axis] = (reach, reach)
        wide = np.pad(image, pads, mode="edge")
        n = image.shape[axis]
        cells = [wide[i : i + n] if axis == 0 else wide[:, i : i + n] for i in range(len(weights))]
        total = weights[reach] * cells[reach]
        for i in range(reach):
            pair = cells[i] + cells[-1 - i]
            pair *= weights[i]
            total += pair
        image = total
    return image


def mean_filter(image: Array, size: int) -> Array:
    """The mean of a square window of odd ``size`` around each pixel, the border repeated."""
    half = size // 2
    for axis in (0, 1):
        pads = [(0, 0), (0, 0)]
        pads[axis] = (half + 1, half)
        sums = np.cumsum(np.pad(image.astype(np.float64), pads, mode="edge"), axis=axis)
        upper, lower = (
            (sums[size:], sums[:-size]) if axis == 0 else (sums[:, size:], sums[:, :-size])
        )
        image = (upper - lower) / size
    return image.astype(np.float32)
