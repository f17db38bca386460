"""Backpropagation against two ways of differentiating that know nothing of it.

* Central differences: ∂C/∂w ≈ (C(w + h) - C(w - h)) / 2h, whose error falls with h² until
  rounding takes over (Nielsen, chapter 2).
* The complex step: ∂C/∂w ≈ Im C(w + ih) / h, which subtracts nothing, so h may be 1e-30 and the
  result is right to the last digits (Squire and Trapp 1998).

Both evaluate the cost itself, in double precision, for one parameter at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters

__all__ = ["ArrayCheck", "GradientCheck", "agreeing_digits", "check_gradients", "derivative_at"]

Array = NDArray[Any]
Method = Literal["central", "complex"]
STEPS = {"central": 1e-5, "complex": 1e-30}


@dataclass(frozen=True, eq=False)
class ArrayCheck:
    """One parameter array's comparison.

    Attributes
    ----------
    name : str
        Such as ``layers[0].weights``.
    relative_error : float
        ‖analytic - numeric‖ / ‖numeric‖ over the parameters compared.
    indices : array, shape (n,)
        Which entries of the flattened array were compared.
    analytic, numeric : array, shape (n,)
    skipped_at_kinks : int
        Entries left out since the two sides of the difference lie on different branches of ReLU.
    """

    name: str
    relative_error: float
    indices: NDArray[np.intp]
    analytic: NDArray[np.float64]
    numeric: NDArray[np.float64]
    skipped_at_kinks: int


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """The comparison of all arrays."""

    method: Method
    step: float
    arrays: tuple[ArrayCheck, ...]

    @property
    def max_relative_error(self) -> float:
        """The largest over the arrays; infinite if nothing could be compared."""
        compared = [array.relative_error for array in self.arrays if len(array.indices)]
        return max(compared, default=float("inf"))

    @property
    def n_compared(self) -> int:
        """Parameters compared."""
        return sum(len(array.indices) for array in self.arrays)

    @property
    def skipped_at_kinks(self) -> int:
        """Parameters left out at kinks."""
        return sum(array.skipped_at_kinks for array in self.arrays)


@with_default_errstate
def check_gradients(
    network: Network,
    x: Array,
    y: Array,
    *,
    method: Method = "central",
    step: float | None = None,
    max_per_array: int | None = None,
    seed: int = 0,
    backpropagate: Callable[[Network, Array, Array], Parameters] | None = None,
) -> GradientCheck:
    """Compare the gradient by backpropagation with a numeric one.

    Parameters
    ----------
    network : Network
        Of any dtype; the check is made on a float64 copy.
    x, y : array
        A batch, as for :meth:`Network.backpropagate`.
    method : {"central", "complex"}
    step : float, optional
        h; 1e-5 for central differences, 1e-30 for the complex step.
    max_per_array : int, optional
        Compare a random choice of so many entries of each array; all of them if left out.
    seed : int
        Of that choice.
    backpropagate : callable, optional
        What to check instead of the network's own; it gets ``(network, x, y)``.

    Returns
    -------
    GradientCheck

    Raises
    ------
    InvalidArgument
        If the batch does not fit the network, or an option is out of range.
    """
    if method not in STEPS:
        raise InvalidArgument(f"method is {method!r}: use 'central' or 'complex'")
    h = STEPS[method] if step is None else float(step)
    if not h > 0:
        raise InvalidArgument(f"step is {step!r}: it must be a number above 0")
    if max_per_array is not None and max_per_array < 1:
        raise InvalidArgument(f"max_per_array is {max_per_array!r}: it must be at least 1")
    wide = network.copy(np.float64)
    x = wide.checked_inputs(x)
    y = wide.checked_targets(y, len(x))
    if not len(x):
        raise InvalidArgument("x holds no example: there is nothing to check")
    analytic = (backpropagate or Network.backpropagate)(wide, x, y)
    rng = np.random.default_rng(seed)

    # A network of its own is perturbed: the caller's is read while the check runs.
    probe = _Probe(wide, x, y, method, h)
    arrays = []
    for (layer, name, array), (_, gradient) in zip(probe.arrays(), analytic.arrays(), strict=True):
        indices: NDArray[np.intp] = np.arange(array.size)
        if max_per_array is not None and array.size > max_per_array:
            indices = np.sort(rng.choice(array.size, max_per_array, replace=False))
        numeric = np.fromiter(probe.differences(layer, array, indices), float)
        usable = ~np.isnan(numeric)
        chosen = gradient.ravel()[indices[usable]].astype(np.float64)
        arrays.append(
            ArrayCheck(
                name,
                _relative_error(chosen, numeric[usable]),
                indices[usable],
                chosen,
                numeric[usable],
                int((~usable).sum()),
            )
        )
    return GradientCheck(method, h, tuple(arrays))


@with_default_errstate
def derivative_at(
    network: Network,
    x: Array,
    y: Array,
    layer: int,
    j: int,
    k: int | None = None,
    *,
    method: Method = "central",
    step: float | None = None,
) -> float:
    """∂C/∂w or ∂C/∂b of one parameter, numerically: the number to lay beside BP3's and BP4's.

    Parameters
    ----------
    layer : int
        Index into ``network.layers``.
    j, k : int
        The weight from neuron k to neuron j; k left out: the bias of j.

    Returns
    -------
    float
        NaN where the difference would cross a kink.
    """
    wide = network.copy(np.float64)
    dense_layers(wide.layers, "the derivative by a weight's two ends")
    x = wide.checked_inputs(x)
    y = wide.checked_targets(y, len(x))
    probe = _Probe(wide, x, y, method, STEPS[method] if step is None else step)
    share = probe.network.parameters[layer]
    array = share.biases if k is None else share.weights
    index = j if k is None else j * share.weights.shape[1] + k
    return next(probe.differences(layer, array, np.array([index])))


def agreeing_digits(a: float, b: float) -> int:
    """Leading digits in which two numbers agree, 16 at most."""
    if a == b:
        return 16
    scale = max(abs(a), abs(b))
    return max(0, floor(-log10(abs(a - b) / scale)))


def _relative_error(analytic: Array, numeric: Array) -> float:
    difference = float(np.linalg.norm(analytic - numeric))
    scale = float(np.linalg.norm(numeric))
    if scale == 0:
        return 0.0 if difference == 0 else float("inf")
    return difference / scale


class _Probe:
    """The cost as a function of one parameter at a time."""

    def __init__(self, network: Network, x: Array, y: Array, method: Method, h: float) -> None:
        self.method, self.h, self.y = method, h, y
        dtype = np.complex128 if method == "complex" else np.float64
        self.network = network.copy(dtype)
        self.states = self.network.workspace(len(x)).rows(len(x))
        x = self.network.shaped(x.astype(dtype))
        self.network.forward(x, self.states)
        # Layers below a perturbed one do not change: keep what they hand up.
        self.inputs = [x] + [state.output.copy() for state in self.states[:-1]]
        self.branches = self._branches(0)

    def arrays(self) -> Iterator[tuple[int, str, Array]]:
        """Layer, name and view of each array of parameters."""
        for layer, share in enumerate(self.network.parameters):
            for name, array in share.items():
                yield layer, f"layers[{layer}].{name}", array

    def _branches(self, layer: int) -> list[Array]:
        """On which side of its kinks each neuron is, from ``layer`` up."""
        layers = zip(self.network.layers[layer:], self.states[layer:], strict=True)
        found = (each.branches(at) for each, at in layers)
        return [branches for branches in found if branches is not None]

    def _costs(self, layer: int) -> Array:
        a = self.inputs[layer]
        for at, each in zip(self.states[layer:], self.network.layers[layer:], strict=True):
            a = each.forward(a, at)
        return self.network.batch_costs(self.states, self.y)

    def differences(self, layer: int, array: Array, indices: NDArray[np.intp]) -> Iterator[float]:
        """The derivative for each index; NaN where it would cross a kink."""
        flat = array.reshape(-1)  # a view: the arrays are contiguous slices of the vector
        n_below = len(self.branches) - len(self._branches(layer))
        home = self.branches[n_below:]
        for index in indices:
            at_home = flat[index]
            try:
                derivative = self._difference(layer, home, flat, index)
            finally:
                flat[index] = at_home
            yield derivative

    def _difference(self, layer: int, home: list[Array], flat: Array, index: int) -> float:
        at_home = flat[index]
        if self.method == "complex":
            flat[index] = at_home + 1j * self.h
            return float(self._costs(layer).imag.mean() / self.h)
        flat[index] = up = at_home + self.h
        above = self._costs(layer)
        crossed = self._crossed(layer, home)
        flat[index] = down = at_home - self.h
        # Subtracted example by example, before the mean, so that fewer digits are lost.
        difference = (above - self._costs(layer)).mean()
        crossed = crossed or self._crossed(layer, home)
        return float("nan") if crossed else float(difference / (up - down))

    def _crossed(self, layer: int, home: list[Array]) -> bool:
        return any(
            not np.array_equal(now, before)
            for now, before in zip(self._branches(layer), home, strict=True)
        )
