"""The article in code: one example through the four equations, with every quantity named.

Layers are numbered as in the article, l = 1 for the input and l = L for the output, so that W[l],
b[l], z[l], a[l] and δ[l] are the symbols of the text.  Nothing here is fast, and nothing is hidden:
this is what the studio and ``handwrought explain`` show, and the oracle that the batched layers
are tested against.  Of an output that has rounded to 1 the cost's own 1 - a is taken from z, so δ^L
is right there too; the quadratic cost's a - y is right to a rounding of a.

=====  ==========================================  ===================
BP1    δ^L = ∂C/∂a^L ⊙ σ'(z^L)                      :func:`BP1`
BP2    δ^l = ((W^{l+1})ᵀ δ^{l+1}) ⊙ σ'(z^l)         :func:`BP2`
BP3    ∂C/∂b^l_j = δ^l_j                            :func:`BP3`
BP4    ∂C/∂w^l_jk = δ^l_j a^{l-1}_k                 :func:`BP4`
=====  ==========================================  ===================

All arrays are float64 (or complex128, for the complex step); vectors have one entry for each
neuron of their layer, W[l] has shape (n_l, n_{l-1}).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.nn.activations import Activation
from handwrought.nn.costs import Cost
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters

__all__ = [
    "BP1",
    "BP2",
    "BP3",
    "BP4",
    "Equations",
    "Sum",
    "Term",
    "Trace",
    "backpropagate",
    "follow",
    "gradient_by_equations",
    "update",
]

Array = NDArray[Any]
Layers = Mapping[int, Array]


# --- the four equations, a line each -------------------------------------------------------------


def BP1(dC_da: Array, σ: Activation, z: Array) -> Array:
    """δ^L: the error at the output.

    Where each a_j depends on its own z_j alone this is ∂C/∂a_j σ'(z_j); softmax keeps the whole
    sum, δ_j = Σ_k ∂C/∂a_k ∂a_k/∂z_j.
    """
    return dC_da * σ.derivative(z) if σ.elementwise else σ.jacobian(z).T @ dC_da


def BP2(W_above: Array, δ_above: Array, σ: Activation, z: Array) -> Array:
    """δ^l from δ^{l+1}: the error runs back through the same weights, transposed."""
    return BP1(W_above.T @ δ_above, σ, z)


def BP3(δ: Array) -> Array:
    """∂C/∂b^l: the error itself."""
    return δ.copy()


def BP4(δ: Array, a_below: Array) -> Array:
    """∂C/∂w^l: the error at one end of each weight times the activation at the other."""
    return np.outer(δ, a_below)


def _value(σ: Activation, z: Array) -> Array:
    return σ.value(z)


def _dC_da(C: Cost, σ: Activation, z: Array, a: Array, y: Array) -> Array:
    return C.gradient_at(σ, z, a, y)


@dataclass(frozen=True)
class Equations:
    """The pieces of the algorithm; :mod:`handwrought.nn.faults` swaps wrong ones in.

    ``value`` is a = σ(z); ``dC_da`` is ∂C_x/∂a^L, from a, and from z where a has rounded to 1.
    """

    value: Callable[[Activation, Array], Array] = _value
    dC_da: Callable[[Cost, Activation, Array, Array, Array], Array] = _dC_da
    BP1: Callable[[Array, Activation, Array], Array] = BP1
    BP2: Callable[[Array, Array, Activation, Array], Array] = BP2
    BP3: Callable[[Array], Array] = BP3
    BP4: Callable[[Array, Array], Array] = BP4


# --- the algorithm -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Trace:
    """Every quantity of one example's way through the network and back; keys are layers, 1 to L."""

    network: Network
    x: Array
    y: Array
    W: Layers
    b: Layers
    σ: Mapping[int, Activation]
    z: Layers
    a: Layers
    C: float
    dC_da: Layers
    """∂C/∂a^l: from the cost at l = L, from W^{l+1}ᵀ δ^{l+1} below it."""
    σ_prime: Layers
    """σ'(z^l); for softmax the diagonal of its Jacobian."""
    δ: Layers
    dC_db: Layers
    dC_dw: Layers
    equations: Equations = field(default_factory=Equations)

    @property
    def L(self) -> int:
        """The last layer's number."""
        return len(self.a)

    # For any neuron or weight: the list of terms that make up its value.

    def sum_for_z(self, l: int, j: int) -> Sum:
        """z^l_j = Σ_k w^l_jk a^{l-1}_k + b^l_j."""
        self._check(l, j)
        terms = _terms(self.W[l][j], self.a[l - 1])
        return Sum(f"z^{l}_{j}", terms, offset=float(self.b[l][j]), value=float(self.z[l][j]))

    def sum_for_δ(self, l: int, j: int) -> Sum:
        """BP2, δ^l_j = (Σ_k w^{l+1}_kj δ^{l+1}_k) σ'(z^l_j); at l = L BP1 instead.

        With softmax the factor σ' is part of the sum: δ_j = Σ_k ∂C/∂a_k ∂a_k/∂z_j.
        """
        self._check(l, j)
        value = float(self.δ[l][j])
        if not self.σ[l].elementwise:
            terms = _terms(self.σ[l].jacobian(self.z[l])[:, j], self.dC_da[l])
            return Sum(f"δ^{l}_{j}", terms, value=value)
        if l == self.L:
            terms = (Term(j, 1.0, float(self.dC_da[l][j])),)
        else:
            terms = _terms(self.W[l + 1][:, j], self.δ[l + 1])
        return Sum(f"δ^{l}_{j}", terms, factor=float(self.σ_prime[l][j]), value=value)

    def sum_for_dC_da(self, l: int, j: int) -> Sum:
        """∂C/∂a^l_j = Σ_k w^{l+1}_kj δ^{l+1}_k; at l = L the cost's own."""
        self._check(l, j)
        if l == self.L:
            terms: tuple[Term, ...] = (Term(j, 1.0, float(self.dC_da[l][j])),)
        else:
            terms = _terms(self.W[l + 1][:, j], self.δ[l + 1])
        return Sum(f"∂C/∂a^{l}_{j}", terms, value=float(self.dC_da[l][j]))

    def sum_for_dC_db(self, l: int, j: int) -> Sum:
        """BP3: ∂C/∂b^l_j = δ^l_j, a sum of one term."""
        self._check(l, j)
        term = Term(j, 1.0, float(self.δ[l][j]))
        return Sum(f"∂C/∂b^{l}_{j}", (term,), value=float(self.dC_db[l][j]))

    def sum_for_dC_dw(self, l: int, j: int, k: int) -> Sum:
        """BP4: ∂C/∂w^l_jk = δ^l_j a^{l-1}_k, a sum of one term."""
        self._check(l, j, k)
        term = Term(k, float(self.δ[l][j]), float(self.a[l - 1][k]))
        return Sum(f"∂C/∂w^{l}_{j},{k}", (term,), value=float(self.dC_dw[l][j, k]))

    def _check(self, l: int, j: int, k: int | None = None) -> None:
        if not 2 <= l <= self.L:
            raise InvalidArgument(f"layer {l} has no weights: choose from 2 to {self.L}")
        if not 0 <= j < len(self.b[l]):
            raise InvalidArgument(
                f"neuron {j} is not in layer {l}: it has 0 to {len(self.b[l]) - 1}"
            )
        if k is not None and not 0 <= k < len(self.a[l - 1]):
            raise InvalidArgument(
                f"neuron {k} is not in layer {l - 1}: it has 0 to {len(self.a[l - 1]) - 1}"
            )


