"""Optimizers: how a gradient moves the parameters, a few ``out=`` lines over one flat vector each.

θ stands for the vector of all parameters, g for its gradient, η for the learning rate.  Every
optimizer keeps its state in flat vectors too, and nothing is allocated in a step.

One class declares all of an optimizer: its name, the vectors it keeps, its constants, the learning
rates it starts from, and its formula.  A new one is written here, and named in ``OPTIMIZERS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.nn.parameters import Parameters
from handwrought.training.state import TrainingState

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
    **constants : float
        Others than the defaults; each is an attribute then.
    """

    name: ClassVar[str]
    slots: ClassVar[tuple[str, ...]] = ()
    """Names of the vectors that it keeps, each of the parameters' size."""
    constants: ClassVar[Mapping[str, float]] = {}
    """What its formula takes beside η, by default; bounds stand in ``training/config.py``."""
    learning_rates: ClassVar[Mapping[str, float]] = {}
    """Rates that work on digits, by cost."""
    learning_rate: ClassVar[float] = 0.001
    """And with any other cost."""

    def __init__(
        self, parameters: Parameters, weight_decay: float = 0.0, **constants: float
    ) -> None:
        self.parameters = parameters
        self.weight_decay = weight_decay
        self.steps = 0
        self.vectors: dict[str, Array] = {
            slot: np.zeros_like(parameters.vector) for slot in self.slots
        }
        self._scratch = np.empty_like(parameters.vector)
        self.compiled = False
        """Whether a step may be a kernel's, where there is one."""
        vars(self).update(self.constants, **constants)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_scratch": None}  # what is in it means nothing

    def __setstate__(self, state: dict[str, Any]) -> None:
        # What another process hands over may be a map of a file, to be read only.
        vectors = {slot: np.require(v, requirements="W") for slot, v in state["vectors"].items()}
        scratch = np.empty_like(state["parameters"].vector)
        compiled = state["compiled"] and find_spec("numba") is not None
        vars(self).update(state, vectors=vectors, _scratch=scratch, compiled=compiled)

    # --- in a checkpoint ----------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, float], dict[str, Array]]:
        """The numbers and vectors that change as it steps; views."""
        return {"steps": self.steps}, self.vectors

    def restore(self, state: TrainingState) -> None:
        """Stand where the optimizer of this training stood."""
        self.steps = int(state.numbers["steps"])
        for slot, vector in self.vectors.items():
            np.copyto(vector, state.arrays[slot])

    # --- a step -------------------------------------------------------------------------------------

    def step(
        self, gradient: Parameters, learning_rate: float, clip_norm: float | None = None
    ) -> None:
        """Move the parameters once; ``gradient`` is used as scratch and left undefined.

        ``clip_norm`` bounds the norm of g, λ w in it, whatever the number of weights.
        """
        self.steps += 1
        self._decay(gradient, learning_rate)
        if clip_norm is not None:
            _clip(gradient.vector, clip_norm)
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


def _clip(g: Array, most: float) -> None:
    """Scale g down to this norm if it is longer (Pascanu et al. 2013, algorithm 1)."""
    unit = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        norm = float(np.linalg.norm(g))
        if norm == np.inf:  # of the squares, perhaps; an infinite g becomes NaN here, and is seen
            unit = float(np.abs(g).max())
            g /= unit
            norm = float(np.linalg.norm(g))
    if norm > most / unit:
        g *= most / norm
    else:
        g *= unit


class SGD(Optimizer):
    """θ ← θ - η g (article, section "Backpropagation under the hood"; Nielsen, equation 20)."""

    name = "sgd"
    learning_rates: ClassVar = {
        "quadratic": 3.0,
        "cross-entropy": 0.5,
        "softmax": 0.3,
    }  # 3.0: Nielsen's
    learning_rate = 0.1

    def _move(self, g: Array, learning_rate: float) -> None:
        g *= learning_rate
        self.parameters.vector -= g


