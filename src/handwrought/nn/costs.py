"""Cost functions: C and its error at the output beside each other.

A cost is written for one example, C_x, and the cost of a batch is the mean of C_x over its
examples (article, section "How will it learn?").  Each cost offers

* ``value(a, y)``: C_x of each example, from the activations;
* ``gradient(a, y)``: ∂C_x/∂a, where BP1 begins;
* ``error(activation, z, a, y)``: δ^L = ∂C_x/∂z^L, which is BP1 itself.

Two pairs of cost and output activation have an error without a fraction in it, δ^L = a - y:
cross-entropy on sigmoids and log-likelihood on softmax (Nielsen, chapter 3).  A pair is named in
``pair``.  ``value_at`` and ``error`` work from z where an output that has saturated, 1 - e^{-z}
rounded to 1, has lost the digits of ln (1 - a) and (1 - y)/(1 - a); so they are right however far
out z is (a difference a - y to a rounding of a).  ``value`` and ``gradient`` have a alone, and
answer what is true of it: infinite at an output of 0 or 1 that should be another.

To others our "cross-entropy" is binary cross-entropy, and our "softmax" categorical cross-entropy.

a, y, z and δ are arrays of shape (batch, n_out); C_x has shape (batch,).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import Activation

__all__ = ["ALIASES", "COSTS", "POISSON", "Cost", "cost_named", "smoothed"]

Array = NDArray[Any]


def _log_one_plus_exp(z: Array) -> Array:
    """ln(1 + e^z) without overflow: max(z, 0) + ln(1 + e^{-\\|z\\|})."""
    positive = z.real > 0
    return np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z)))


def _times_ln(y: Array, p: Array) -> Array:
    """y ln p, where 0 ln 0 is 0, as in the limit, and ln 0 is -inf; a NaN stays one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return y * np.log(np.where((y == 0) & (p == 0), 1, p))


def _over(y: Array, p: Array) -> Array:
    """y/p, the derivative of y ln p by p, where 0/0 is 0: without y there is no term."""
    with np.errstate(divide="ignore", over="ignore"):
        return y / np.where((y == 0) & (p == 0), 1, p)


