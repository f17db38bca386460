"""Whole passes in one: what a step does beside its matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from handwrought.kernels.pixel_rows import add_rows, move_rows

__all__ = ["adam_move", "add_rest", "gather", "gradient_of_rest"]

Array = NDArray[Any]

_FAST = {"contract", "reassoc", "nsz", "arcp"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def adam_move(theta: Array, g: Array, moments: Any, constants: Any) -> None:
    """Both moments and the parameters in one pass over memory; all flat float32 of one length.

    ``constants`` are β₁, β₂, η / (1 - β₁ᵗ), 1 / √(1 - β₂ᵗ) and ε.  The plain twin is
    ``optimizers.Adam._move``.
    """
    mean, square = moments
    beta1, beta2, rate, root, epsilon = constants
    one = np.float32(1)
    for i in range(theta.shape[0]):
        m = beta1 * mean[i] + (one - beta1) * g[i]
        s = beta2 * square[i] + (one - beta2) * g[i] * g[i]
        mean[i] = m
        square[i] = s
        theta[i] -= rate * m / (np.sqrt(s) * root + epsilon)


@njit(cache=True, nogil=True)
def gather(images: Array, scale: Array, chosen: Array, out: Array) -> None:
    """out[i] = scale[images[chosen[i]]]: bytes of the chosen rows as inputs, in one pass."""
    for i in range(chosen.shape[0]):
        row = images[chosen[i]]
        for k in range(row.shape[0]):
            out[i, k] = scale * np.float32(row[k])


@njit(cache=True, nogil=True)
def add_rest(
    W: Array, starts: Array, columns: Array, values: Array, scale: Array, chosen: Array, z: Array
) -> None:
    """z[i] += x_i W, over the pixels of image chosen[i] that are not zero; W is (pixels, n_out)."""
    for i in range(chosen.shape[0]):
        x = chosen[i]
        add_rows(W, columns, values, starts[x], starts[x + 1], scale, z[i])


@njit(cache=True, nogil=True)
def gradient_of_rest(
    delta: Array,
    starts: Array,
    columns: Array,
    values: Array,
    scale: Array,
    chosen: Array,
    out: Array,
) -> None:
    """BP4 over the pixels that are not zero: out = Σ_i x_i δ_iᵀ, shape (pixels, n_out)."""
    out[:] = np.float32(0)
    for i in range(chosen.shape[0]):
        x = chosen[i]
        move_rows(out, columns, values, starts[x], starts[x + 1], scale, delta[i])