@with_default_errstate
def follow(network: Network, x: Array, y: Array | int, equations: Equations | None = None) -> Trace:
    """One example through feedforward and backpropagation, every quantity kept.

    Parameters
    ----------
    network : Network
        Of any dtype; its numbers are taken as float64 (complex networks stay complex).
    x : array, shape (n_inputs,)
    y : array, shape (n_outputs,), or int
        Target, or label.
    equations : Equations, optional
        Wrong ones, to see what they do.

    Returns
    -------
    Trace
    """
    E = equations or Equations()
    dtype = np.complex128 if network.dtype.kind == "c" else np.float64
    wide = network if network.dtype == dtype else network.copy(dtype)
    if np.ndim(x) != 1:
        raise InvalidArgument(f"x has shape {np.shape(x)}: give one example, ({network.n_inputs},)")
    x_row = wide.checked_inputs(x)[0] if dtype == np.float64 else np.asarray(x, dtype)
    y_row = wide.checked_targets(np.asarray([y]), 1)[0]
    layers = dict(enumerate(dense_layers(wide.layers, "the article's four equations"), start=2))
    L = len(layers) + 1
    W = {l: layer.weights for l, layer in layers.items()}
    b = {l: layer.biases for l, layer in layers.items()}
    σ = {l: layer.activation for l, layer in layers.items()}
    C = wide.cost

    # 1. Input, 2. Feedforward (article, section "Algorithm")
    a, z = {1: x_row}, {}
    for l in range(2, L + 1):
        z[l] = W[l] @ a[l - 1] + b[l]
        a[l] = E.value(σ[l], z[l])

    # 3. Output error
    dC_da = {L: E.dC_da(C, σ[L], z[L], a[L], y_row)}
    with np.errstate(over="ignore", invalid="ignore"):
        δ = {L: E.BP1(dC_da[L], σ[L], z[L])}
    if equations is None and not np.isfinite(δ[L]).all():
        # Some 700 below or above the others, ∂C/∂a is infinite and σ' is 0; their product is neither.
        δ[L] = C.error(σ[L], z[L], a[L], y_row)

    # 4. Backpropagate the error
    for l in range(L - 1, 1, -1):
        dC_da[l] = W[l + 1].T @ δ[l + 1]
        δ[l] = E.BP2(W[l + 1], δ[l + 1], σ[l], z[l])

    # 5. Gradient
    dC_db = {l: E.BP3(δ[l]) for l in range(2, L + 1)}
    dC_dw = {l: E.BP4(δ[l], a[l - 1]) for l in range(2, L + 1)}

    cost = C.value_at(σ[L], z[L], a[L], y_row)
    return Trace(
        network=wide,
        x=x_row,
        y=y_row,
        W=W,
        b=b,
        σ=σ,
        z=z,
        a=a,
        C=float(cost.real),
        dC_da=dC_da,
        σ_prime={l: σ[l].derivative(z[l]) for l in z},
        δ=δ,
        dC_db=dC_db,
        dC_dw=dC_dw,
        equations=E,
    )


