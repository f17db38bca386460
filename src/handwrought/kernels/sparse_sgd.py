"""Plain SGD for narrow networks, whole stretches of mini-batches in one compiled call.

Four fifths of the pixels of a digit are zero, and a zero pixel adds nothing to z^2 (feedforward) and
nothing to the gradient of its weights (BP4).  So the first layer's two products, nearly all of the
work of a narrow network, run over the other pixels alone: exactly the same sums, without their zeros.
The update is not a pass of its own: each example's share, -(η/m) δ aᵀ, goes straight into the weights.

The plain twin is the loop over ``Network.forward`` and ``Network.backward`` with ``optimizers.SGD``.
Rows are padded to whole vectors of 16 numbers; the padding stays zero.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from handwrought.kernels.pixel_rows import LANES, add_rows, move_rows

__all__ = [
    "ACTIVATION_CODES", "COST_CODES", "LANES", "Layers", "Pixels", "Space", "Targets",
    "nonzero_pixels", "train_batches",
]  # fmt: skip

Array = NDArray[Any]

ACTIVATION_CODES = {"identity": 0, "sigmoid": 1, "tanh": 2, "relu": 3, "leaky-relu": 4}
COST_CODES = {"quadratic": 0, "cross-entropy": 1, "softmax": 2}


class Layers(NamedTuple):
    """The parameters, rows padded to whole vectors; moved in place."""

    first: Array
    """The first layer's weights, transposed: (n_pixels, padded n_1)."""
    upper: Array
    """(layers - 1, widest n_out, widest padded n_in)."""
    biases: Array
    """(layers, widest padded n_out)."""
    sizes: Array
    """n_out of each layer: int, (layers,)."""
    codes: Array
    """``ACTIVATION_CODES`` of each layer; softmax is the output's own affair."""


class Pixels(NamedTuple):
    """What :func:`nonzero_pixels` finds, and the input that a pixel's byte stands for, (256,)."""

    starts: Array
    columns: Array
    values: Array
    scale: Array


class Targets(NamedTuple):
    """The labels, the ``COST_CODES`` of what is made small, and what stands for no and yes."""

    labels: Array
    cost: int
    off: Any
    on: Any


class Space(NamedTuple):
    """Room for a batch, each (batch_size, layers, widest padded): zeros in the padding."""

    a: Array
    prime: Array
    delta: Array


# No "nnan" and no "ninf": a cost that overflows must be seen to overflow.  So comparisons below are
# written the way round that lets a NaN pass; max(0, NaN) would train on without it.
_FAST = {"contract", "reassoc", "nsz", "arcp"}
_LOG2E = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST, inline="always")
def _exp(x: Any) -> Any:
    """e^x of a float32 x <= 0 by range reduction and a polynomial, which LLVM puts into vectors.

    Cephes' coefficients (Moshier, expf); below -87, x is held there.
    """
    x = np.float32(-87.0) if x < np.float32(-87.0) else x
    n = np.float32(np.int32(x * _LOG2E - np.float32(0.5)))
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    p = p * r * r + r + np.float32(1.0)
    return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@njit(cache=True, nogil=True)
