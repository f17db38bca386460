"""What a layer is: shapes in and out, arrays it asks for, forward, backward, and how it is described.

What passes up between layers is a, and what passes down is ∂C/∂a.  A layer belongs to its network;
what it computes of one batch lies in a :class:`LayerState`, which belongs to the batch.

A layer's life: it is asked for (``Dense(100)``), placed on a shape (``placed((784,), sigmoid)``),
and given its arrays (``with_arrays``).  Each step makes a layer of its own, so that what was asked
for may be placed twice.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import Activation
from handwrought.nn.parameters import ArraySpec, LayerParameters

__all__ = ["Layer", "LayerState", "Shape"]

Array = NDArray[Any]
Shape = tuple[int, ...]
"""Of one example: (784,), or (1, 28, 28)."""


@dataclass(eq=False)
class LayerState:
    """A layer's quantities for one batch, each of shape (batch, *output_shape)."""

    a: Array
    dC_da: Array
    training: bool = field(default=False, kw_only=True)
    """Whether the batch is trained on: then running statistics take it in, and masks are drawn."""

    handed_on: ClassVar[tuple[str, ...]] = ("a",)
    """What a backward pass needs of the forward pass before it."""

    @property
    def output(self) -> Array:
        """What the layer above receives."""
        return self.a

    def take(self, other: LayerState, rows: Array) -> None:
        """Copy what a forward pass left in these rows of another state."""
        for name in self.handed_on:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and theirs is not None:
                np.take(theirs, rows, axis=0, out=mine, mode="clip")

    def arrays(self) -> dict[str, Array]:
        """The buffers by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    def rows(self, n: int) -> Self:
        """Views of the first n rows."""
        views: dict[str, Any] = {name: array[:n] for name, array in self.arrays().items()}
        return replace(self, **views)


class Layer(ABC):
    """One layer of a network.

    Attributes
    ----------
    kind : str
        Its name in model files and recipes.
    activation : Activation or None
        What makes a of z, where the layer has one: the last layer of a network must, since the cost
        begins there.
    input_shape, output_shape : tuple of int
        Of one example; known once the layer is placed.
    """

    kind: ClassVar[str]
    activation: Activation | None = None
    input_shape: Shape
    output_shape: Shape

    # --- what it is -------------------------------------------------------------------------------

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What it is made of again, as keyword arguments that are JSON values."""

    @abstractmethod
    def shape_of_output(self, input_shape: Shape) -> Shape:
        """Of one example; InvalidArgument where the layer takes no such input."""

    def specs(self) -> tuple[ArraySpec, ...]:
        """The arrays it asks for, once it is placed; none by default."""
        return ()

    def brief(self) -> str:
        """Itself in a network's :attr:`~handwrought.Network.architecture`."""
        return self.kind

    # --- its place and its arrays ------------------------------------------------------------------

    def placed(self, input_shape: Shape, activation: Activation | None = None) -> Self:
        """The layer on top of this shape; ``activation`` is for one that takes one and named none."""
        twin = copy.copy(self)
        twin.input_shape, twin.output_shape = input_shape, self.shape_of_output(input_shape)
        return twin

    def with_arrays(self, *arrays: LayerParameters) -> Self:
        """The layer around these views: ``layer.weights`` is one of them."""
        twin = copy.copy(self)
        for share in arrays:
            vars(twin).update(share.items())
        return twin

    def without_arrays(self) -> Self:
        """The layer as it was placed."""
        twin = copy.copy(self)
        for spec in self.specs():
            vars(twin).pop(spec.name, None)
        return twin

    def __setattr__(self, name: str, value: Any) -> None:
        """``layer.weights = w`` copies w: another array would be none of the network's vector."""
        view = vars(self).get(name)
        if isinstance(view, np.ndarray):
            if value is not view:
                view[...] = value
        else:
            super().__setattr__(name, value)

    def initialize(  # noqa: B027 - most layers have nothing to draw
        self, rng: np.random.Generator, initializer: str | None = None
    ) -> None:
        """Draw its arrays afresh, or set them to where they begin; nothing by default."""

    # --- a batch ----------------------------------------------------------------------------------

    def state(
        self, capacity: int, dtype: DTypeLike, *, training: bool = False, dropout: bool = False
    ) -> LayerState:
        """Buffers for a batch of at most ``capacity``; ``dropout``: with room for a mask."""
        if dropout:
            raise InvalidArgument(f"dropout leaves out neurons of dense layers, and this is {self}")
        shape = (capacity, *self.output_shape)
        return LayerState(np.zeros(shape, dtype), np.zeros(shape, dtype), training=training)

    @abstractmethod
    def forward(self, a_below: Array, at: Any) -> Array:
        """The output for a batch, into ``at``; a_below: (batch, *input_shape)."""

    def error(self, dC_da: Array, at: Any) -> None:  # noqa: B027 - where they are the same
        """∂C/∂z from ∂C/∂a, into ``at``, where the layer tells them apart."""

    @abstractmethod
    def backward(
        self, at: Any, gradient: LayerParameters, a_below: Array, out: Array | None
    ) -> Array | None:
        """After :meth:`error`: its gradients into ``gradient``, and ∂C/∂a of the layer below into
        ``out``.

        The first layer has none below (``out`` is None).
        """

    def branches(self, at: Any) -> Array | None:
        """On which side of its kinks each neuron of a batch is, None for a layer without kinks."""
        return None

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({settings})"