@with_default_errstate
def backpropagate(
    network: Network, x: Array, y: Array, equations: Equations | None = None
) -> list[Trace]:
    """:func:`follow` for each example of a batch: x (n, n_inputs), y (n, n_outputs) or (n,)."""
    if np.ndim(x) != 2 or not len(x) or np.ndim(y) not in (1, 2) or len(y) != len(x):
        raise InvalidArgument(
            f"x has shape {np.shape(x)} and y {np.shape(y)}: give at least one example, and a "
            f"target for each"
        )
    return [follow(network, x_i, y_i, equations) for x_i, y_i in zip(x, y, strict=True)]


@with_default_errstate
def gradient_by_equations(
    network: Network, x: Array, y: Array, equations: Equations | None = None
) -> Parameters:
    """The mean of the examples' gradients, in float64, in the layout of the parameters."""
    mean = Parameters(network.specs, np.float64)
    for trace in backpropagate(network, x, y, equations):
        for l, share in enumerate(mean, start=2):
            share.weights[...] += trace.dC_dw[l] / len(x)
            share.biases[...] += trace.dC_db[l] / len(x)
    return mean


@with_default_errstate
def update(trace: Trace, η: float) -> Trace:
    """One step of gradient descent on this example alone, and where it leads.

    w^l ← w^l - η δ^l (a^{l-1})ᵀ and b^l ← b^l - η δ^l, the step the article's algorithm leaves out.
    The network of the trace given is not changed.
    """
    parameters = trace.network.parameters.copy()
    for l, share in enumerate(parameters, start=2):
        share.weights[...] -= η * trace.dC_dw[l]
        share.biases[...] -= η * trace.dC_db[l]
    moved = trace.network.with_parameters(parameters)
    return follow(moved, trace.x, trace.y, trace.equations)


# --- what a number is made of -------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """One product of a sum: left × right, from neuron ``index`` of the layer summed over."""

    index: int
    left: float
    right: float

    @property
    def product(self) -> float:
        """left × right."""
        return self.left * self.right


@dataclass(frozen=True)
class Sum:
    """value = (Σ terms + offset) × factor."""

    symbol: str
    terms: tuple[Term, ...]
    value: float
    offset: float = 0.0
    factor: float = 1.0

    def largest_first(self) -> Sum:
        """The same sum, its terms by falling magnitude."""
        ordered = sorted(self.terms, key=lambda term: -abs(term.product))
        return replace(self, terms=tuple(ordered))

    def recomputed(self) -> float:
        """The value, added up anew from the terms."""
        return (sum(term.product for term in self.terms) + self.offset) * self.factor


def _terms(left: Array, right: Array) -> tuple[Term, ...]:
    return tuple(
        Term(k, float(w), float(a)) for k, (w, a) in enumerate(zip(left, right, strict=True))
    )
