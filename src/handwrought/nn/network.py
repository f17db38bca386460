"""The network: a stack of layers and a cost; feedforward and backpropagation.

The equations themselves stand in :mod:`handwrought.nn.layers` (for a batch) and in
:mod:`handwrought.nn.equations` (for one example, as the article writes them).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.nn.activations import Activation, activation_named
from handwrought.nn.costs import Cost, cost_named
from handwrought.nn.layers import Dense, Layer, LayerState, dense_layers
from handwrought.nn.layers.protocol import Shape
from handwrought.nn.parameters import ArraySpec, Parameters
from handwrought.nn.workspace import Workspace

__all__ = ["Network"]

Array = NDArray[Any]

_INFERENCE_ROWS = 2048
"""Rows of one forward pass in ``feedforward``: large enough for BLAS, small enough for a cache."""


class Network:
    """A network of layers, each on top of the one before.

    Parameters
    ----------
    sizes : sequence of int, or of Layer
        Neurons in each layer of a fully connected network, the input included: ``[784, 30, 10]``.
        Or its layers, from the input up: ``[Dense(30), Dense(10)]`` with ``input_shape=(784,)``.
    activation : str or sequence of str
        Of the hidden layers: one name for all, or one each; of layers, of those that name none.
    cost : {"quadratic", "cross-entropy", "softmax"}
        Cost function; "cross-entropy" may be called "binary-cross-entropy", and "softmax", the
        log-likelihood of a softmax output, "categorical-cross-entropy".
    seed : int or None
        Of the initial weights; None leaves them 0, for whoever fills them in.
    dtype : {"float32", "float64"}
        Of the parameters and of everything computed with them.
    output_activation : str, optional
        By default it follows the cost: sigmoid for quadratic and cross-entropy, softmax for softmax.
    initializer : {"normal", "lecun_normal", "glorot", "he"}, optional
        By default He for layers of the ReLU family, and N(0, 1/n_in), LeCun's, for the others;
        "normal" is the article's N(0, 1).  Glorot's may be called "xavier", He's "kaiming".
    input_shape : tuple of int, optional
        Of one example, where layers are given: ``(784,)`` or ``(1, 28, 28)``.

    Attributes
    ----------
    layers : tuple of Layer
        ``layers[0].weights`` of a fully connected network has shape (sizes[1], sizes[0]).
    parameters : Parameters
        All weights and biases as one flat vector; the layers hold views of it.
    n_inputs, n_outputs : int
        Numbers that go in, 784 for an MNIST image, and neurons of the last layer.

    Raises
    ------
    InvalidArgument
        For sizes, names or combinations that make no network.
    """

    def __init__(
        self,
        sizes: Sequence[int] | Sequence[Layer],
        activation: str | Sequence[str] = "sigmoid",
        cost: str | Cost = "quadratic",
        seed: int | None = 0,
        dtype: DTypeLike = "float32",
        *,
        output_activation: str | Activation | None = None,
        initializer: str | None = None,
        input_shape: int | Sequence[int] | None = None,
    ) -> None:
        self.cost: Cost = cost_named(cost)
        layers, self.input_shape = _asked(sizes, input_shape)
        hidden = _hidden_activations(layers, activation)
        output = activation_named(output_activation or self.cost.default_output)
        placed: list[Layer] = []
        shape = self.input_shape
        for layer, given in zip(layers, [*hidden, output], strict=True):
            placed.append(layer.placed(shape, given))
            shape = placed[-1].output_shape
        self.output_activation = _checked_output(placed[-1], self.cost)
        if output_activation is not None and output is not self.output_activation:
            raise InvalidArgument(
                f"output_activation is {output.name!r}, and the last layer names its own, "
                f"{self.output_activation.name!r}: say it once"
            )
        self.n_inputs, self.n_outputs = prod(self.input_shape), prod(shape)
        if np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise InvalidArgument(f"dtype is {dtype!r}: use 'float32' or 'float64'")
        self.layers = tuple(placed)
        try:
            self._adopt(Parameters(self.specs, dtype))
        except (MemoryError, ValueError, OverflowError):
            raise InvalidArgument(
                f"sizes is {sizes!r}: no memory holds so many weights; make the layers smaller"
            ) from None
        if seed is not None:
            self.initialize(seed, initializer)

    def _adopt(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.layers = tuple(
            layer.with_arrays(share, state)
            for layer, share, state in zip(
                self.layers, parameters.layers, parameters.states, strict=True
            )
        )

    def initialize(self, seed: int, initializer: str | None = None) -> None:
        """Draw all weights and biases afresh, layer by layer from the input up."""
        rng = np.random.default_rng(_checked_seed(seed))
        for layer in self.layers:
            layer.initialize(rng, initializer)

    @property
    def specs(self) -> tuple[tuple[ArraySpec, ...], ...]:
        """The arrays that each layer asks for."""
        return tuple(layer.specs() for layer in self.layers)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer of a fully connected network, the input included."""
        dense = dense_layers(self.layers, "sizes")
        return self.n_inputs, *(layer.n_out for layer in dense)

    @property
    def is_dense(self) -> bool:
        """Whether it is fully connected, every layer."""
        return all(isinstance(layer, Dense) for layer in self.layers)

    @property
    def architecture(self) -> str:
        """In a few words: 784-30-10 for a fully connected network."""
        return "-".join(
            ["x".join(map(str, self.input_shape)), *(layer.brief() for layer in self.layers)]
        )

    @property
    def activations(self) -> tuple[Activation, ...]:
        """Of each layer that has one."""
        return tuple(layer.activation for layer in self.layers if layer.activation is not None)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self.parameters.vector.dtype

    def workspace(self, capacity: int, *, training: bool = False) -> Workspace:
        """Buffers for batches of at most so many examples."""
        return Workspace(self.layers, capacity, self.dtype, training=training)

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
        single = np.ndim(x) == 1 or (len(self.input_shape) > 1 and np.shape(x) == self.input_shape)
        rows = self.checked_inputs(x)
        n = len(rows)
        out = np.empty((n, self.n_outputs), self.dtype)
        workspace = self.workspace(min(n, _INFERENCE_ROWS) or 1)
        for start in range(0, n, workspace.capacity):
            part = rows[start : start + workspace.capacity]
            out[start : start + len(part)] = self.forward(part, workspace.rows(len(part)))
        return out[0] if single else out

    def forward(self, x: Array, states: Sequence[LayerState]) -> Array:
        """Feedforward of one batch into a workspace: trusted shapes, no copies."""
        a = x if len(self.input_shape) == 1 else self.shaped(x)
        for layer, at in zip(self.layers, states, strict=True):
            a = layer.forward(a, at)
        return a

    def shaped(self, x: Array) -> Array:
        """Rows of inputs in the shape that the first layer takes: a view."""
        return x.reshape(len(x), *self.input_shape)

    def predict(self, x: Array) -> NDArray[np.intp]:
        """The class of each example: the index of the largest output, shape (n,)."""
        return np.argmax(np.atleast_2d(self.feedforward(x)), axis=1)

    @with_default_errstate
    def costs(self, x: Array, y: Array) -> Array:
        """C_x of each example, shape (n,); y as for :meth:`backpropagate`."""
        x = self.checked_inputs(x)
        y = self.checked_targets(y, len(x))
        states = self.workspace(len(x)).rows(len(x))
        self.forward(x, states)
        return self.batch_costs(states, y)

    def batch_costs(self, states: Sequence[LayerState], y: Array) -> Array:
        """C_x of each example of a batch just fed forward, shape (batch,)."""
        last: Any = states[-1]
        return self.cost.value_at(self.output_activation, last.z, last.a, y)

    # --- backward ------------------------------------------------------------------------------

    @with_default_errstate
    def backpropagate(self, x: Array, y: Array) -> Parameters:
        """The gradient of the cost, averaged over the batch, by BP1 to BP4.

        Parameters
        ----------
        x : array, shape (n, n_inputs)
        y : array, shape (n, n_outputs), or (n,) of integer labels
            Targets; integer labels are taken as one-hot rows, booleans as the labels 0 and 1.

        Returns
        -------
        Parameters
            ``grads[l].weights`` and ``grads[l].biases``, arrays of their own.

        Raises
        ------
        InvalidArgument
            If x or y do not fit the network, each other, or the cost.
        """
        x = self.checked_inputs(x)
        y = self.checked_targets(y, len(x))
        if not len(x):
            raise InvalidArgument("x holds no example: the mean over none is undefined")
        states = self.workspace(len(x)).rows(len(x))
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
        if len(self.input_shape) > 1:
            x = self.shaped(x)
        last: Any = states[-1]
        self.cost.error(self.output_activation, last.z, last.a, y, out=last.delta)  # BP1
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
        if raw.ndim == 1 or raw.shape == self.input_shape:
            raw = raw[np.newaxis]
        if raw.ndim > 2 and raw.shape[1:] == self.input_shape:
            raw = raw.reshape(len(raw), self.n_inputs)
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
        if raw.ndim == 1 and raw.dtype.kind in "iub" and self.n_outputs > 1 and len(raw) == n:
            if raw.dtype == bool:  # as an index they would be a mask
                raw = raw.astype(np.uint8)
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
        # The views are made anew: copied one by one they would no longer look into the vector.
        return {**vars(self), "layers": tuple(layer.without_arrays() for layer in self.layers)}

    def __setstate__(self, state: dict[str, Any]) -> None:
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
        return f"<Network {self.architecture} ({names}), {self.cost.name} cost, {self.dtype}>"