def nonzero_pixels(images: Array, chosen: Array) -> tuple[Array, Array, Array]:
    """Where each image's pixels are not zero: starts (n + 1,), columns and values.

    ``images`` is uint8 of shape (n, n_pixels), of which the ``chosen`` are looked at, and numbered
    by their place there; pixels of image i are entries starts[i] up to starts[i + 1].
    """
    n, width = len(images), len(chosen)
    starts = np.empty(n + 1, np.int64)
    starts[0] = 0
    for i in range(n):
        count = 0
        for k in range(width):
            count += images[i, chosen[k]] != 0
        starts[i + 1] = starts[i] + count
    columns = np.empty(starts[n], np.uint16)
    values = np.empty(starts[n], np.uint8)
    for i in range(n):
        at = starts[i]
        for k in range(width):
            pixel = images[i, chosen[k]]
            if pixel != 0:
                columns[at] = k
                values[at] = pixel
                at += 1
    return starts, columns, values


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _activate(code: int, z: Array, a: Array, prime: Array, n: int) -> None:
    """a = σ(z) and σ'(z) together; softmax is the output's own affair."""
    if code == 1:
        for j in range(n):
            e = _exp(-abs(z[j]))
            s = np.float32(1) / (np.float32(1) + e)
            t = e * s
            prime[j] = s * t
            a[j] = s if z[j] >= 0 else t
    elif code == 2:
        for j in range(n):
            e = _exp(np.float32(-2) * abs(z[j]))
            s = np.float32(1) / (np.float32(1) + e)
            t = (np.float32(1) - e) * s
            prime[j] = np.float32(4) * e * s * s
            a[j] = t if z[j] >= 0 else -t
    elif code == 3:
        for j in range(n):
            prime[j] = np.float32(1) if z[j] > 0 else np.float32(0)
            a[j] = np.float32(0) if z[j] <= 0 else z[j]
    elif code == 4:
        for j in range(n):
            prime[j] = np.float32(1) if z[j] > 0 else np.float32(0.01)
            a[j] = z[j] * prime[j]
    else:
        for j in range(n):
            prime[j] = np.float32(1)
            a[j] = z[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _output_error(
    targets: Targets, label: int, z: Array, a: Array, prime: Array, n: int, delta: Array
) -> Any:
    """C_x, and δ^L into ``delta`` (BP1); the target is ``on`` at the label and ``off`` elsewhere."""
    code, off, on = targets.cost, targets.off, targets.on
    cost = 0.0
    if code == 0:
        for j in range(n):
            d = a[j] - (on if j == label else off)
            cost += 0.5 * np.float64(d) * d
            delta[j] = d * prime[j]
    elif code == 1:
        # ln(1 + e^z) - y z = max(z, 0) - y z + ln(1 + e^{-|z|}); the logarithms as one, of a product
        # (each factor is at most 2, so that a double holds a thousand).
        product = 1.0
        for j in range(n):
            y = on if j == label else off
            cost += max(z[j], np.float32(0)) - y * z[j]
            product *= 1.0 + _exp(-abs(z[j]))
            delta[j] = a[j] - y
        cost += np.log(product)
    else:
        top = z[0]
        for j in range(1, n):
            top = max(top, z[j])
        total = np.float32(0)
        for j in range(n):
            a[j] = _exp(z[j] - top)
            total += a[j]
        log_total = np.log(np.float64(total))
        for j in range(n):
            y = on if j == label else off
            a[j] /= total
            cost -= y * (np.float64(z[j] - top) - log_total)
            delta[j] = a[j] - y
    return cost


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def train_batches(
    layers: Layers,
    pixels: Pixels,
    targets: Targets,
    space: Space,
    order: Array,
    batch_size: int,
    rates: Array,
    decay: float,
) -> Array:
    """Train on the examples of ``order``, batch by batch, in place; the sum of C_x over each batch.

    ``rates`` (batches,) are their η, and ``decay`` is λ of the weight decay.
    """
    # One function: in several, LLVM made it a fifth slower.
    first, upper, biases, sizes, codes = layers
    starts, columns, values, scale = pixels
    a, prime, delta = space
    costs = np.empty(rates.shape[0])
    n_layers = sizes.shape[0]
    top = n_layers - 1
    for batch in range(costs.shape[0]):
        start = batch * batch_size
        m = min(batch_size, order.shape[0] - start)
        total = 0.0
        for i in range(m):
            x = order[start + i]
            # Feedforward
            z = delta[i, 0]
            z[:] = biases[0]
            add_rows(first, columns, values, starts[x], starts[x + 1], scale, z)
            _activate(codes[0], z, a[i, 0], prime[i, 0], sizes[0])
            for l in range(1, n_layers):
                z = delta[i, l]
                below = a[i, l - 1]
                width = (sizes[l - 1] + LANES - 1) // LANES * LANES
                for j in range(sizes[l]):
                    row = upper[l - 1, j]
                    s = np.float32(0)
                    for k in range(width):
                        s += row[k] * below[k]
                    z[j] = s + biases[l, j]
                _activate(codes[l], z, a[i, l], prime[i, l], sizes[l])
            # BP1
            total += _output_error(
                targets, targets.labels[x], delta[i, top], a[i, top], prime[i, top],
                sizes[top], delta[i, top],
            )  # fmt: skip
            # BP2
            for l in range(top, 0, -1):
                width = (sizes[l - 1] + LANES - 1) // LANES * LANES
                below = delta[i, l - 1]
                for k in range(width):
                    below[k] = np.float32(0)
                for j in range(sizes[l]):
                    row = upper[l - 1, j]
                    d = delta[i, l, j]
                    for k in range(width):
                        below[k] += row[k] * d
                slope = prime[i, l - 1]
                for k in range(width):
                    below[k] *= slope[k]
        costs[batch] = total
        # BP3, BP4 and the update in one
        rate = rates[batch]
        eta = np.float32(-rate / m)
        if decay != 0.0:
            keep = np.float32(1.0 - rate * decay)
            for k in range(first.shape[0]):
                for j in range(first.shape[1]):
                    first[k, j] *= keep
            for l in range(upper.shape[0]):
                for j in range(sizes[l + 1]):
                    for k in range(sizes[l]):
                        upper[l, j, k] *= keep
        for i in range(m):
            x = order[start + i]
            for l in range(top, -1, -1):
                d = delta[i, l]
                for j in range(sizes[l]):
                    d[j] *= eta
                    biases[l, j] += d[j]
                if l:
                    width = (sizes[l - 1] + LANES - 1) // LANES * LANES
                    below = a[i, l - 1]
                    for j in range(sizes[l]):
                        row = upper[l - 1, j]
                        s = d[j]
                        for k in range(width):
                            row[k] += s * below[k]
            move_rows(first, columns, values, starts[x], starts[x + 1], scale, delta[i, 0])
    return costs
