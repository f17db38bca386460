"""A training under way: where it stands, its steps, and its reports."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from threading import RLock
from time import perf_counter
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.kernels import wanted
from handwrought.nn.costs import smoothed
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters
from handwrought.storage.versions import otherwise, surroundings
from handwrought.training import sparse_engine, split_engine
from handwrought.training.averaging import RunningAverage
from handwrought.training.batches import ChangedBatches, chance
from handwrought.training.optimizers import default_learning_rate
from handwrought.training.reports import BatchReport, EpochReport
from handwrought.training.schedules import Plateau, Schedule
from handwrought.training.sparse_engine import SparseEngine
from handwrought.training.split_engine import SplitEngine
from handwrought.training.state import TrainingState
from handwrought.training.step import Step

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


_NEW = frozenset(("activations", "cost", "dtype", "data"))
"""Of an identity: what checkpoints of format 1 did not note."""


@dataclass(eq=False)
class Run:
    network: Network
    split: Split
    validation: Split | None
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    label_smoothing: float
    report_every: int | None
    changed: ChangedBatches | None
    settle: float
    given: tuple[Split, Split | None]
    """What is trained and validated on, in no view."""
    settings: dict[str, Any]

    def __post_init__(self) -> None:
        net = self.network
        self.step: Step
        self.schedule: Schedule
        self.plateau: Plateau | None
        self.average: RunningAverage | None
        self.sparse: SparseEngine | None = None
        self.split_engine: SplitEngine | None = None
        self.reader: Any = self.split.reader(self.batch_size, net.dtype)
        self.batches = -(-len(self.split) // self.batch_size)
        self.good = net.parameters.vector.copy()
        self.raw: Array | None = None
        """The weights in training, while the network holds their average."""
        self.epoch, self.batch, self.total = 1, 0, 0.0
        """The epoch under way, its mini-batches done, and their examples' costs."""
        self.rate = self.learning_rate
        self.data: dict[str, str | None] | None = None
        """Digests of what is given."""

    def choose_engine(self, *, plain: bool, whole: bool) -> Network:
        """Compiled code where it knows how and pays; the choice is the same each time.

        Returns the network that the steps train: the one given, or an engine's twin of it.
        """
        self.compiled = wanted(self.epochs * len(self.split))
        if not self.compiled or not whole or self.changed is not None or self.average is not None:
            return self.network
        decay = self.settings["weight_decay"]
        if plain and sparse_engine.suits(self.network, self.split, self.batch_size):
            self.sparse = SparseEngine(
                self.network, self.split, self.batch_size, decay, self.label_smoothing
            )
        elif split_engine.suits(self.network, self.split):
            self.split_engine = SplitEngine(self.network, self.split, self.batch_size)
            self.reader = self.split_engine
            return self.split_engine.network
        return self.network

    # --- where it stands ---------------------------------------------------------------------------

    def state(self) -> TrainingState:
        """A copy of all that changes as the training goes on."""
        vector = self.network.parameters.vector if self.raw is None else self.raw
        optimizer = self.step.optimizer
        arrays = {"parameters": vector, "good": self.good}
        numbers: dict[str, float] = {"total": self.total, "steps": optimizer.steps}
        if self.average is not None:
            arrays["average"] = self.average.vector
            numbers["averaged"] = self.average.steps
        if self.plateau is not None:
            numbers |= {
                "share": self.plateau.share,
                "best": self.plateau.best,
                "waited": self.plateau.waited,
            }
        copies = {name: array.copy() for name, array in arrays.items()}
        for name, array in optimizer.vectors.items():
            copies[name] = array.copy()
            if self.split_engine is not None:
                self.split_engine.convert(array, copies[name], into_network=True)
        return TrainingState(
            self.identity, self.epoch, self.batch, numbers, copies, surroundings(self._engine)
        )

    def restore(self, state: TrainingState) -> str | None:
        """Stand where ``state`` was taken; returns what to say where its last bits may differ."""
        said = self._compare(state)
        optimizer = self.step.optimizer
        into = {
            "parameters": self.network.parameters.vector,
            "good": self.good,
            **optimizer.vectors,
        }
        if self.average is not None:
            into["average"] = self.average.vector
        self._check_state(state, into)
        if self.average is not None:
            self.average.steps = int(state.numbers["averaged"])
        for name, array in into.items():
            np.copyto(array, state.arrays[name])
        if self.split_engine is not None and "engine" not in state.settings:
            for name, array in optimizer.vectors.items():
                self.split_engine.convert(array, state.arrays[name], into_network=False)
        if self.plateau is not None:
            self.plateau.share = state.numbers["share"]
            self.plateau.best = state.numbers["best"]
            self.plateau.waited = int(state.numbers["waited"])
        optimizer.steps = int(state.numbers["steps"])
        self.epoch, self.batch, self.total = state.epoch, state.batch, state.numbers["total"]
        if self.batch:  # its epoch's report tells the rate of the last step, whoever took it
            self._rate(self.epoch, self.batch - 1)
        if self.average is not None and self.epoch > self.epochs:  # it ended with its average
            self.raw = into["parameters"].copy()
            np.copyto(into["parameters"], self.average.vector)
        return said

    def _compare(self, state: TrainingState) -> str | None:
        """Refuse what would be another training; returns a sentence on what may change last bits."""
        kept, asked = dict(state.settings), self.identity
        if "data" not in kept:  # of format 1, which noted its engine alone
            asked = {name: value for name, value in asked.items() if name not in _NEW}
            asked["engine"] = self._engine
        for name in sorted({*asked, *kept}):
            if kept.get(name) == asked.get(name):
                continue
            if name == "data":
                raise InvalidArgument(
                    f"the {self._other(kept[name])} images or labels are others than those of the "
                    f"training to go on with: give it the same data, or begin a new training"
                )
            raise InvalidArgument(
                f"{name} is {asked.get(name)!r}, and the training to go on with had "
                f"{kept.get(name)!r}: ask for the same"
            )
        return otherwise(state.versions, surroundings(self._engine))

    def _other(self, kept: Any) -> str:
        same = isinstance(kept, dict) and kept.get("training") == self.identity["data"]["training"]
        return "validation" if same else "training"

    def _check_state(self, state: TrainingState, into: dict[str, Array]) -> None:
        """What a file says is checked before any of it is taken over."""
        for name, array in into.items():
            kept = state.arrays.get(name)
            fits = kept is not None and (kept.shape, kept.dtype) == (array.shape, array.dtype)
            if kept is None or not fits or not np.isfinite(kept).all():
                raise InvalidArgument(
                    f"{name} of the training to go on with is missing, does not fit this network, "
                    f"or is not finite: its checkpoint is damaged"
                )
        whole = ["steps"] + (["averaged"] if self.average is not None else [])
        whole += ["waited"] if self.plateau is not None else []
        names = ["total", *whole] + (["share"] if self.plateau is not None else [])
        numbers = [state.numbers.get(name, -1.0) for name in names]
        # A counter with a fraction is none.
        numbers += [
            0.0 if float(state.numbers.get(name, -1)).is_integer() else -1 for name in whole
        ]
        best = state.numbers.get("best", np.nan if self.plateau is not None else 0.0)
        place = 1 <= state.epoch <= self.epochs + 1 and 0 <= state.batch <= self.batches
        if not place or not all(0 <= number < 1e300 for number in numbers) or best != best:
            raise InvalidArgument(
                f"the training to go on with stands at epoch {state.epoch}, batch {state.batch}, "
                f"or its counters make no sense: its checkpoint is damaged"
            )

    @property
    def identity(self) -> dict[str, Any]:
        """What a training that goes on must have in common with the one it goes on from."""
        if self.data is None:  # once, since they take a while
            training, validation = self.given
            self.data = {
                "training": training.digest(),
                "validation": None if validation is None else validation.digest(),
            }
        return {**self.settings, "data": self.data}

    @property
    def _engine(self) -> str:
        if self.sparse is not None:
            return "sparse"
        if self.split_engine is not None:
            return "split"
        return "compiled" if self.compiled else "plain"

    # --- the loop ----------------------------------------------------------------------------------

    def reports(self) -> Generator[Any, None, None]:
        try:
            yield from self._reports()
        finally:
            _end(self.network)

    def _reports(self) -> Generator[Any, None, None]:
        try:
            for epoch in range(self.epoch, self.epochs + 1):
                self.epoch = epoch
                if not self.batch:
                    np.copyto(self.good, self.network.parameters.vector)
                yield from self._reports_of_epoch(epoch)
        except GeneratorExit:
            if self.average is not None and self.raw is None:
                np.copyto(self.network.parameters.vector, self.average.vector)
            raise

    def _reports_of_epoch(self, epoch: int) -> Iterator[Any]:
        start, first = perf_counter(), self.batch
        for cost in self._costs(epoch):
            self.batch += 1
            self.total += cost
            if not isfinite(cost):
                self._diverged(epoch, self.batch, cost)
            if self.report_every and self.batch % self.report_every == 0:
                self._hand_back()
                seen, seconds = self.batch * self.batch_size, perf_counter() - start
                yield BatchReport(
                    epoch,
                    self.epochs,
                    self.batch,
                    self.batches,
                    self.total / min(seen, len(self.split)),
                    (seen - first * self.batch_size) / seconds,
                    seconds,
                )
        self._hand_back()
        seconds = perf_counter() - start
        if not np.isfinite(self.network.parameters.vector).all():
            self._diverged(epoch, self.batches, float("nan"))
        with self._averaged():
            validation_cost, accuracy = self._validate()
            if self.plateau:
                worse = self.total if validation_cost is None else validation_cost
                self.plateau.observe(worse)
            mean = self.total / len(self.split)
            self.epoch, self.batch, self.total = epoch + 1, 0, 0.0
            yield EpochReport(
                epoch,
                self.epochs,
                mean,
                validation_cost,
                accuracy,
                self.rate,
                seconds,
                max(0, len(self.split) - first * self.batch_size) / seconds,
            )

    def _costs(self, epoch: int) -> Iterator[float]:
        """Train on each mini-batch left of one epoch; yields the sum of its examples' costs."""
        order = chance(self.seed, epoch, "order").permutation(len(self.split))
        first = self.batch
        if self.sparse is not None:
            while first < self.batches:
                # A call ends where a report is due: what is reported is where the network stands.
                chunk = self.report_every or self.sparse.chunk
                end = min((first // chunk + 1) * chunk, self.batches)
                rates = [self._rate(epoch, i) for i in range(first, end)]
                some = order[first * self.batch_size : end * self.batch_size]
                yield from self.sparse.train(some, np.array(rates)).tolist()
                first = end
            return
        if self.split_engine is not None:
            self.split_engine.copy(into_network=False)
        for i, (x, y) in enumerate(self._read(epoch, order, first), start=first):
            if self.label_smoothing:
                smoothed(y, self.label_smoothing, out=y)
            masks = chance(self.seed, epoch, "dropout", i)
            cost = self.step(x, y, self._rate(epoch, i), masks)
            if self.average is not None:
                self.average.step()
            yield cost

    def _read(self, epoch: int, order: Array, first: int) -> Iterator[tuple[Any, Array]]:
        """x and y of the mini-batches of one epoch from ``first`` on."""
        size = self.batch_size
        chosen = [order[i * size : (i + 1) * size] for i in range(self.batches)]
        if self.changed is None:
            yield from map(self.reader.read, chosen[first:])
            return
        settled = epoch > round((1 - self.settle) * self.epochs)
        yield from self.changed.read(epoch, chosen, first, 0.5 if settled else 1.0)

    def _rate(self, epoch: int, batch: int) -> float:
        """η of the batch (from 0) of the epoch (from 1)."""
        done = ((epoch - 1) * self.batches + batch) / (self.epochs * self.batches)
        share = self.plateau.share if self.plateau else 1.0
        self.rate = float(self.learning_rate * share * self.schedule(done))
        return self.rate

    def _hand_back(self) -> None:
        """The network given gets what its twin has learnt."""
        if self.split_engine is not None:
            self.split_engine.copy(into_network=True)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The network holds the average inside; and after it, if the training ends here."""
        if self.average is None:
            yield
            return
        vector = self.network.parameters.vector
        self.raw = vector.copy()
        np.copyto(vector, self.average.vector)
        yield
        if self.epoch <= self.epochs:
            np.copyto(vector, self.raw)
            self.raw = None

    def _validate(self) -> tuple[float | None, float | None]:
        if self.validation is None:
            return None, None
        from handwrought.training.validation import cost_and_accuracy

        return cost_and_accuracy(self.network, self.validation)

    def _diverged(self, epoch: int, batch: int, cost: float) -> None:
        np.copyto(self.network.parameters.vector, self.good)
        usual = default_learning_rate(self.settings["optimizer"], self.network.cost.name)
        lower = usual if self.rate > 100 * usual else self.rate / 10
        raise TrainingDiverged(
            f"the cost became {cost} in epoch {epoch}, batch {batch}: the learning rate "
            f"({self.rate:g}) is probably too high; try {lower:g}. The network is back at "
            f"its weights from before epoch {epoch}",
            epoch=epoch,
            batch=batch,
        )
