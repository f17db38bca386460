"""Any training there is: mini-batches by NumPy, one step each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from handwrought.nn.costs import smoothed
from handwrought.nn.network import Network
from handwrought.training.batches import chance
from handwrought.training.engines.protocol import Epoch, Job
from handwrought.training.state import TrainingState

__all__ = ["PlainEngine", "Reader"]

Array = NDArray[Any]


class Reader(Protocol):
    """What makes x and y of the examples of a mini-batch."""

    def read(self, indices: Array, /) -> tuple[Any, Array]:
        """x (m, n_in) and y (m, n_out), good until the next call."""
        ...


class PlainEngine:
    """Every kind of step; where compiled code is wanted, the optimizer's part of it is.

    Parameters
    ----------
    job : Job
    network : Network, optional
        A twin of the job's, for an engine that trains another layout; with its ``reader``.
    reader : Reader, optional
    """

    def __init__(
        self, job: Job, network: Network | None = None, reader: Reader | None = None
    ) -> None:
        self.job = job
        self.name = "compiled" if job.compiled else "plain"
        self.step = job.step(job.network if network is None else network)
        self.reader = reader or job.split.reader(job.batch_size, job.network.dtype)

    @staticmethod
    def suits(job: Job) -> bool:
        """Always."""
        return True

    def train(self, epoch: Epoch, first: int) -> Iterator[float]:
        """A step for each mini-batch."""
        config, average = self.job.config, self.job.average
        for i, (x, y) in enumerate(self._read(epoch, first), start=first):
            if config.label_smoothing:
                smoothed(y, config.label_smoothing, out=y)
            masks = chance(config.seed, epoch.number, "dropout", i)
            cost = self.step(x, y, epoch.rate(i), masks)
            if average is not None:
                average.step()
            yield cost

    def _read(self, epoch: Epoch, first: int) -> Iterator[tuple[Any, Array]]:
        if self.job.augmented is not None:
            return self.job.augmented.read(epoch.number, epoch.batches(), first)
        return map(self.reader.read, epoch.batches()[first:])

    def hand_back(self) -> None:
        """Nothing: the network is trained where it is."""

    def state(self) -> tuple[Mapping[str, float], Mapping[str, Array]]:
        """What the optimizer keeps."""
        return self.step.optimizer.state()

    def restore(self, state: TrainingState) -> None:
        """Go on as the optimizer stood there."""
        self.step.optimizer.restore(state)
