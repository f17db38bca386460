"""Saturated outputs: δ^L and the cost of every pair of cost and output activation, in float32 and
float64, beside arithmetic of so many digits that 60 of them are left.

python benchmarks/saturation.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

from handwrought.nn.activations import EXPONENTIAL, Activation, activation_named
from handwrought.nn.costs import COSTS, POISSON, Cost, smoothed

DIGITS = 60
GAPS = (0.1, 1.0, 3.0, 9.0, 17.0, 40.0, 104.0, 300.0, 750.0)
PAIRS: tuple[tuple[Cost, Activation], ...] = (
    *((c, activation_named(name)) for c in COSTS.values() for name in sorted(c.outputs)),
    (POISSON, EXPONENTIAL),
)
Number = Any  # mpmath's, of as many digits as it is told


def _sigmoid(z: Number) -> Number:
    return 1 / (1 + mp.exp(-z))


# f and f', and the derivative of each term of a cost by its a, as the textbooks have them.
_F = {
    "identity": (lambda z: z, lambda z: mp.mpf(1)),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "tanh": (mp.tanh, lambda z: 1 - mp.tanh(z) ** 2),
    "relu": (lambda z: max(z, mp.mpf(0)), lambda z: mp.mpf(z > 0)),
    "leaky-relu": (lambda z: z if z > 0 else z / 100, lambda z: mp.mpf(1) / (1 if z > 0 else 100)),
    "silu": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * mp.npdf(z)),
    "exp": (mp.exp, mp.exp),
}
_C = {
    "quadratic": (lambda a, y: (a - y) ** 2 / 2, lambda a, y: a - y),
    "cross-entropy": (
        lambda a, y: -_times_ln(y, a) - _times_ln(1 - y, 1 - a),
        lambda a, y: (1 - y) / (1 - a) - y / a,
    ),
    "softmax": (lambda a, y: -_times_ln(y, a), lambda a, y: -y / a),
    "poisson": (lambda a, y: a - y + _times_ln(y, y / a if y else a), lambda a, y: 1 - y / a),
}


def _times_ln(y: Number, p: Number) -> Number:
    return y * mp.log(p) if y else mp.mpf(0)


def exact(cost: Cost, f: Activation, z: np.ndarray, y: np.ndarray) -> tuple[Number, list[Number]]:
    """C_x and δ^L of one example, by their definitions: δ_i = Σ_j ∂C/∂a_j ∂a_j/∂z_i."""
    with mp.workdps(2 * DIGITS + 700):  # at a gap of 750, 1 - a begins at the 326th digit
        zs, ys = ([mp.mpf(float(x)) for x in row] for row in (z, y))
        if f.name == "softmax":
            e = [mp.exp(x) for x in zs]
            a = [x / sum(e) for x in e]
        else:
            a = [_F[f.name][0](x) for x in zs]
        value, by_a = _C[cost.name]
        g = [by_a(p, t) for p, t in zip(a, ys, strict=True)]
        if f.name == "softmax":
            along = sum(x * p for x, p in zip(g, a, strict=True))
            delta = [p * (x - along) for x, p in zip(g, a, strict=True)]
        else:
            delta = [x * _F[f.name][1](at) for x, at in zip(g, zs, strict=True)]
        return sum(value(p, t) for p, t in zip(a, ys, strict=True)), delta


@dataclass(frozen=True, eq=False)
class Case:
    """One output layer's z and y, and what is exact there."""

    z: np.ndarray
    y: np.ndarray
    value: Number
    delta: list[Number]


def cases(
    cost: Cost, f: Activation, dtype: type[np.floating], gaps: tuple[float, ...] = GAPS
) -> Iterator[Case]:
    """A winner, so far above the rest and from 0, with each output as the label, smoothed or not."""
    for gap in gaps:
        if f is EXPONENTIAL and gap > np.log(np.finfo(dtype).max):
            continue  # the rate itself is no number of this dtype
        for z in ([gap, 0.0, -1.0], [-gap, 0.5, 0.25]):
            for label in range(3):
                for smoothing in (0.0, 0.1):
                    at = np.array([z], dtype)
                    y = smoothed(np.eye(3, dtype=dtype)[[label]], smoothing)
                    yield Case(at, y, *exact(cost, f, at[0], y[0]))


def errors(cost: Cost, f: Activation, case: Case) -> tuple[float, float, float]:
    """Of δ: the largest relative error, and the largest beside 1; of C, the error beside max(C, 1).

    A component too small for a normal number of the dtype has no relative error.
    """
    a = f.value(case.z)
    found, C = cost.error(f, case.z, a, case.y)[0], cost.value_at(f, case.z, a, case.y)[0]
    tiny = float(np.finfo(case.z.dtype).tiny)
    relative = beside_1 = 0.0
    for x, right in zip(found, case.delta, strict=True):
        error = abs(mp.mpf(float(x)) - right)
        beside_1 = max(beside_1, float(error / max(1, abs(right))))
        if abs(right) > tiny:
            relative = max(relative, float(error / abs(right)))
    return relative, beside_1, float(abs(mp.mpf(float(C)) - case.value) / max(1, case.value))


def main() -> None:
    print("| cost | output | dtype | outputs | δ: relative | δ: beside 1 | C: beside 1 |")
    print("|---|---|---|--:|--:|--:|--:|")
    for cost, f in PAIRS:
        for dtype in (np.float32, np.float64):
            found = [errors(cost, f, case) for case in cases(cost, f, dtype)]
            worst = " | ".join(f"{max(column):.1g}" for column in zip(*found, strict=True))
            print(f"| {cost.name} | {f.name} | {dtype.__name__} | {len(found)} | {worst} |")


if __name__ == "__main__":
    main()
