"""The dense layer: the four equations for a batch, each beside the line that computes it.

What passes between layers is ∂C/∂a, so BP1 and BP2 are the same line, δ = ∂C/∂a ⊙ σ'(z); they
differ only in where ∂C/∂a came from: the cost (BP1) or Wᵀδ of the layer above (BP2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.nn.activations import Activation
from handwrought.nn.parameters import LayerParameters
from handwrought.nn.workspace import LayerState

__all__ = ["Dense"]

Array = NDArray[Any]


class Dense:
    """A fully connected layer: a = σ(W a_below + b).

    Attributes
    ----------
    weights : array, shape (n_out, n_in)
        ``weights[j, k]`` runs from neuron k below to neuron j here; a view into the network's
        flat vector.
    biases : array, shape (n_out,)
    activation : Activation
    """

    def __init__(self, parameters: LayerParameters, activation: Activation) -> None:
        self.weights = parameters.weights
        self.biases = parameters.biases
        self.activation = activation

    def __setattr__(self, name: str, value: Any) -> None:
        """``layer.weights = w`` copies w: another array would be none of the network's vector."""
        if name in ("weights", "biases") and name in vars(self):
            view = vars(self)[name]
            if value is not view:
                view[...] = value
        else:
            super().__setattr__(name, value)

    @property
    def n_in(self) -> int:
        """Neurons below."""
        return int(self.weights.shape[1])

    @property
    def n_out(self) -> int:
        """Neurons here."""
        return int(self.weights.shape[0])

    def forward(self, a_below: Array, at: LayerState) -> Array:
        """z and a of a batch into ``at``; a_below: (batch, n_in), returns (batch, n_out)."""
        np.matmul(a_below, self.weights.T, out=at.z)  # z = W a + b
        at.z += self.biases
        a = self.activation.value(at.z, out=at.a)  # a = σ(z)
        if at.keep is None:
            return a
        return np.multiply(a, at.keep, out=at.kept)  # dropout

    def error(self, dC_da: Array, at: LayerState) -> Array:
        """δ of a hidden layer; dC_da: (batch, n_out), where dropout zeroes what it zeroed."""
        if at.keep is not None:
            dC_da = np.multiply(dC_da, at.keep, out=dC_da)
        return self.activation.backward(dC_da, at.z, at.a, out=at.delta)  # BP2: δ = ∂C/∂a ⊙ σ'(z)

    def backward(
        self, at: LayerState, gradient: LayerParameters, a_below: Array, out: Array | None
    ) -> Array | None:
        """Gradients from ``at.delta`` into ``gradient``, and ∂C/∂a of the layer below into ``out``.

        The first layer has none below (``out`` is None), which saves the largest product.
        """
        np.sum(at.delta, axis=0, out=gradient.biases)  # BP3: ∂C/∂b = δ
        np.matmul(at.delta.T, a_below, out=gradient.weights)  # BP4: ∂C/∂w = δ aᵀ
        if out is not None:
            np.matmul(at.delta, self.weights, out=out)  # BP2: ∂C/∂a below = Wᵀ δ
        return out

    def __repr__(self) -> str:
        return f"<Dense {self.n_in} -> {self.n_out} {self.activation.name}>"
