"""Optimizers: how a gradient moves the parameters, a few ``out=`` lines over one flat vector each.

θ stands for the vector of all parameters, g for its gradient, η for the learning rate.  Every
optimizer keeps its state in flat vectors too, and nothing is allocated in a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.util import find_spec
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.nn.parameters import Parameters

__all__ = ["OPTIMIZERS", "Optimizer", "default_learning_rate", "make_optimizer"]

Array = NDArray[Any]


class Optimizer(ABC):
    """What moves the parameters.

    Parameters
    ----------
    parameters : Parameters
        Moved in place.
    weight_decay : float
        λ of the cost (λ/2) Σ w²: its gradient λ w is added to g for weights, not for biases
        (AdamW shrinks the weights by η λ instead).
    """

    name: ClassVar[str]
    slots: ClassVar[tuple[str, ...]] = ()
    """Names of the state vectors, each of the parameters' size."""

    def __init__(self, parameters: Parameters, weight_decay: float = 0.0) -> None:
        self.parameters = parameters
        self.weight_decay = weight_decay
        self.steps = 0
        self.state: dict[str, Array] = {
            slot: np.zeros_like(parameters.vector) for slot in self.slots
        }
        self._scratch = np.empty_like(parameters.vector)
        self.kernels: Any = None
        """:mod:`handwrought.kernels.fused`, where compiled code is wanted."""

    def __getstate__(self) -> dict[str, Any]:
        # A module has no copy, and what is in the scratch means nothing.
        return {**vars(self), "_scratch": None, "kernels": self.kernels is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What another process hands over may be a map of a file, to be read only.
        slots = {k: np.require(v, requirements="W") for k, v in state["state"].items()}
        scratch = np.empty_like(state["parameters"].vector)
        vars(self).update(state, state=slots, _scratch=scratch, kernels=None)
        if state["kernels"] and find_spec("numba") is not None:
            from handwrought.kernels import fused

            self.kernels = fused

    def step(self, gradient: Parameters, learning_rate: float) -> None:
        """Move the parameters once; ``gradient`` is used as scratch and left undefined."""
        self.steps += 1
        self._decay(gradient, learning_rate)
        self._move(gradient.vector, learning_rate)

    def _decay(self, gradient: Parameters, learning_rate: float) -> None:
        if self.weight_decay:
            n = self.parameters.n_weights
            pull = self._scratch[:n]
            np.multiply(self.parameters.weights, self.weight_decay, out=pull)
            gradient.vector[:n] += pull

    @abstractmethod
    def _move(self, g: Array, learning_rate: float) -> None:
        """θ ← θ - ..."""


class SGD(Optimizer):
    """θ ← θ - η g (article, section "Backpropagation under the hood"; Nielsen, equation 20)."""

    name = "sgd"

    def _move(self, g: Array, learning_rate: float) -> None:
        g *= learning_rate
        self.parameters.vector -= g


class Momentum(Optimizer):
    """v ← μ v - η g; θ ← θ + v, with μ = 0.9 (Polyak 1964; Nielsen, equations 107 and 108)."""

    name = "momentum"
    slots = ("velocity",)
    momentum = 0.9

    def _move(self, g: Array, learning_rate: float) -> None:
        velocity = self.state["velocity"]
        velocity *= self.momentum
        g *= learning_rate
        velocity -= g
        self.parameters.vector += velocity


class Nesterov(Momentum):
    """v ← μ v - η g; θ ← θ + μ v - η g: the gradient as if looked up ahead (Sutskever 2013)."""

    name = "nesterov"

    def _move(self, g: Array, learning_rate: float) -> None:
        velocity = self.state["velocity"]
        velocity *= self.momentum
        g *= learning_rate
        velocity -= g
        np.multiply(velocity, self.momentum, out=self._scratch)
        self._scratch -= g
        self.parameters.vector += self._scratch


class RMSProp(Optimizer):
    """s ← ρ s + (1 - ρ) g²; θ ← θ - η g / (√s + ε), ρ = 0.99 (Tieleman and Hinton 2012)."""

    name = "rmsprop"
    slots = ("square",)
    decay = 0.99
    epsilon = 1e-8

    def _move(self, g: Array, learning_rate: float) -> None:
        square, scratch = self.state["square"], self._scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.decay
        square *= self.decay
        square += scratch
        np.sqrt(square, out=scratch)
        scratch += self.epsilon
        np.divide(g, scratch, out=g)
        g *= learning_rate
        self.parameters.vector -= g


class Adam(Optimizer):
    """Moments m and s, both corrected for their start at 0 (Kingma and Ba 2015, algorithm 1).

    m ← β₁ m + (1 - β₁) g; s ← β₂ s + (1 - β₂) g²;
    θ ← θ - η m̂ / (√ŝ + ε), with m̂ = m / (1 - β₁ᵗ), ŝ = s / (1 - β₂ᵗ).
    """

    name = "adam"
    slots = ("mean", "square")
    beta_1 = 0.9
    beta_2 = 0.999
    epsilon = 1e-8

    def _move(self, g: Array, learning_rate: float) -> None:
        mean, square, scratch = self.state["mean"], self.state["square"], self._scratch
        if self.kernels is not None and g.dtype == np.float32:
            rate = learning_rate / (1 - self.beta_1**self.steps)
            root = 1 / np.sqrt(1 - self.beta_2**self.steps)
            constants = (self.beta_1, self.beta_2, rate, root, self.epsilon)
            self.kernels.adam_move(
                self.parameters.vector, g, mean, square, *map(np.float32, constants)
            )
            return
        mean *= self.beta_1
        np.multiply(g, 1 - self.beta_1, out=scratch)
        mean += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.beta_2
        square *= self.beta_2
        square += scratch
        np.sqrt(square, out=scratch)
        scratch *= 1 / np.sqrt(1 - self.beta_2**self.steps)
        scratch += self.epsilon
        np.divide(mean, scratch, out=g)
        g *= learning_rate / (1 - self.beta_1**self.steps)
        self.parameters.vector -= g


class AdamW(Adam):
    """Adam with w ← w - η λ w beside it, not inside g (Loshchilov and Hutter 2019, algorithm 2)."""

    name = "adamw"

    def _decay(self, gradient: Parameters, learning_rate: float) -> None:
        if self.weight_decay:
            self.parameters.weights[...] *= 1 - learning_rate * self.weight_decay


OPTIMIZERS: Final[dict[str, type[Optimizer]]] = {
    kind.name: kind for kind in (SGD, Momentum, Nesterov, RMSProp, Adam, AdamW)
}


def make_optimizer(name: str, parameters: Parameters, weight_decay: float = 0.0) -> Optimizer:
    """The optimizer of this name for these parameters.

    Raises
    ------
    InvalidArgument
        If there is none of this name, or weight_decay is negative or not finite.
    """
    if name not in OPTIMIZERS:
        raise InvalidArgument(f"optimizer {name!r} is unknown: use one of {', '.join(OPTIMIZERS)}")
    if not 0 <= weight_decay < np.inf:
        raise InvalidArgument(f"weight_decay is {weight_decay!r}: it must be at least 0")
    return OPTIMIZERS[name](parameters, weight_decay)


def default_learning_rate(optimizer: str, cost: str) -> float:
    """A learning rate that works on digits: 3.0 for SGD on the quadratic cost, as Nielsen's."""
    sgd = {"quadratic": 3.0, "cross-entropy": 0.5, "softmax": 0.3}.get(cost, 0.1)
    if optimizer == "sgd":
        return sgd
    return sgd / 10 if optimizer in ("momentum", "nesterov") else 0.001