def _asked(
    sizes: Sequence[int] | Sequence[Layer], input_shape: int | Sequence[int] | None
) -> tuple[Sequence[Layer], Shape]:
    """The layers asked for, and the shape of what goes in."""
    given: list[Any] = list(sizes) if isinstance(sizes, Sequence) else []
    if not any(isinstance(each, Layer) for each in given):
        n_in, *n_out = _checked_sizes(sizes)
        if input_shape is not None:
            raise InvalidArgument(
                f"input_shape is {input_shape!r}: sizes begin with the inputs; it is for layers"
            )
        return [Dense(n) for n in n_out], (n_in,)
    if not all(isinstance(each, Layer) for each in given):
        raise InvalidArgument(f"sizes is {sizes!r}: give whole numbers, or layers, and not both")
    shape = [input_shape] if isinstance(input_shape, int) else input_shape
    if not isinstance(shape, Sequence) or not shape or not all(map(_is_size, shape)):
        raise InvalidArgument(
            f"input_shape is {input_shape!r}: say what shape one example has, such as (784,)"
        )
    return given, tuple(map(int, shape))


def _is_size(n: Any) -> bool:
    return isinstance(n, int | np.integer) and not isinstance(n, bool) and int(n) >= 1


def _checked_sizes(sizes: Any) -> tuple[int, ...]:
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


def _hidden_activations(
    layers: Sequence[Layer], activation: str | Sequence[str]
) -> Sequence[Activation]:
    n_hidden = len(layers) - 1
    if isinstance(activation, str):
        return [activation_named(activation)] * n_hidden  # a misspelt name is told anyway
    if not isinstance(activation, Sequence):
        raise InvalidArgument(f"activation is {activation!r}: give a name, or one for each layer")
    if len(activation) != n_hidden:
        raise InvalidArgument(
            f"activation names {len(activation)} layers, but the network has {n_hidden} hidden layers"
        )
    return [activation_named(name) for name in activation]


def _checked_output(last: Layer, cost: Cost) -> Activation:
    """The activation of the last layer, where the cost begins."""
    if last.activation is None or len(last.output_shape) != 1:
        raise InvalidArgument(
            f"the last layer is {last!r}: the cost needs a row of outputs with an activation, so end "
            f"with a Dense layer"
        )
    if last.activation.name not in cost.outputs:
        raise InvalidArgument(
            f"output_activation {last.activation.name!r} leaves the range of the {cost.name} cost: "
            f"use one of {', '.join(sorted(cost.outputs))}"
        )
    return last.activation
