"""All weights and biases of a network in one flat vector, with named views into it.

Weights come first, then biases.  So an optimizer is a few lines over one array, weight decay is
a slice (``vector[:n_weights]``: biases are left alone by construction), a norm is one norm, and
"restore the best" is one copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.errors import InvalidArgument

__all__ = ["LayerParameters", "Parameters"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LayerParameters:
    """One layer's share: weights (n_out, n_in) and biases (n_out,), views into the vector."""

    weights: Array
    biases: Array


class Parameters:
    """A flat vector and its views; used for parameters, gradients and optimizer state alike.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in each layer, the input included: [784, 30, 10].
    dtype : dtype
        float32 in training, float64 in checks, complex128 for the complex step.
    vector : array, shape (n,), optional
        An existing vector to look into; zeros if left out.
    """

    def __init__(
        self, sizes: Sequence[int], dtype: DTypeLike = np.float32, vector: Array | None = None
    ) -> None:
        self.sizes = tuple(sizes)
        shapes = [(n_out, n_in) for n_in, n_out in pairwise(self.sizes)]
        self.n_weights = sum(n_out * n_in for n_out, n_in in shapes)
        size = self.n_weights + sum(self.sizes[1:])
        self.vector: Array = np.zeros(size, dtype) if vector is None else vector
        if self.vector.shape != (size,):
            raise InvalidArgument(f"vector has shape {self.vector.shape}, sizes ask for ({size},)")
        if not self.vector.dtype.isnative:
            raise InvalidArgument(
                f"vector has the byte order of another machine ({self.vector.dtype.str}): convert "
                f"it with vector.astype(vector.dtype.newbyteorder('='))"
            )

        weight_at, bias_at = 0, self.n_weights
        layers = []
        for n_out, n_in in shapes:
            layers.append(
                LayerParameters(
                    self.vector[weight_at : weight_at + n_out * n_in].reshape(n_out, n_in),
                    self.vector[bias_at : bias_at + n_out],
                )
            )
            weight_at += n_out * n_in
            bias_at += n_out
        self.layers = tuple(layers)

    @property
    def weights(self) -> Array:
        """All weights, without the biases: a view, shape (n_weights,)."""
        return self.vector[: self.n_weights]

    def like(self) -> Parameters:
        """Zeros of the same layout."""
        return Parameters(self.sizes, self.vector.dtype)

    def copy(self, dtype: DTypeLike | None = None) -> Parameters:
        """The same numbers in a vector of their own."""
        return Parameters(self.sizes, vector=self.vector.astype(dtype or self.vector.dtype))

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Name and view of each array: ("layers[0].weights", ...), layer by layer."""
        for i, layer in enumerate(self.layers):
            yield f"layers[{i}].weights", layer.weights
            yield f"layers[{i}].biases", layer.biases

    def __copy__(self) -> Parameters:
        """As :func:`copy.copy` of an array: numbers of its own."""
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        # The views are made anew: copied one by one they would no longer look into the vector.
        return _restored, (self.sizes, self.vector)

    def __setattr__(self, name: str, value: Any) -> None:
        """``parameters.vector = v`` copies v: another vector would leave the views behind."""
        if name == "vector" and name in vars(self):
            if value is not self.vector:
                self.vector[...] = value
        else:
            super().__setattr__(name, value)

    def __getitem__(self, layer: int) -> LayerParameters:
        return self.layers[layer]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[LayerParameters]:
        return iter(self.layers)

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.sizes))
        return f"<Parameters {shape}: {self.vector.size:,} {self.vector.dtype}>"


def _restored(sizes: tuple[int, ...], vector: Array) -> Parameters:
    # What another process hands over may be a map of a file, to be read only.
    return Parameters(sizes, vector=np.require(vector, requirements="W"))
