"""The classic faults, each a wrong piece to swap into the equations and then to catch.

A gradient check that has never failed proves nothing.  These are what it is shown to fail on, and
what the studio lets a learner switch on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.nn.activations import Activation
from handwrought.nn.costs import Cost
from handwrought.nn.equations import BP1, Equations

__all__ = ["FAULTS", "Fault"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Fault:
    """One wrong piece, what it says, and what it does to learning."""

    name: str
    wrong: str
    symptom: str
    equations: Equations


def _articles_sigmoid(z: Array) -> Array:
    """s = 1 / (1 + e^{+z}), which is σ(-z).

    The article's s (1 - s) is then the same number as σ'(z), so BP1 and BP2 stay as they are; they
    are wrong all the same, since s' = -s (1 - s).
    """
    e = np.exp(-np.abs(z))
    return np.where(z > 0, e, 1) / (1 + e)


def _articles_value(σ: Activation, z: Array) -> Array:
    return _articles_sigmoid(z) if σ.name == "sigmoid" else σ.value(z)


def _bp1_without_prime(dC_da: Array, σ: Activation, z: Array) -> Array:
    return dC_da.copy()


def _bp2_without_prime(W: Array, δ: Array, σ: Activation, z: Array) -> Array:
    return W.T @ δ


def _bp2_untransposed(W: Array, δ: Array, σ: Activation, z: Array) -> Array:
    """W δ where the shapes allow it; else W's memory read with rows and columns exchanged."""
    n_above, n_here = W.shape
    return BP1(W.reshape(n_here, n_above) @ δ, σ, z)


def _gradient_of_value(C: Cost, σ: Activation, z: Array, a: Array, y: Array) -> Array:
    return C.gradient(a, y)  # from z it would be that of another a


def _gradient_without_half(C: Cost, σ: Activation, z: Array, a: Array, y: Array) -> Array:
    return 2 * C.gradient(a, y)


FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for fault in (
        Fault(
            "articles-sigmoid",
            "σ(z) = 1/(1 + e^{z}), the minus forgotten, with σ' = s(1 - s)",
            "the sign of δ^L is wrong, so the output layer climbs the cost",
            Equations(value=_articles_value, dC_da=_gradient_of_value),
        ),
        Fault(
            "missing-sigma-prime-at-output",
            "δ^L = ∂C/∂a, without σ'(z^L)",
            "saturated outputs learn as fast as others: right for a cost paired with its output, "
            "wrong for the quadratic cost",
            Equations(BP1=_bp1_without_prime),
        ),
        Fault(
            "missing-sigma-prime-in-hidden-layers",
            "δ^l = (W^{l+1})ᵀ δ^{l+1}, without σ'(z^l)",
            "saturated hidden neurons get gradients that do nothing to the cost",
            Equations(BP2=_bp2_without_prime),
        ),
        Fault(
            "transposed-weights",
            "δ^l = (W^{l+1} δ^{l+1}) ⊙ σ'(z^l), the transpose forgotten",
            "the error arrives at the wrong neurons; the last layer still learns, those below drift",
            Equations(BP2=_bp2_untransposed),
        ),
        Fault(
            "lost-half",
            "∂C/∂a = 2 (a - y) while C = ½ Σ (a - y)²",
            "every gradient is twice the true one: it learns, at twice the learning rate asked for",
            Equations(dC_da=_gradient_without_half),
        ),
    )
}
