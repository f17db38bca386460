"""The dense layer: the four equations for a batch, each beside the line that computes it.

What passes between layers is ∂C/∂a, so BP1 and BP2 are the same line, δ = ∂C/∂a ⊙ σ'(z); they
differ only in where ∂C/∂a came from: the cost (BP1) or Wᵀδ of the layer above (BP2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import Activation, activation_named
from handwrought.nn.initializers import default_initializer, initializer_named
from handwrought.nn.layers.protocol import Layer, LayerState, Shape
from handwrought.nn.parameters import ArraySpec, LayerParameters

__all__ = ["Dense", "DenseState", "dense_layers"]

Array = NDArray[Any]


@dataclass(eq=False)
class DenseState(LayerState):
    """One layer's quantities for one batch, each of shape (batch, n_out)."""

    z: Array
    delta: Array
    keep: Array | None = None
    """Dropout: 0 where a neuron is left out, 1/(1 - rate) where it stays; None without dropout."""
    kept: Array | None = None
    """a ⊙ keep, which the layer above sees."""

    handed_on: ClassVar[tuple[str, ...]] = ("z", "a", "keep", "kept")

    @property
    def output(self) -> Array:
        """What the layer above receives."""
        return self.a if self.kept is None else self.kept


class Dense(Layer):
    """A fully connected layer: a = σ(W a_below + b).

    Parameters
    ----------
    n_out : int
        Its neurons.
    activation : str or Activation, optional
        By default the network's: that of its hidden layers, or of its output.

    Attributes
    ----------
    weights : array, shape (n_out, n_in)
        ``weights[j, k]`` runs from neuron k below to neuron j here; a view into the network's
        flat vector.
    biases : array, shape (n_out,)
    activation : Activation
    n_in, n_out : int
        Neurons below (a picture's numbers are taken row by row) and here.
    """

    kind = "dense"
    activation: Activation
    weights: Array
    biases: Array
    n_in: int

    def __init__(self, n_out: int, activation: str | Activation | None = None) -> None:
        whole = isinstance(n_out, int | np.integer) and not isinstance(n_out, bool)
        if not whole or n_out < 1:
            raise InvalidArgument(f"n_out is {n_out!r}: give a whole number of at least 1")
        self.n_out = int(n_out)
        if activation is not None:
            self.activation = activation_named(activation)

    def settings(self) -> dict[str, Any]:
        named = {} if self.activation is None else {"activation": self.activation.name}
        return {"n_out": self.n_out, **named}

    def brief(self) -> str:
        return str(self.n_out)

    def shape_of_output(self, input_shape: Shape) -> Shape:
        return (self.n_out,)

    def specs(self) -> tuple[ArraySpec, ...]:
        return (
            ArraySpec("weights", (self.n_out, self.n_in)),
            ArraySpec("biases", (self.n_out,), decays=False),
        )

    def placed(self, input_shape: Shape, activation: Activation | None = None) -> Self:
        twin = super().placed(input_shape)
        twin.n_in = prod(input_shape)
        if twin.activation is None and activation is not None:
            twin.activation = activation
        return twin

    def initialize(self, rng: np.random.Generator, initializer: str | None = None) -> None:
        draw = initializer_named(initializer or default_initializer(self.activation.name))
        self.weights[...], self.biases[...] = draw(rng, self.n_in, self.n_out)

    def state(
        self, capacity: int, dtype: DTypeLike, *, training: bool = False, dropout: bool = False
    ) -> DenseState:
        shape, zeros = (capacity, self.n_out), np.zeros
        state = DenseState(*[zeros(shape, dtype) for _ in range(4)])
        if training:
            state.training = True
        if dropout:
            state.keep, state.kept = np.ones_like(state.a), np.zeros_like(state.a)
        return state

    def forward(self, a_below: Array, at: DenseState) -> Array:
        """z and a of a batch into ``at``; a_below: (batch, n_in), returns (batch, n_out)."""
        if a_below.ndim > 2:
            a_below = a_below.reshape(len(a_below), self.n_in)
        np.matmul(a_below, self.weights.T, out=at.z)  # z = W a + b
        at.z += self.biases
        a = self.activation.value(at.z, out=at.a)  # a = σ(z)
        if at.keep is None:
            return a
        return np.multiply(a, at.keep, out=at.kept)  # dropout

    def error(self, dC_da: Array, at: DenseState) -> None:
        """δ of a hidden layer; dC_da: (batch, n_out), where dropout zeroes what it zeroed."""
        if at.keep is not None:
            dC_da = np.multiply(dC_da, at.keep, out=dC_da)
        self.activation.backward(dC_da, at.z, at.a, out=at.delta)  # BP2: δ = ∂C/∂a ⊙ σ'(z)

    def backward(
        self, at: DenseState, gradient: LayerParameters, a_below: Array, out: Array | None
    ) -> Array | None:
        """Gradients from ``at.delta`` into ``gradient``, and ∂C/∂a of the layer below into ``out``.

        The first layer has none below (``out`` is None), which saves the largest product.
        """
        if a_below.ndim > 2:
            a_below = a_below.reshape(len(a_below), self.n_in)
        np.sum(at.delta, axis=0, out=gradient.biases)  # BP3: ∂C/∂b = δ
        np.matmul(at.delta.T, a_below, out=gradient.weights)  # BP4: ∂C/∂w = δ aᵀ
        if out is not None:
            below = out if out.ndim == 2 else out.reshape(len(out), self.n_in)
            np.matmul(at.delta, self.weights, out=below)  # BP2: ∂C/∂a below = Wᵀ δ
        return out

    def branches(self, at: DenseState) -> Array | None:
        kink = self.activation.kink
        return None if kink is None else at.z.real > kink

    def __repr__(self) -> str:
        ends = f"{vars(self).get('n_in', '...')} -> {self.n_out}"
        return f"<Dense {ends}{'' if self.activation is None else f' {self.activation.name}'}>"


def dense_layers(layers: Iterable[Layer], what: str = "this") -> tuple[Dense, ...]:
    """The layers of a network whose every layer is dense.

    Raises
    ------
    InvalidArgument
        If one is of another kind: ``what`` ("Nielsen's JSON") knows dense layers alone.
    """
    found = tuple(layers)
    for number, layer in enumerate(found, start=2):
        if not isinstance(layer, Dense):
            raise InvalidArgument(
                f"{what} knows dense layers alone, and layer {number} of this network is "
                f"{layer.kind!r}"
            )
    return found  # type: ignore[return-value]
