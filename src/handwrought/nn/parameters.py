"""All parameters of a network in one flat vector, with named views into it.

What decays comes first (weights), then what does not (biases).  So an optimizer is a few lines over
one array, weight decay is a slice (``vector[:n_weights]``: biases are left alone by construction), a
norm is one norm, and "restore the best" is one copy.  Behind them, in the same memory, stands the
layers' state: what they remember that is no parameter, such as running statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.errors import InvalidArgument

__all__ = ["ArraySpec", "LayerParameters", "Parameters"]

Array = NDArray[Any]


class ArraySpec(NamedTuple):
    """An array that a layer asks for."""

    name: str
    shape: tuple[int, ...]
    decays: bool = True
    """Whether weight decay pulls on it."""
    trained: bool = True
    """False for state, which no optimizer touches."""


class LayerParameters:
    """One layer's arrays by their names (``weights``, ``biases``), views into the vector."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        vars(self).update(arrays)

    if TYPE_CHECKING:  # at run time it would slow every look at an array

        def __getattr__(self, name: str) -> Array: ...

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"write into {name}[...]: it is a view into the network's vector")

    def items(self) -> list[tuple[str, Array]]:
        """Name and view of each array."""
        return list(vars(self).items())


class Parameters:
    """A flat vector and its views; used for parameters, gradients and optimizer state alike.

    Parameters
    ----------
    specs : sequence of sequences of ArraySpec
        For each layer its arrays, as :attr:`Network.specs` lists them.
    dtype : dtype
        float32 in training, float64 in checks, complex128 for the complex step.
    numbers : array, shape (n,), optional
        An existing vector to look into; zeros if left out.

    Attributes
    ----------
    numbers : array
        Everything: ``vector`` and, behind it, the state.
    vector : array
        The parameters, a view of ``numbers``.
    layers : tuple of LayerParameters
        ``layers[0].weights``.
    states : tuple of LayerParameters
        What each layer remembers beside its parameters.
    n_weights : int
        How many of the parameters decay; they come first.
    """

    def __init__(
        self,
        specs: Sequence[Sequence[ArraySpec]],
        dtype: DTypeLike = np.float32,
        numbers: Array | None = None,
    ) -> None:
        self.specs = tuple(map(tuple, specs))
        self.n_weights = _count(self.specs, decays=True)
        n_parameters = self.n_weights + _count(self.specs, decays=False)
        size = n_parameters + _count(self.specs, trained=False)
        self.numbers: Array = np.zeros(size, dtype) if numbers is None else numbers
        if self.numbers.shape != (size,):
            raise InvalidArgument(
                f"numbers has shape {self.numbers.shape}, the layers ask for ({size},)"
            )
        if not self.numbers.dtype.isnative:
            raise InvalidArgument(
                f"numbers has the byte order of another machine ({self.numbers.dtype.str}): convert "
                f"it with numbers.astype(numbers.dtype.newbyteorder('='))"
            )
        self.vector: Array = self.numbers[:n_parameters]
        at = {"decays": 0, "others": self.n_weights, "state": n_parameters}
        layers, states = [], []
        for of_layer in self.specs:
            arrays: dict[bool, dict[str, Array]] = {True: {}, False: {}}
            for spec in of_layer:
                part = "state" if not spec.trained else "decays" if spec.decays else "others"
                end = at[part] + prod(spec.shape)
                arrays[spec.trained][spec.name] = self.numbers[at[part] : end].reshape(spec.shape)
                at[part] = end
            layers.append(LayerParameters(arrays[True]))
            states.append(LayerParameters(arrays[False]))
        self.layers, self.states = tuple(layers), tuple(states)

    @property
    def weights(self) -> Array:
        """All that decays, without the biases: a view, shape (n_weights,)."""
        return self.vector[: self.n_weights]

    def like(self) -> Parameters:
        """Zeros of the same layout."""
        return Parameters(self.specs, self.numbers.dtype)

    def copy(self, dtype: DTypeLike | None = None) -> Parameters:
        """The same numbers in a vector of their own."""
        return Parameters(self.specs, numbers=self.numbers.astype(dtype or self.numbers.dtype))

    def arrays(self, *, state: bool = False) -> Iterator[tuple[str, Array]]:
        """Name and view of each array: ("layers[0].weights", ...), layer by layer.

        With ``state``, each layer's state too.
        """
        for i, of_layer in enumerate(self.specs):
            for spec in of_layer:
                if spec.trained or state:
                    home = self.layers[i] if spec.trained else self.states[i]
                    yield f"layers[{i}].{spec.name}", getattr(home, spec.name)

    def __copy__(self) -> Parameters:
        """As :func:`copy.copy` of an array: numbers of its own."""
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        # The views are made anew: copied one by one they would no longer look into the vector.
        return _restored, (self.specs, self.numbers)

    def __setattr__(self, name: str, value: Any) -> None:
        """``parameters.vector = v`` copies v: another vector would leave the views behind."""
        view = vars(self).get(name)
        if value is view and view is not None:  # after parameters.vector -= ...
            return
        if view is not None and name in ("vector", "numbers"):
            view[...] = value
        else:
            super().__setattr__(name, value)

    def __getitem__(self, layer: int) -> LayerParameters:
        return self.layers[layer]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[LayerParameters]:
        return iter(self.layers)

    def __repr__(self) -> str:
        of = f"{len(self)} layer{'s' * (len(self) != 1)}"
        return f"<Parameters of {of}: {self.vector.size:,} {self.vector.dtype}>"


def _count(
    specs: Sequence[Sequence[ArraySpec]], *, decays: bool | None = None, trained: bool = True
) -> int:
    return sum(
        prod(spec.shape)
        for of_layer in specs
        for spec in of_layer
        if spec.trained == trained and decays in (None, spec.decays)
    )


def _restored(specs: Sequence[Sequence[ArraySpec]], numbers: Array) -> Parameters:
    # What another process hands over may be a map of a file, to be read only.
    return Parameters(specs, numbers=np.require(numbers, requirements="W"))
