"""A training under way: where it stands, its loop, and its reports."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from threading import RLock
from time import perf_counter
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.data.representations import deskewed, represent_split
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.kernels import wanted
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters
from handwrought.storage.versions import otherwise, surroundings
from handwrought.training.averaging import RunningAverage
from handwrought.training.batches import AugmentedBatches, chance
from handwrought.training.config import TrainingConfig
from handwrought.training.engines import Epoch, Job, choose_engine
from handwrought.training.optimizers import default_learning_rate
from handwrought.training.reports import BatchReport, EpochReport
from handwrought.training.resuming import check_identity, check_whole
from handwrought.training.schedules import Plateau, make_schedule
from handwrought.training.state import StateHolder, TrainingState
from handwrought.training.validation import cost_and_accuracy

__all__ = ["Run", "begin"]

Array = NDArray[Any]

_IN_TRAINING: WeakSet[Parameters] = WeakSet()
_ONE_AT_A_TIME = RLock()  # a training may be found gone within it


def begin(network: Network) -> None:
    """No other training has the network's parameters from the first report that is asked for until
    the training has ended, is closed, or is gone.

    Raises
    ------
    InvalidArgument
        If another has.
    """
    with _ONE_AT_A_TIME:
        if network.parameters in _IN_TRAINING:
            raise InvalidArgument(
                "this network is in another training, which has not ended: read that one to its end "
                "or close() it, or train a copy, network.copy()"
            )
        _IN_TRAINING.add(network.parameters)


def _end(network: Network) -> None:
    with _ONE_AT_A_TIME:
        _IN_TRAINING.discard(network.parameters)


class Run:
    """A training's loop.

    Parameters
    ----------
    network : Network
    split : Split
        What is trained on, in no representation.
    validation : Split or None
    config : TrainingConfig
        Checked.
    settings : dict
        What decides the mathematics, as JSON values; the ``dropout`` of each layer, the last's too.
    report_every : int, optional
        Mini-batches from one :class:`BatchReport` to the next; may change between reports.
    """

    def __init__(
        self,
        network: Network,
        split: Split,
        validation: Split | None,
        config: TrainingConfig,
        settings: dict[str, Any],
        report_every: int | None = None,
    ) -> None:
        self.network, self.config, self.settings = network, config, settings
        self.report_every = report_every
        self._given = split, validation
        self._digests: dict[str, str | None] | None = None
        representation = config.representation
        self.validation = (
            None if validation is None else represent_split(validation, representation)
        )
        self.n_examples = len(split)
        self.batch_size = min(config.batch_size, len(split))
        self.batches: int = -(-len(split) // self.batch_size)
        self.schedule = make_schedule(config.schedule, config.warm_up)
        usual = default_learning_rate(config.optimizer, network.cost.name)
        self.learning_rate = float(config.learning_rate or usual)
        self.rate = self.learning_rate
        """η of the last step."""
        self.plateau = (
            Plateau(config.plateau_patience) if config.schedule == "halve-on-plateau" else None
        )
        self.average = RunningAverage(network, config.ema_decay) if config.ema_decay else None
        augmented = _augmented(network, split, config)
        self.engine = choose_engine(
            Job(
                network=network,
                split=represent_split(split, representation) if augmented is None else split,
                augmented=augmented,
                batch_size=self.batch_size,
                rates=settings["dropout"],
                average=self.average,
                compiled=wanted(config.epochs * len(split)),
                config=config,
            )
        )
        self.good = network.parameters.numbers.copy()
        """The parameters before the epoch under way."""
        self.raw: Array | None = None
        """The weights in training, while the network holds their average."""
        self.epoch, self.batch, self.total = 1, 0, 0.0
        """The epoch under way, its mini-batches done, and their examples' costs."""

    # --- where it stands ---------------------------------------------------------------------------

    def state(self) -> TrainingState:
        """A copy of all that changes as the training goes on."""
        numbers, arrays = self._parts()
        copies = {name: array.copy() for name, array in arrays.items()}
        around = surroundings(self.engine.name)
        return TrainingState(self.identity, self.epoch, self.batch, numbers, copies, around)

    def _holders(self) -> list[StateHolder]:
        """The parts that hold a state of their own."""
        parts = (self.engine, self.average, self.plateau)
        return [part for part in parts if part is not None]

    def _parts(self) -> tuple[dict[str, float], dict[str, Array]]:
        vector = self.network.parameters.numbers if self.raw is None else self.raw
        numbers: dict[str, float] = {"total": self.total}
        arrays = {"parameters": vector, "good": self.good}
        for holder in self._holders():
            more_numbers, more_arrays = holder.state()
            numbers |= more_numbers
            arrays |= more_arrays
        return numbers, arrays

    def restore(self, state: TrainingState) -> str | None:
        """Stand where ``state`` was taken; returns what to say where its last bits may differ."""
        check_identity(state, self.identity, self.engine.name)
        said = otherwise(state.versions, surroundings(self.engine.name))
        check_whole(state, *self._parts(), epochs=self.config.epochs, batches=self.batches)
        vector = self.network.parameters.numbers
        np.copyto(vector, state.arrays["parameters"])
        np.copyto(self.good, state.arrays["good"])
        for holder in self._holders():
            holder.restore(state)
        self.epoch, self.batch, self.total = state.epoch, state.batch, state.numbers["total"]
        if self.batch:  # its epoch's report tells the rate of the last step, whoever took it
            self._rate(self.epoch, self.batch - 1)
        if self.average is not None and self.epoch > self.config.epochs:  # ended with its average
            self.raw = vector.copy()
            np.copyto(vector, self.average.vector)
        return said

    @property
    def identity(self) -> dict[str, Any]:
        """What a training that goes on must have in common with the one it goes on from."""
        if self._digests is None:  # once, since they take a while
            training, validation = self._given
            self._digests = {
                "training": training.digest(),
                "validation": None if validation is None else validation.digest(),
            }
        return {**self.settings, "data": self._digests}

    # --- the loop ----------------------------------------------------------------------------------

    def reports(self) -> Generator[Any, None, None]:
        """The training: an epoch's reports when they are asked for."""
        try:
            for epoch in range(self.epoch, self.config.epochs + 1):
                self.epoch = epoch
                if not self.batch:
                    np.copyto(self.good, self.network.parameters.numbers)
                yield from self._reports_of_epoch(epoch)
        except GeneratorExit:
            if self.average is not None and self.raw is None:
                np.copyto(self.network.parameters.numbers, self.average.vector)
            raise
        finally:
            _end(self.network)

    def _reports_of_epoch(self, number: int) -> Iterator[BatchReport | EpochReport]:
        start, first = perf_counter(), self.batch
        order = chance(self.config.seed, number, "order").permutation(self.n_examples)
        epoch = Epoch(
            number, order, self.batch_size, lambda i: self._rate(number, i), self._next_stop
        )
        for cost in self.engine.train(epoch, first):
            self.batch += 1
            self.total += cost
            if not isfinite(cost):
                self._diverged(cost)
            if self.report_every and self.batch % self.report_every == 0:
                self.engine.hand_back()
                yield self._batch_report(first, perf_counter() - start)
        self.engine.hand_back()
        seconds = perf_counter() - start
        if not np.isfinite(self.network.parameters.numbers).all():
            self._diverged(float("nan"))
        with self._averaged():
            yield self._epoch_report(first, seconds)

    def _next_stop(self, batch: int) -> int:
        """The mini-batch before which the next report is due."""
        every = int(self.report_every or self.batches)
        return min((batch // every + 1) * every, self.batches)

    def _rate(self, epoch: int, batch: int) -> float:
        """η of the batch (from 0) of the epoch (from 1)."""
        done = ((epoch - 1) * self.batches + batch) / (self.config.epochs * self.batches)
        share = self.plateau.share if self.plateau else 1.0
        self.rate = float(self.learning_rate * share * self.schedule(done))
        return self.rate

    def _batch_report(self, first: int, seconds: float) -> BatchReport:
        seen = self.batch * self.batch_size
        return BatchReport(
            self.epoch,
            self.config.epochs,
            self.batch,
            self.batches,
            self.total / min(seen, self.n_examples),
            (seen - first * self.batch_size) / seconds,
            seconds,
        )

    def _epoch_report(self, first: int, seconds: float) -> EpochReport:
        """Validate, and stand before the next epoch."""
        cost = accuracy = None
        if self.validation is not None:
            cost, accuracy = cost_and_accuracy(self.network, self.validation)
        if self.plateau:
            self.plateau.observe(self.total if cost is None else cost)
        report = EpochReport(
            self.epoch,
            self.config.epochs,
            self.total / self.n_examples,
            cost,
            accuracy,
            self.rate,
            seconds,
            max(0, self.n_examples - first * self.batch_size) / seconds,
        )
        self.epoch, self.batch, self.total = self.epoch + 1, 0, 0.0
        return report

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The network holds the average inside; and after it, if the training ends here."""
        if self.average is None:
            yield
            return
        vector = self.network.parameters.numbers
        self.raw = vector.copy()
        np.copyto(vector, self.average.vector)
        yield
        if self.epoch <= self.config.epochs:
            np.copyto(vector, self.raw)
            self.raw = None

    def _diverged(self, cost: float) -> None:
        np.copyto(self.network.parameters.numbers, self.good)
        usual = default_learning_rate(self.config.optimizer, self.network.cost.name)
        lower = usual if self.rate > 100 * usual else self.rate / 10
        raise TrainingDiverged(
            f"the cost became {cost} in epoch {self.epoch}, batch {self.batch}: the learning rate "
            f"({self.rate:g}) is probably too high; try {lower:g}. The network is back at "
            f"its weights from before epoch {self.epoch}",
            epoch=self.epoch,
            batch=self.batch,
        )


def _augmented(network: Network, split: Split, config: TrainingConfig) -> AugmentedBatches | None:
    augmentation, representation = config.augmentation, config.representation
    if augmentation is None:
        return None
    if representation != "as-is":
        split = replace(split, images=deskewed(split.images, representation))
    return AugmentedBatches(
        split,
        augmentation,
        config.outliers,
        network.dtype,
        config.seed,
        representation,
        round((1 - config.anneal_augmentation) * config.epochs),
    )
