"""Activation functions: f and f' beside each other.

Each activation offers

* ``value(z, out)``: a = f(z);
* ``derivative(z)``: f'(z), for those that act on each neuron alone;
* ``backward(dC_da, z, a, out)``: δ = ∂C/∂z from ∂C/∂a, which is what BP1 and BP2 ask for
  (article, section "Backpropagation under the hood");
* ``complement(z, a)``: 1 - a from z, since a saturated a has rounded to 1 and lost its digits.

All of them stay finite at \\|z\\| = 1000 in float32 and float64, without clipping z, and all of them
take complex z, so that a derivative can be checked by the complex step (Squire and Trapp 1998):
decisions are made on the real part alone, and nothing takes an absolute value of a complex number.

z, a, dC_da and out are arrays of shape (batch, n_out).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument

__all__ = ["ACTIVATIONS", "EXPONENTIAL", "Activation", "activation_named"]

Array = NDArray[Any]


def _exp_of_minus_magnitude(z: Array) -> Array:
    """exp(-\\|Re z\\| ∓ i Im z), which is at most 1 in magnitude: the overflow never arises."""
    if np.iscomplexobj(z):
        return np.exp(np.where(z.real < 0, z, -z))
    e = np.abs(z)
    np.negative(e, out=e)
    return np.exp(e, out=e)


def _sigmoid(z: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-z)), written for z < 0 as exp(z) / (1 + exp(z))."""
    e = _exp_of_minus_magnitude(z)
    numerator = np.where(z.real < 0, e, z.dtype.type(1))
    e += 1
    return np.divide(numerator, e, out=out)


