"""The network: a stack of dense layers and a cost; feedforward and backpropagation.

The equations themselves stand in :mod:`handwrought.nn.layers` (for a batch) and in
:mod:`handwrought.nn.equations` (for one example, as the article writes them).
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.nn.activations import Activation, activation_named
from handwrought.nn.costs import Cost, cost_named
from handwrought.nn.initializers import default_initializer, initializer_named
from handwrought.nn.layers import Dense
from handwrought.nn.parameters import Parameters
from handwrought.nn.workspace import LayerState, Workspace

__all__ = ["Network"]

Array = NDArray[Any]

_INFERENCE_ROWS = 2048
"""Rows of one forward pass in ``feedforward``: large enough for BLAS, small enough for a cache."""


class Network:
    """A fully connected network.

    Parameters
    ----------
    sizes : sequence of int
        Neurons in each layer, the input included: ``[784, 30, 10]``.
    activation : str or sequence of str
        Of the hidden layers: one name for all, or one each.
    cost : {"quadratic", "cross-entropy", "softmax"}
        Cost function; "softmax" is the log-likelihood of a softmax output.
    seed : int or None
        Of the initial weights; None leaves them 0, for whoever fills them in.
    dtype : {"float32", "float64"}
        Of the parameters and of everything computed with them.
    output_activation : str, optional
        By default it follows the cost: sigmoid for quadratic and cross-entropy, softmax for softmax.
    initializer : {"normal", "scaled", "glorot", "he"}, optional
        By default He for layers of the ReLU family, and N(0, 1/n_in) for the others; "normal" is
        the article's N(0, 1).

    Attributes
    ----------
    layers : tuple of Dense
        ``layers[0].weights`` has shape (sizes[1], sizes[0]).
    parameters : Parameters
        All weights and biases as one flat vector; the layers hold views of it.

    Raises
    ------
    InvalidArgument
        For sizes, names or combinations that make no network.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "sigmoid",
        cost: str | Cost = "quadratic",
        seed: int | None = 0,
        dtype: DTypeLike = "float32",
        *,
        output_activation: str | Activation | None = None,
        initializer: str | None = None,
    ) -> None:
        self.sizes = _checked_sizes(sizes)
        self.cost: Cost = cost_named(cost)
        self.activations = _activations(self.sizes, activation, self.cost, output_activation)
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise InvalidArgument(f"dtype is {dtype!r}: use 'float32' or 'float64'")
        try:
            self._adopt(Parameters(self.sizes, dtype))
        except (MemoryError, ValueError, OverflowError):
            raise InvalidArgument(
                f"sizes is {sizes!r}: no memory holds so many weights; make the layers smaller"
            ) from None
        if seed is not None:
            self.initialize(seed, initializer)

    def _adopt(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.layers = tuple(
            Dense(share, activation)
            for share, activation in zip(parameters, self.activations, strict=True)
        )

    def initialize(self, seed: int, initializer: str | None = None) -> None:
        """Draw all weights and biases afresh, layer by layer from the input up."""
        rng = np.random.default_rng(_checked_seed(seed))
        for layer in self.layers:
            name = initializer or default_initializer(layer.activation.name)
            layer.weights[...], layer.biases[...] = initializer_named(name)(
                rng, layer.n_in, layer.n_out
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self.parameters.vector.dtype

    @property
    def n_inputs(self) -> int:
        """Numbers that go in: 784 for an MNIST image."""
        return self.sizes[0]

    @property
    def n_outputs(self) -> int:
        """Neurons of the last layer."""
        return self.sizes[-1]

    # --- forward -------------------------------------------------------------------------------

    @with_default_errstate
    def feedforward(self, x: Array) -> Array:
        """The activations of the last layer.

        Parameters
        ----------
        x : array, shape (n, n_inputs) or (n_inputs,)
            Rows are examples; pixels run from 0 to 1.

        Returns
        -------
        array, shape (n, n_outputs) or (n_outputs,)

        Raises
        ------
        InvalidArgument
            If x has another width, is not numeric, or holds values that are not finite.
        """
        single = np.ndim(x) == 1
        rows = self.checked_inputs(x)
        n = len(rows)
        out = np.empty((n, self.n_outputs), self.dtype)
        workspace = Workspace(self.sizes, min(n, _INFERENCE_ROWS) or 1, self.dtype)
        for start in range(0, n, workspace.capacity):
            part = rows[start : start + workspace.capacity]
            out[start : start + len(part)] = self.forward(part, workspace.rows(len(part)))
        return out[0] if single else out

    def forward(self, x: Array, states: Sequence[LayerState]) -> Array:
        """Feedforward of one batch into a workspace: trusted shapes, no copies."""
        a = x
        for layer, at in zip(self.layers, states, strict=True):
            a = layer.forward(a, at)
        return a

    def predict(self, x: Array) -> NDArray[np.intp]:
        """The class of each example: the index of the largest output, shape (n,)."""
        return np.argmax(np.atleast_2d(self.feedforward(x)), axis=1)

    @with_default_errstate
    def costs(self, x: Array, y: Array) -> Array:
        """C_x of each example, shape (n,); y as for :meth:`backpropagate`."""
        x, y = self.checked_inputs(x), self.checked_targets(y, len(np.atleast_2d(x)))
        states = Workspace(self.sizes, len(x), self.dtype).rows(len(x))
        self.forward(x, states)
        return self.batch_costs(states, y)

    def batch_costs(self, states: Sequence[LayerState], y: Array) -> Array:
        """C_x of each example of a batch just fed forward, shape (batch,)."""
        last = states[-1]
        return self.cost.value_at(self.activations[-1], last.z, last.a, y)

    # --- backward ------------------------------------------------------------------------------

    @with_default_errstate
    def backpropagate(self, x: Array, y: Array) -> Parameters:
        """The gradient of the cost, averaged over the batch, by BP1 to BP4.

        Parameters
        ----------
        x : array, shape (n, n_inputs)
        y : array, shape (n, n_outputs), or (n,) of integer labels
            Targets; integer labels are taken as one-hot rows.

        Returns
        -------
        Parameters
            ``grads[l].weights`` and ``grads[l].biases``, arrays of their own.

        Raises
        ------
        InvalidArgument
            If x or y do not fit the network, each other, or the cost.
        """
        x, y = self.checked_inputs(x), self.checked_targets(y, len(np.atleast_2d(x)))
        if not len(x):
            raise InvalidArgument("x holds no example: the mean over none is undefined")
        states = Workspace(self.sizes, len(x), self.dtype).rows(len(x))
        gradient = self.parameters.like()
        self.forward(x, states)
        self.backward(x, y, states, gradient)
        return gradient

    def backward(
        self,
        x: Array,
        y: Array,
        states: Sequence[LayerState],
        gradient: Parameters,
        share: Array | float | None = None,
    ) -> None:
        """Backpropagation of one batch just fed forward, into ``gradient``: trusted shapes.

        ``share`` is each example's part in the mean, 1/m unless it is given; it enters once, on
        the smallest array, since everything after it is linear in δ.
        """
        last = states[-1]
        self.cost.error(self.activations[-1], last.z, last.a, y, out=last.delta)  # BP1
        last.delta *= self.dtype.type(1 / len(x)) if share is None else share
        for l in reversed(range(len(self.layers))):
            below = states[l - 1] if l else None
            self.layers[l].backward(
                states[l],
                gradient[l],
                below.output if below else x,
                out=below.dC_da if below else None,
            )
            if below:
                self.layers[l - 1].error(below.dC_da, below)

    # --- the edge: arrays are checked here and trusted inside -------------------------------------

    def checked_inputs(self, x: Array) -> Array:
        """x as a C-contiguous (n, n_inputs) array of the network's dtype, or InvalidArgument."""
        raw = np.asarray(x)
        if raw.dtype.kind not in "fiub":
            raise InvalidArgument(f"x has dtype {raw.dtype}: it must hold real numbers")
        if raw.ndim == 1:
            raw = raw[np.newaxis]
        if raw.ndim != 2 or raw.shape[1] != self.n_inputs:
            raise InvalidArgument(
                f"x has shape {np.shape(x)}: this network takes (n, {self.n_inputs})"
            )
        if raw.dtype == np.uint8 and raw.size and raw.max() > 1:
            raise InvalidArgument(
                f"x holds uint8 pixels up to {raw.max()}: divide by 255, so that they run from 0 to 1"
            )
        out = np.ascontiguousarray(raw, dtype=self.dtype)
        if not np.isfinite(out).all():
            row, column = np.argwhere(~np.isfinite(out))[0]
            raise InvalidArgument(
                f"x[{row}, {column}] is {raw[row, column]}: every input must be a finite number"
            )
        return out

    def checked_targets(self, y: Array, n: int) -> Array:
        """y as an (n, n_outputs) array of the network's dtype, or InvalidArgument."""
        raw = np.asarray(y)
        if raw.dtype.kind not in "fiub":
            raise InvalidArgument(f"y has dtype {raw.dtype}: it must hold numbers")
        if raw.ndim == 1 and raw.dtype.kind in "iu" and self.n_outputs > 1 and len(raw) == n:
            if n and not 0 <= int(raw.min()) <= int(raw.max()) < self.n_outputs:
                raise InvalidArgument(
                    f"y has labels from {raw.min()} to {raw.max()}: "
                    f"this network has classes 0 to {self.n_outputs - 1}"
                )
            raw = np.eye(self.n_outputs, dtype=self.dtype)[raw]
        elif raw.ndim == 1 and n == 1 and len(raw) == self.n_outputs:
            raw = raw[np.newaxis]
        elif raw.ndim == 1 and self.n_outputs == 1:
            raw = raw[:, np.newaxis]
        if raw.shape != (n, self.n_outputs):
            raise InvalidArgument(
                f"y has shape {np.shape(y)}: {n} examples of this network need "
                f"({n}, {self.n_outputs}), or ({n},) integer labels"
            )
        out = np.ascontiguousarray(raw, dtype=self.dtype)
        self.cost.check_targets(out)
        return out

    # --- copies and files -------------------------------------------------------------------------

    def copy(self, dtype: DTypeLike | None = None) -> Network:
        """A network of its own with the same numbers, in another dtype if asked (for checks)."""
        return self.with_parameters(self.parameters.copy(dtype))

    def with_parameters(self, parameters: Parameters) -> Network:
        """This architecture around other parameters, which are not copied."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._adopt(parameters)
        return twin

    def __copy__(self) -> Network:
        """As :func:`copy.copy` of an array: numbers of its own."""
        return self.copy()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "layers"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The layers are made anew: copied one by one they would no longer look into the vector.
        vars(self).update(state)
        self._adopt(state["parameters"])

    def save(self, path: str | PathLike[str], /, **record: Any) -> None:
        """Write to a ``.safetensors`` file; see :func:`handwrought.storage.save_model`."""
        from handwrought.storage import save_model  # the one upward arrow: a convenience

        save_model(self, path, **record)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Network:
        """Read from a ``.safetensors`` file; see :func:`handwrought.storage.load_model`."""
        from handwrought.storage import load_model

        return load_model(path)

    def __repr__(self) -> str:
        names = ", ".join(a.name for a in self.activations)
        shape = "-".join(map(str, self.sizes))
        return f"<Network {shape} ({names}), {self.cost.name} cost, {self.dtype}>"


def _checked_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    try:
        checked = tuple(int(n) for n in sizes)
        exact = all(n == given for n, given in zip(checked, sizes, strict=True))
    except (TypeError, ValueError, OverflowError):
        exact = False
    if not exact or len(checked) < 2 or min(checked) < 1:
        raise InvalidArgument(
            f"sizes is {sizes!r}: give at least two whole numbers of at least 1, such as [784, 30, 10]"
        )
    return checked


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidArgument(f"seed is {seed!r}: it must be a whole number of at least 0")
    return int(seed)


def _activations(
    sizes: tuple[int, ...],
    activation: str | Sequence[str],
    cost: Cost,
    output_activation: str | Activation | None,
) -> tuple[Activation, ...]:
    n_hidden = len(sizes) - 2
    if isinstance(activation, str):
        activation_named(activation)  # a misspelt name is told even where no layer would use it
        names = [activation] * n_hidden
    elif isinstance(activation, Sequence):
        names = list(activation)
    else:
        raise InvalidArgument(f"activation is {activation!r}: give a name, or one for each layer")
    if len(names) != n_hidden:
        raise InvalidArgument(
            f"activation names {len(names)} layers, but the network has {n_hidden} hidden layers"
        )
    output = activation_named(output_activation or cost.default_output)
    if output.name not in cost.outputs:
        raise InvalidArgument(
            f"output_activation {output.name!r} leaves the range of the {cost.name} cost: "
            f"use one of {', '.join(sorted(cost.outputs))}"
        )
    return tuple(activation_named(name) for name in names) + (output,)