class Cost(ABC):
    """How far an output is from its target."""

    name: str
    pair: str | None = None
    """The output activation with which δ^L = a - y exactly."""
    default_output: str
    outputs: frozenset[str]
    """The output activations whose range the cost is defined on."""

    @abstractmethod
    def value(self, a: Array, y: Array) -> Array:
        """C_x of each example."""

    @abstractmethod
    def gradient(self, a: Array, y: Array, out: Array | None = None) -> Array:
        """∂C_x/∂a."""

    def value_at(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        """C_x of each example, by the more accurate of the ways there are."""
        return self.value(a, y)

    def gradient_at(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        """∂C_x/∂a, by the more accurate of the ways there are."""
        return self.gradient(a, y)

    def error(
        self, activation: Activation, z: Array, a: Array, y: Array, out: Array | None = None
    ) -> Array:
        """δ^L = ∂C_x/∂z^L (BP1)."""
        if activation.name == self.pair:
            return np.subtract(a, y, out=out)
        return activation.backward(self.gradient_at(activation, z, a, y), z, a, out=out)

    def check_targets(self, y: Array) -> None:
        """Raise InvalidArgument where the targets lie outside what the cost is defined on."""
        if not np.isfinite(y).all():
            raise InvalidArgument("y holds a value that is not finite: targets must be numbers")

    def __repr__(self) -> str:
        return f"<cost {self.name}>"


class Quadratic(Cost):
    """C_x = ½ Σ_j (a_j - y_j)²; ∂C_x/∂a_j = a_j - y_j (Nielsen, equation 6, for one example).

    The article's mean squared error is twice this; the factor belongs to the learning rate.
    """

    name = "quadratic"
    pair = "identity"
    default_output = "sigmoid"
    outputs = frozenset(
        {"identity", "sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "softmax"}
    )

    def value(self, a: Array, y: Array) -> Array:
        difference = a - y
        return 0.5 * (difference * difference).sum(axis=-1)

    def gradient(self, a: Array, y: Array, out: Array | None = None) -> Array:
        return np.subtract(a, y, out=out)

    def error(
        self, activation: Activation, z: Array, a: Array, y: Array, out: Array | None = None
    ) -> Array:
        if activation.elementwise:
            return super().error(activation, z, a, y, out)
        # Near 1, a - y may be less than a's last digit.
        difference = np.where(a.real > 0.5, (1 - y) - activation.complement(z, a), a - y)
        return activation.backward(difference, z, a, out=out)


class CrossEntropy(Cost):
    """C_x = -Σ_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)] (Nielsen, equation 63, for one example).

    Each output neuron is a yes-or-no question of its own, so 0 < a < 1.
    On sigmoids: C_x = Σ_j [ln(1 + e^{z_j}) - y_j z_j] and δ^L = a - y.
    """

    name = "cross-entropy"
    pair = "sigmoid"
    default_output = "sigmoid"
    outputs = frozenset({"sigmoid", "softmax"})

    def value(self, a: Array, y: Array) -> Array:
        return -(_times_ln(y, a) + _times_ln(1 - y, 1 - a)).sum(axis=-1)

    def gradient(self, a: Array, y: Array, out: Array | None = None) -> Array:
        # (a - y) / (a (1 - a)) in its two parts, which keep 0/0 apart.
        return np.subtract(_over(1 - y, 1 - a), _over(y, a), out=out)

    def value_at(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        if activation.name == "softmax":
            ln_a, ln_rest = _logarithms_of_softmax(z, a)
            # A single output has no rest, ln 0, which with y = 1 nobody asks for.
            return -(y * ln_a + (1 - y) * np.where(y == 1, 0, ln_rest)).sum(axis=-1)
        if activation.name != self.pair:
            return self.value(a, y)
        return (_log_one_plus_exp(z) - y * z).sum(axis=-1)

    def gradient_at(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        return _over(1 - y, activation.complement(z, a)) - _over(y, a)

    def error(
        self, activation: Activation, z: Array, a: Array, y: Array, out: Array | None = None
    ) -> Array:
        if activation.name != "softmax":
            return super().error(activation, z, a, y, out)
        # δ_i = Σ_j h_j (1[j = i] - a_i) with h_j = (1 - y_j) a_j / (1 - a_j) - y_j.  Of an output m
        # above ½ the fraction has no bound, but a_i / (1 - a_m) has: i's share of what m leaves.
        m = a.real > 0.5
        h = np.where(m, 0, (1 - y) * a / np.where(m, 1, 1 - a) - y)
        a_m, y_m = (np.where(m, of, 0).sum(axis=-1, keepdims=True) for of in (a, y))
        sum_h = h.sum(axis=-1, keepdims=True)
        _, e = _without(m, z)
        share = e / np.maximum(e.sum(axis=-1, keepdims=True), 1)  # below 1 only where m is alone
        delta = np.where(m, 0, h - a * (sum_h - y_m) - (1 - y_m) * a_m * share)
        # All z raised by the same change no a, so the δ sum to 0.
        return np.subtract(delta, np.where(m, delta.sum(axis=-1, keepdims=True), 0), out=out)

    def check_targets(self, y: Array) -> None:
        super().check_targets(y)
        if y.size and (y.min() < 0 or y.max() > 1):
            raise InvalidArgument(
                f"y runs from {y.min():g} to {y.max():g}: cross-entropy needs targets from 0 to 1"
            )


class LogLikelihood(Cost):
    """C_x = -Σ_j y_j ln a_j, with Σ_j y_j = 1 (Nielsen, equation 80; one-hot y: -ln a_label).

    On softmax: C_x = ln Σ_k e^{z_k} - Σ_j y_j z_j and δ^L = a - y.
    On sigmoids: C_x = Σ_j y_j ln(1 + e^{-z_j}), which asks outputs to rise and none to fall, so that
    a network is best off with all of them at 1: of digits it learns none.
    """

    name = "softmax"
    pair = "softmax"
    default_output = "softmax"
    outputs = frozenset({"softmax", "sigmoid"})

    def value(self, a: Array, y: Array) -> Array:
        return -_times_ln(y, a).sum(axis=-1)

    def gradient(self, a: Array, y: Array, out: Array | None = None) -> Array:
        return np.negative(_over(y, a), out=out)

    def value_at(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        if activation.name == "sigmoid":
            return (y * _log_one_plus_exp(-z)).sum(axis=-1)
        if activation.name != self.pair:
            return self.value(a, y)
        top = z.real.max(axis=-1, keepdims=True)
        log_sum = np.log(np.exp(z - top).sum(axis=-1))
        return log_sum - (y * (z - top)).sum(axis=-1)

    def error(
        self, activation: Activation, z: Array, a: Array, y: Array, out: Array | None = None
    ) -> Array:
        if activation.name != "sigmoid":
            return super().error(activation, z, a, y, out)
        return np.multiply(-y, activation.complement(z, a), out=out)

    def check_targets(self, y: Array) -> None:
        super().check_targets(y)
        if y.size and (y.min() < 0 or np.abs(y.sum(axis=-1) - 1).max() > 1e-4):
            raise InvalidArgument(
                "y has a row that is not a probability distribution (entries of at least 0 that "
                "sum to 1), which the softmax cost needs: give integer labels or one-hot rows"
            )


class Poisson(Cost):
    """C_x = Σ_j [a_j - y_j + y_j ln(y_j / a_j)], half the deviance of counts y from rates a.

    On exponentials: ln a_j = z_j and δ^L = a - y (McCullagh and Nelder 1989, section 6.2).
    """

    name = "poisson"
    pair = "exp"
    default_output = "exp"
    outputs = frozenset({"exp"})

    def value(self, a: Array, y: Array) -> Array:
        return (a - y + _times_ln(y, y) - _times_ln(y, a)).sum(axis=-1)

    def gradient(self, a: Array, y: Array, out: Array | None = None) -> Array:
        return np.subtract(1, _over(y, a), out=out)

    def value_at(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        if activation.name != self.pair:
            return self.value(a, y)
        return (a - y + _times_ln(y, y) - y * z).sum(axis=-1)

    def check_targets(self, y: Array) -> None:
        super().check_targets(y)
        if y.size and y.min() < 0:
            raise InvalidArgument(
                f"y holds {y.min():g}: the Poisson cost needs counts of at least 0"
            )


def _without(m: Array, z: Array) -> tuple[Array, Array]:
    """The largest z but those marked in ``m``, and e^{z - that}, which is 0 where marked."""
    top = np.where(m, np.finfo(z.real.dtype).min, z.real).max(axis=-1, keepdims=True)
    return top, np.where(m, 0, np.exp(np.where(m, 0, z - top)))


def _logarithms_of_softmax(z: Array, a: Array) -> tuple[Array, Array]:
    """ln a and ln(1 - a), from z: what the largest output leaves may be too small for a number."""
    m = a.real > 0.5
    won = m.any(axis=-1, keepdims=True)
    of_m = np.where(m, z, 0).sum(axis=-1, keepdims=True)
    top = np.where(won, of_m, z.real.max(axis=-1, keepdims=True))
    second, e = _without(m, z)
    with np.errstate(divide="ignore"):
        ln_others = second - top + np.log(e.sum(axis=-1, keepdims=True))
    ln_sum = np.where(won, np.log1p(np.exp(np.where(won, ln_others, 0))), ln_others)
    return z - top - ln_sum, np.where(m, ln_others - ln_sum, np.log1p(-np.where(m, 0, a)))


COSTS: Final[dict[str, Cost]] = {c.name: c for c in (Quadratic(), CrossEntropy(), LogLikelihood())}
ALIASES: Final = {
    "log-likelihood": "softmax",
    "categorical-cross-entropy": "softmax",
    "binary-cross-entropy": "cross-entropy",
}
"""Other names that are accepted.  PyTorch's CrossEntropyLoss is the categorical one."""
POISSON: Final = Poisson()
"""For counts, which images are not: not among the names to choose from."""


def cost_named(name: str | Cost) -> Cost:
    """The cost of this name, or of one of its :data:`ALIASES`; a cost is returned as it is.

    Raises
    ------
    InvalidArgument
        If there is none; the message lists those there are.
    """
    if isinstance(name, Cost):
        return name
    try:
        return COSTS[ALIASES.get(name, name)]
    except (KeyError, TypeError):
        raise InvalidArgument(f"cost {name!r} is unknown: use one of {', '.join(COSTS)}") from None


def smoothed(y: Array, amount: float, out: Array | None = None) -> Array:
    """Label smoothing: (1 - amount) y + amount / n_out (Szegedy et al. 2016, section 7).

    Parameters
    ----------
    y : array, shape (batch, n_out)
        Targets.
    amount : float
        From 0 (as they are) to 1 (all alike).
    out : array, shape (batch, n_out), optional
        Where to write; may be y itself.
    """
    if not 0 <= amount <= 1:
        raise InvalidArgument(f"label_smoothing is {amount!r}: it must lie from 0 to 1")
    out = np.multiply(y, y.dtype.type(1 - amount), out=out)
    out += y.dtype.type(amount / y.shape[-1])
    return out
