"""What a training asks of an engine, and what an engine is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.nn.network import Network
from handwrought.training.averaging import RunningAverage
from handwrought.training.batches import AugmentedBatches
from handwrought.training.config import CONSTANTS, TrainingConfig
from handwrought.training.optimizers import Optimizer, make_optimizer
from handwrought.training.state import StateHolder
from handwrought.training.step import Step

__all__ = ["Engine", "Epoch", "Job"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Job:
    """What is to be trained, on what, and how."""

    network: Network
    split: Split
    """As the network sees it, where nothing is augmented."""
    augmented: AugmentedBatches | None
    batch_size: int
    """At most the number of examples."""
    rates: list[float]
    """Dropout of each layer."""
    average: RunningAverage | None
    """Of ``network``; to be told of every step."""
    compiled: bool
    """Whether compiled code is wanted."""
    config: TrainingConfig

    @property
    def plain_sgd(self) -> bool:
        """Whether a step is w - η ∂C/∂w, with nothing but weight decay in C."""
        config = self.config
        more = config.l1 or config.clip_norm or any(self.rates)
        return config.optimizer == "sgd" and not more and self.whole_batches

    @property
    def whole_batches(self) -> bool:
        """Whether each step backpropagates all of a mini-batch of the split's own examples."""
        own = self.augmented is None and self.average is None
        return own and self.config.backprop_fraction == 1

    def optimizer(self, network: Network) -> Optimizer:
        """Of the parameters of ``network``: the one given, or a twin of it."""
        config = self.config
        constants = {name: getattr(config, name) for name in CONSTANTS}
        made = make_optimizer(
            config.optimizer, network.parameters, config.weight_decay, **constants
        )
        made.compiled = self.compiled
        return made

    def step(self, network: Network) -> Step:
        """Steps of ``network``: the one given, or a twin of it."""
        config = self.config
        return Step(
            network,
            self.optimizer(network),
            self.rates,
            self.batch_size,
            backprop_fraction=config.backprop_fraction,
            l1=config.l1,
            clip_norm=config.clip_norm,
        )


@dataclass(frozen=True, eq=False)
class Epoch:
    """A pass over the examples."""

    number: int
    """From 1."""
    order: Array
    """Which examples the mini-batches take, one after the other: int, (examples,)."""
    batch_size: int
    rate: Callable[[int], float]
    """η of a mini-batch (from 0)."""
    next_stop: Callable[[int], int]
    """Given a mini-batch, the one before which the training stops next to look at the network."""

    @property
    def n_batches(self) -> int:
        """Mini-batches in it."""
        return -(-len(self.order) // self.batch_size)

    def batches(self) -> list[Array]:
        """The examples of each mini-batch."""
        size = self.batch_size
        return [self.order[i * size : (i + 1) * size] for i in range(self.n_batches)]

    def stretch(self, first: int, end: int) -> tuple[Array, Array]:
        """Examples and rates of the mini-batches from ``first`` up to ``end``."""
        examples = self.order[first * self.batch_size : end * self.batch_size]
        return examples, np.array([self.rate(i) for i in range(first, end)])


class Engine(StateHolder, Protocol):
    """A way to train a network, mini-batch by mini-batch.

    Its :meth:`state` is what its optimizer keeps, in the order of the network's own parameters: a
    training may go on by another engine.
    """

    name: str
    """What decides the last bits, in a checkpoint."""

    def __init__(self, job: Job) -> None: ...

    @staticmethod
    def suits(job: Job) -> bool:
        """Whether it knows how to do a job, and is the faster way."""
        ...

    def train(self, epoch: Epoch, first: int) -> Iterator[float]:
        """Train on the mini-batches from ``first`` on; yields the sum of each one's costs.

        The parameters are taken from the network at the start.  It may run ahead of what it has
        yielded, as far as the epoch's next stop.
        """
        ...

    def hand_back(self) -> None:
        """Let the network hold its parameters after the last cost that was yielded; a stop."""
        ...