class Activation(ABC):
    """What a layer applies to its weighted input."""

    name: str
    elementwise = True
    """False where a_j depends on other neurons' z too (softmax), so that BP1 keeps its sum."""
    kink: float | None = None
    """Where f' jumps, if it does: finite differences across it mean nothing."""

    @abstractmethod
    def value(self, z: Array, out: Array | None = None) -> Array:
        """a = f(z)."""

    @abstractmethod
    def derivative(self, z: Array) -> Array:
        """f'(z), elementwise."""

    def backward(self, dC_da: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        """δ = ∂C/∂a ⊙ f'(z) (BP1, BP2)."""
        return np.multiply(dC_da, self.derivative(z), out=out)

    def complement(self, z: Array, a: Array) -> Array:
        """1 - a, with all its digits where a rounds to 1."""
        return 1 - a

    def jacobian(self, z: Array) -> Array:
        """∂a_k/∂z_j of one example, shape (n, n): row k, column j."""
        return np.diag(self.derivative(z))

    def __repr__(self) -> str:
        return f"<activation {self.name}>"


class Identity(Activation):
    """f(z) = z."""

    name = "identity"

    def value(self, z: Array, out: Array | None = None) -> Array:
        return np.positive(z, out=out)

    def derivative(self, z: Array) -> Array:
        return np.ones_like(z)


class Sigmoid(Activation):
    """f(z) = 1 / (1 + e^{-z}); f'(z) = f(z) f(-z).

    The usual f(1 - f) is the same number; f(-z) keeps its digits where f rounds to 1.
    """

    name = "sigmoid"

    def value(self, z: Array, out: Array | None = None) -> Array:
        return _sigmoid(z, out)

    def derivative(self, z: Array) -> Array:
        e = _exp_of_minus_magnitude(z)
        return e / (1 + e) ** 2

    def backward(self, dC_da: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        # f' = e / (1 + e)², of which a already holds one factor (e or 1) / (1 + e).
        return np.multiply(np.multiply(dC_da, a, out=out), _sigmoid(-z), out=out)

    def complement(self, z: Array, a: Array) -> Array:
        return _sigmoid(-z)


class Tanh(Activation):
    """f(z) = tanh z; f'(z) = 1 - tanh² z = 4 e^{-2|z|} / (1 + e^{-2|z|})²."""

    name = "tanh"

    def value(self, z: Array, out: Array | None = None) -> Array:
        return np.tanh(z, out=out)

    def derivative(self, z: Array) -> Array:
        e = _exp_of_minus_magnitude(2 * z)
        return 4 * e / (1 + e) ** 2


class ReLU(Activation):
    """f(z) = max(0, z); f'(z) = 1 where z > 0, else 0 (Nair and Hinton 2010)."""

    name = "relu"
    kink = 0.0

    def value(self, z: Array, out: Array | None = None) -> Array:
        if np.iscomplexobj(z):
            return np.multiply(z, z.real > 0, out=out)
        return np.maximum(z, 0, out=out)

    def derivative(self, z: Array) -> Array:
        return (z.real > 0).astype(z.dtype)

    def backward(self, dC_da: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        return np.multiply(dC_da, z.real > 0, out=out)


class LeakyReLU(Activation):
    """f(z) = z where z > 0, else z/100; f'(z) = 1 or 1/100 (Maas, Hannun and Ng 2013)."""

    name = "leaky-relu"
    kink = 0.0
    slope: Final = 0.01

    def value(self, z: Array, out: Array | None = None) -> Array:
        return np.multiply(z, self.derivative(z), out=out)

    def derivative(self, z: Array) -> Array:
        one = z.dtype.type(1)
        return np.where(z.real > 0, one, one * z.dtype.type(self.slope))


class SiLU(Activation):
    """f(z) = z σ(z); f'(z) = σ(z) (1 + z σ(-z)) (Elfwing, Uchibe and Doya 2018)."""

    name = "silu"

    def value(self, z: Array, out: Array | None = None) -> Array:
        return np.multiply(z, _sigmoid(z), out=out)

    def derivative(self, z: Array) -> Array:
        return _sigmoid(z) * (1 + z * _sigmoid(-z))


class GELU(Activation):
    """f(z) = z Φ(z); f'(z) = Φ(z) + z φ(z), φ and Φ of N(0,1) (Hendrycks and Gimpel 2016)."""

    name = "gelu"

    def value(self, z: Array, out: Array | None = None) -> Array:
        from scipy.special import ndtr  # SciPy takes a moment to load, and only GELU needs it

        return np.multiply(z, ndtr(z), out=out)

    def derivative(self, z: Array) -> Array:
        from scipy.special import ndtr

        density = np.exp(-0.5 * z * z) * z.real.dtype.type(1 / np.sqrt(2 * np.pi))
        return ndtr(z) + z * density


class Exponential(Activation):
    """f(z) = f'(z) = e^z: an output that is a rate, hence above 0; it overflows where a rate does."""

    name = "exp"

    def value(self, z: Array, out: Array | None = None) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(z, out=out)

    def derivative(self, z: Array) -> Array:
        return self.value(z)


class Softmax(Activation):
    """a_j = e^{z_j} / Σ_k e^{z_k}; ∂a_k/∂z_j = a_k (1[j = k] - a_j).

    Every a depends on every z of the layer, so BP1 keeps its sum, which collapses to
    δ = a ⊙ (g - Σ_k g_k a_k) with g = ∂C/∂a: exact with any cost, and as a hidden layer too.
    """

    name = "softmax"
    elementwise = False

    def value(self, z: Array, out: Array | None = None) -> Array:
        # Subtracting the largest z changes nothing in the quotient and keeps e^z at most 1.
        shifted = np.subtract(z, z.real.max(axis=-1, keepdims=True), out=out)
        e = np.exp(shifted, out=shifted)
        e /= e.sum(axis=-1, keepdims=True)
        return e

    def derivative(self, z: Array) -> Array:
        """The diagonal of the Jacobian alone: ∂a_j/∂z_j = a_j (1 - a_j)."""
        a = self.value(z)
        return a * self.complement(z, a)

    def backward(self, dC_da: Array, z: Array, a: Array, out: Array | None = None) -> Array:
        along_a = (dC_da * a).sum(axis=-1, keepdims=True)
        delta = np.multiply(a, dC_da - along_a, out=out)
        # The δ of a layer sum to 0; the winner's own difference is of numbers that are nearly equal.
        winner = a.real > 0.5
        if winner.any():
            others = np.where(winner, 0, delta).sum(axis=-1, keepdims=True)
            np.copyto(delta, -others, where=winner)
        return delta

    def complement(self, z: Array, a: Array) -> Array:
        winner = a.real > 0.5
        return np.where(winner, np.where(winner, 0, a).sum(axis=-1, keepdims=True), 1 - a)

    def jacobian(self, z: Array) -> Array:
        a = self.value(z)
        J = -np.outer(a, a)
        np.fill_diagonal(J, self.derivative(z))
        return J


ACTIVATIONS: Final[dict[str, Activation]] = {
    f.name: f
    for f in (Identity(), Sigmoid(), Tanh(), ReLU(), LeakyReLU(), SiLU(), GELU(), Softmax())
}

EXPONENTIAL: Final = Exponential()
"""For rates (the Poisson cost) alone, so it is not among the names to choose from."""


def activation_named(name: str | Activation) -> Activation:
    """The activation of this name; an activation is returned as it is.

    Raises
    ------
    InvalidArgument
        If there is none; the message lists those there are.
    """
    if isinstance(name, Activation):
        return name
    try:
        return ACTIVATIONS[name]
    except (KeyError, TypeError):
        raise InvalidArgument(
            f"activation {name!r} is unknown: use one of {', '.join(ACTIVATIONS)}"
        ) from None