class Momentum(Optimizer):
    """v ← μ v - η g; θ ← θ + v (Polyak 1964; Nielsen, equations 107 and 108)."""

    name = "momentum"
    slots = ("velocity",)
    constants: ClassVar = {"momentum": 0.9}
    learning_rates: ClassVar = {cost: rate / 10 for cost, rate in SGD.learning_rates.items()}
    learning_rate = SGD.learning_rate / 10
    momentum: float

    def _move(self, g: Array, learning_rate: float) -> None:
        velocity = self.vectors["velocity"]
        velocity *= self.momentum
        g *= learning_rate
        velocity -= g
        self.parameters.vector += velocity


class Nesterov(Momentum):
    """v ← μ v - η g; θ ← θ + μ v - η g: the gradient as if looked up ahead (Sutskever 2013)."""

    name = "nesterov"

    def _move(self, g: Array, learning_rate: float) -> None:
        velocity = self.vectors["velocity"]
        velocity *= self.momentum
        g *= learning_rate
        velocity -= g
        np.multiply(velocity, self.momentum, out=self._scratch)
        self._scratch -= g
        self.parameters.vector += self._scratch


class RMSProp(Optimizer):
    """s ← ρ s + (1 - ρ) g²; θ ← θ - η g / (√s + ε) (Tieleman and Hinton 2012)."""

    name = "rmsprop"
    slots = ("square",)
    constants: ClassVar = {"rho": 0.99, "epsilon": 1e-8}
    rho: float
    epsilon: float

    def _move(self, g: Array, learning_rate: float) -> None:
        square, scratch = self.vectors["square"], self._scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.rho
        square *= self.rho
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
    constants: ClassVar = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    beta1: float
    beta2: float
    epsilon: float

    def _move(self, g: Array, learning_rate: float) -> None:
        mean, square, scratch = self.vectors["mean"], self.vectors["square"], self._scratch
        rate = learning_rate / (1 - self.beta1**self.steps)
        root = 1 / np.sqrt(1 - self.beta2**self.steps)
        if self.compiled and g.dtype == np.float32:
            from handwrought.kernels.fused import adam_move

            constants = map(np.float32, (self.beta1, self.beta2, rate, root, self.epsilon))
            adam_move(self.parameters.vector, g, (mean, square), tuple(constants))
            return
        mean *= self.beta1
        np.multiply(g, 1 - self.beta1, out=scratch)
        mean += scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.beta2
        square *= self.beta2
        square += scratch
        np.sqrt(square, out=scratch)
        scratch *= root
        scratch += self.epsilon
        np.divide(mean, scratch, out=g)
        g *= rate
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


def make_optimizer(
    name: str, parameters: Parameters, weight_decay: float = 0.0, **constants: float | None
) -> Optimizer:
    """The optimizer of this name for these parameters; a constant that is None is its default.

    Raises
    ------
    InvalidArgument
        If there is none of this name, it takes no such constant, or weight_decay is no decay.
    """
    kind = _named(name)
    if not 0 <= weight_decay < np.inf:
        raise InvalidArgument(f"weight_decay is {weight_decay!r}: it must be at least 0")
    given = {key: value for key, value in constants.items() if value is not None}
    for key in given:
        if key not in kind.constants:
            takes = " and ".join(", ".join(kind.constants).rsplit(", ", 1)) or "no constants"
            raise InvalidArgument(f"optimizer {name!r} takes no {key}: it takes {takes}")
    return kind(parameters, weight_decay, **given)


def _named(name: str) -> type[Optimizer]:
    if name not in OPTIMIZERS:
        raise InvalidArgument(f"optimizer {name!r} is unknown: use one of {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name]


def default_learning_rate(optimizer: str, cost: str) -> float:
    """A learning rate that works on digits: 3.0 for SGD on the quadratic cost, as Nielsen's."""
    kind = _named(optimizer)
    return kind.learning_rates.get(cost, kind.learning_rate)
