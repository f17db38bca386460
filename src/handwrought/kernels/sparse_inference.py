"""One image through one layer, over the inputs that are not zero."""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["weighted_input"]

_FAST = {"contract", "reassoc", "nsz", "arcp"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def weighted_input(x: Any, W: Any, b: Any, used: Any, z: Any) -> None:
    """z = x W + b for one x; in NumPy ``z[:] = x @ W + b``.

    Parameters
    ----------
    x : array of any number, shape (n_in,)
    W : array, shape (n_in, n_out)
        C-contiguous.
    b, z : arrays, shape (n_out,)
    used : array of int64, shape at least (n_in + 1,)
        Scratch: where x is not zero.
    """
    one = W.dtype.type(1)
    n = 0
    for k in range(x.shape[0]):
        used[n] = k
        n += x[k] != 0
    for j in range(z.shape[0]):
        z[j] = b[j]
    # Four rows at a time: each pass over z is paid for once.
    fours = n // 4 * 4
    for p in range(0, fours, 4):
        k0, k1, k2, k3 = used[p], used[p + 1], used[p + 2], used[p + 3]
        x0, x1, x2, x3 = x[k0] * one, x[k1] * one, x[k2] * one, x[k3] * one
        w0, w1, w2, w3 = W[k0], W[k1], W[k2], W[k3]
        for j in range(z.shape[0]):
            z[j] += x0 * w0[j] + x1 * w1[j] + x2 * w2[j] + x3 * w3[j]
    for p in range(fours, n):
        x0, w0 = x[used[p]] * one, W[used[p]]
        for j in range(z.shape[0]):
            z[j] += x0 * w0[j]
