"""The training loop: a generator of reports, which whoever watches reads one at a time.

Stopping is breaking out of the loop.  The same seed gives the same bits, twice, on the same
machine, build and thread count; BLAS promises no more.  The order of each epoch and its dropout
masks are drawn from (seed, epoch), so no epoch depends on how an earlier one was watched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.kernels import wanted
from handwrought.nn.costs import smoothed
from handwrought.nn.network import Network
from handwrought.nn.workspace import Workspace
from handwrought.training import sparse_engine, split_engine
from handwrought.training.ahead import made_ahead
from handwrought.training.optimizers import default_learning_rate, make_optimizer
from handwrought.training.schedules import Plateau, make_schedule
from handwrought.training.sparse_engine import SparseEngine
from handwrought.training.split_engine import SplitEngine

__all__ = ["BatchReport", "EpochReport", "train"]

Array = NDArray[Any]

_ORDER, _DROPOUT, _AUGMENTATION = 0, 1, 2
"""Which stream of random numbers of an epoch: ``default_rng([seed, epoch, stream])``."""


@dataclass(frozen=True)
class BatchReport:
    """Progress within an epoch.

    Attributes
    ----------
    epoch, epochs : int
        From 1.
    batch, batches : int
        From 1, within the epoch.
    cost : float
        Mean cost of the epoch's examples so far.
    images_per_second : float
        Of this epoch so far.
    seconds : float
        Since the epoch began.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    cost: float
    images_per_second: float
    seconds: float


@dataclass(frozen=True)
class EpochReport:
    """One epoch's result.

    Attributes
    ----------
    epoch, epochs : int
        From 1.
    cost : float
        Mean cost of the training examples, each as its mini-batch met the network; regularization
        is not in it.
    validation_cost, validation_accuracy : float or None
        On the validation split after the epoch; None where there is none.
    learning_rate : float
        Of the epoch's last step.
    seconds : float
        Of training alone, without validation.
    images_per_second : float
    """

    epoch: int
    epochs: int
    cost: float
    validation_cost: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float


def train(
    network: Network,
    data: Dataset | Split,
    *,
    epochs: int = 30,
    batch_size: int = 10,
    optimizer: str = "sgd",
    learning_rate: float | None = None,
    seed: int = 0,
    schedule: str = "constant",
    warm_up: float = 0.0,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    dropout: float | Sequence[float] = 0.0,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    plateau_patience: int = 5,
    report_every: int | None = None,
    augmentation: Augmentation | None = None,
    average: float = 0.0,
) -> Iterator[Any]:
    """Train a network in place; yields an :class:`EpochReport` after each epoch, lazily.

    Parameters
    ----------
    network : Network
    data : Dataset or Split
        A Dataset trains on ``.train`` and validates on ``.validation``; a Split is trained on and
        nothing is validated.
    epochs, batch_size : int
    optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"}
    learning_rate : float, optional
        η; by default one that suits optimizer and cost (3.0 for SGD on the quadratic cost).
    seed : int
        Of the order of the examples and of dropout.
    schedule : {"constant", "step", "halve-on-plateau", "cosine", "one-cycle"}
    warm_up : float
        Share of the training over which the learning rate rises from 0.
    weight_decay : float
        λ of (λ/2) Σ w², added to the mean cost. Nielsen's λ is n times this: his 5.0 on 50,000
        images is 1e-4 here.
    l1 : float
        λ of λ Σ |w|.
    dropout : float or sequence of float
        Share of neurons left out of each hidden layer (one for all, or one each), the others
        scaled up by 1/(1 - share) (Srivastava et al. 2014, section 10).
    label_smoothing : float
        See :func:`handwrought.nn.costs.smoothed`.
    clip_norm : float, optional
        Gradients with a larger norm are scaled down to it (Pascanu et al. 2013, algorithm 1).
    plateau_patience : int
        Epochs without a lower validation cost before "halve-on-plateau" halves.
    report_every : int, optional
        Yield a :class:`BatchReport` after every so many mini-batches, too.
    augmentation : Augmentation, optional
        Changes the images anew each time they are used; made in a thread beside the training.
    average : float
        Decay of a running average of the parameters, 0.999 for example; validation looks at the
        average, and the network ends with it (Polyak and Juditsky 1992). 0 is none.

    Raises
    ------
    InvalidArgument
        Before anything is trained, for arguments or data that do not fit.
    TrainingDiverged
        When a cost becomes NaN or infinite; the network is back at its last good weights.
    """
    split = data.train if isinstance(data, Dataset) else data
    validation = data.validation if isinstance(data, Dataset) else None
    _check(network, split, epochs, batch_size, learning_rate, seed, l1, clip_norm, report_every)
    rates = _dropout_rates(network, dropout)
    if not 0 <= label_smoothing <= 1:
        raise InvalidArgument(f"label_smoothing is {label_smoothing!r}: it must lie from 0 to 1")
    if not 0 <= average < 1:
        raise InvalidArgument(f"average is {average!r}: it must be at least 0 and below 1")
    if augmentation is not None and split.images.ndim != 3:
        raise InvalidArgument("augmentation is for images, and the data is a table")
    eta = default_learning_rate(optimizer, network.cost.name)
    run = _Run(
        network=network,
        split=split,
        validation=validation,
        epochs=epochs,
        batch_size=min(batch_size, len(split)),
        learning_rate=eta if learning_rate is None else float(learning_rate),
        seed=seed,
        l1=l1,
        rates=rates,
        label_smoothing=label_smoothing,
        clip_norm=clip_norm,
        report_every=report_every,
        augmentation=augmentation,
        average=average,
    )
    run.schedule = make_schedule(schedule, warm_up)
    run.plateau = Plateau(plateau_patience) if schedule == "halve-on-plateau" else None
    run.choose_engine(optimizer, weight_decay)
    return run.reports()


@dataclass(eq=False)
class _Run:
    network: Network
    split: Split
    validation: Split | None
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    l1: float
    rates: list[float]
    label_smoothing: float
    clip_norm: float | None
    report_every: int | None
    augmentation: Augmentation | None
    average: float

    def __post_init__(self) -> None:
        net = self.network
        self.optimizer: Any
        self.schedule: Any
        self.plateau: Plateau | None
        self.sparse: SparseEngine | None = None
        self.split_engine: SplitEngine | None = None
        self.trained = net
        """The network that the steps train: the one given, or an engine's twin of it."""
        self.gradient = net.parameters.like()
        self.workspace = Workspace(
            net.sizes, self.batch_size, net.dtype, [rate > 0 for rate in self.rates]
        )
        self.reader: Any = self.split.reader(self.batch_size, net.dtype)
        self.batches = -(-len(self.split) // self.batch_size)
        self.good = net.parameters.vector.copy()
        self.mean = net.parameters.vector.copy() if self.average else None
        self.steps = 0

    def choose_engine(self, optimizer: str, weight_decay: float) -> None:
        """Compiled code where it knows how and pays; the choice is the same each time."""
        compiled = wanted(self.epochs * len(self.split))
        plain = optimizer == "sgd" and not self.l1 and not any(self.rates) and not self.clip_norm
        as_they_are = self.augmentation is None and not self.average
        sparse = plain and sparse_engine.suits(self.network, self.split, self.batch_size)
        if compiled and as_they_are and sparse:
            self.sparse = SparseEngine(
                self.network, self.split, self.batch_size, weight_decay, self.label_smoothing
            )
        elif compiled and as_they_are and split_engine.suits(self.network, self.split):
            self.split_engine = SplitEngine(self.network, self.split, self.batch_size)
            self.trained, self.reader = self.split_engine.network, self.split_engine
        self.optimizer = make_optimizer(optimizer, self.trained.parameters, weight_decay)
        if compiled:
            from handwrought.kernels import fused

            self.optimizer.kernels = fused

    def reports(self) -> Iterator[Any]:
        for epoch in range(1, self.epochs + 1):
            np.copyto(self.good, self.network.parameters.vector)
            total, start = 0.0, perf_counter()
            # A cost that overflows is answered with TrainingDiverged, not with NumPy's warnings.
            with np.errstate(over="ignore", invalid="ignore"):
                for batch, cost in enumerate(self._costs(epoch), start=1):
                    total += cost
                    if not isfinite(cost):
                        self._diverged(epoch, batch, cost)
                    if self.report_every and batch % self.report_every == 0:
                        self._hand_back()
                        seen, seconds = batch * self.batch_size, perf_counter() - start
                        yield BatchReport(
                            epoch,
                            self.epochs,
                            batch,
                            self.batches,
                            total / min(seen, len(self.split)),
                            seen / seconds,
                            seconds,
                        )
                self._hand_back()
                seconds = perf_counter() - start
                if not np.isfinite(self.network.parameters.vector).all():
                    self._diverged(epoch, self.batches, float("nan"))
                with self._averaged(keep=epoch == self.epochs):
                    validation_cost, accuracy = self._validate()
            if self.plateau:
                self.plateau.observe(total if validation_cost is None else validation_cost)
            yield EpochReport(
                epoch,
                self.epochs,
                total / len(self.split),
                validation_cost,
                accuracy,
                self.rate,
                seconds,
                len(self.split) / seconds,
            )

    def _costs(self, epoch: int) -> Iterator[float]:
        """Train on each mini-batch of one epoch; yields the sum of its examples' costs."""
        order = np.random.default_rng([self.seed, epoch, _ORDER]).permutation(len(self.split))
        masks = np.random.default_rng([self.seed, epoch, _DROPOUT])
        if self.sparse is not None:
            chunk = self.report_every or self.sparse.chunk
            for i in range(0, self.batches, chunk):
                rates = [self._rate(epoch, j) for j in range(i, min(i + chunk, self.batches))]
                some = order[i * self.batch_size : (i + chunk) * self.batch_size]
                yield from self.sparse.train(some, np.array(rates)).tolist()
            return
        if self.split_engine is not None:
            self.split_engine.copy(into_network=False)
        for i, (x, y) in enumerate(self._read(epoch, order)):
            if self.label_smoothing:
                smoothed(y, self.label_smoothing, out=y)
            self._rate(epoch, i)
            yield self._step(x, y, masks)

    def _read(self, epoch: int, order: Array) -> Iterator[tuple[Any, Array]]:
        """x and y of each mini-batch of one epoch."""

        def chosen(i: int) -> Array:
            return order[i * self.batch_size : (i + 1) * self.batch_size]

        if self.augmentation is None:
            for i in range(self.batches):
                yield self.reader.read(chosen(i))
            return
        change, split, dtype = self.augmentation, self.split, self.network.dtype

        def changed(i: int) -> tuple[Array, Array]:
            rng = np.random.default_rng([self.seed, epoch, i, _AUGMENTATION])
            images = change(split.images[chosen(i)], rng)
            x = images.reshape(len(images), -1).astype(dtype, copy=False)
            return x, split.targets(chosen(i), dtype)

        yield from made_ahead(changed, self.batches)

    def _rate(self, epoch: int, batch: int) -> float:
        """η of the batch (from 0) of the epoch (from 1)."""
        done = ((epoch - 1) * self.batches + batch) / (self.epochs * self.batches)
        share = self.plateau.share if self.plateau else 1.0
        self.rate = float(self.learning_rate * share * self.schedule(done))
        return self.rate

    def _step(self, x: Array, y: Array, masks: np.random.Generator) -> float:
        """Feedforward, backpropagation, update: one mini-batch (article, section "Algorithm")."""
        network, states = self.trained, self.workspace.rows(len(x))
        for at, rate in zip(states, self.rates, strict=True):
            if at.keep is not None:
                chance = masks.random(at.keep.shape, dtype=np.float32)
                np.multiply(chance >= rate, at.keep.dtype.type(1 / (1 - rate)), out=at.keep)
        network.forward(x, states)
        cost = float(network.batch_costs(states, y).sum())
        network.backward(x, y, states, self.gradient)
        if self.l1:
            n = network.parameters.n_weights
            self.gradient.vector[:n] += self.l1 * np.sign(network.parameters.weights)
        if self.clip_norm is not None:
            norm = float(np.linalg.norm(self.gradient.vector))
            if norm > self.clip_norm:
                self.gradient.vector *= self.clip_norm / norm
        self.optimizer.step(self.gradient, self.rate)
        if self.mean is not None:
            self.steps += 1
            # Young averages would remember the start: until 1/(1 - decay) steps a plain mean.
            share = max(1 - self.average, 1 / (self.steps + 1))
            self.mean += network.dtype.type(share) * (network.parameters.vector - self.mean)
        return cost

    def _hand_back(self) -> None:
        """The network given gets what its twin has learnt."""
        if self.split_engine is not None:
            self.split_engine.copy(into_network=True)

    @contextmanager
    def _averaged(self, *, keep: bool) -> Iterator[None]:
        """The network holds the average inside, and after it if ``keep``."""
        if self.mean is None:
            yield
            return
        vector = self.network.parameters.vector
        last = vector.copy()
        np.copyto(vector, self.mean)
        yield
        if not keep:
            np.copyto(vector, last)

    def _validate(self) -> tuple[float | None, float | None]:
        if self.validation is None:
            return None, None
        from handwrought.evaluation import cost_and_accuracy

        return cost_and_accuracy(self.network, self.validation)

    def _diverged(self, epoch: int, batch: int, cost: float) -> None:
        np.copyto(self.network.parameters.vector, self.good)
        raise TrainingDiverged(
            f"the cost became {cost} in epoch {epoch}, batch {batch}: the learning rate "
            f"({self.rate:g}) is probably too high; try {self.rate / 10:g}. The network is back at "
            f"its weights from before epoch {epoch}",
            epoch=epoch,
            batch=batch,
        )


def _check(
    network: Network,
    split: Split,
    epochs: int,
    batch_size: int,
    learning_rate: float | None,
    seed: int,
    l1: float,
    clip_norm: float | None,
    report_every: int | None,
) -> None:
    whole = {"epochs": epochs, "batch_size": batch_size, "report_every": report_every}
    for name, value in whole.items():
        if value is None and name == "report_every":
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InvalidArgument(f"{name} is {value!r}: it must be a whole number of at least 1")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidArgument(f"seed is {seed!r}: it must be a whole number of at least 0")
    if learning_rate is not None and not 0 < learning_rate < np.inf:
        raise InvalidArgument(f"learning_rate is {learning_rate!r}: it must be a number above 0")
    if not 0 <= l1 < np.inf:
        raise InvalidArgument(f"l1 is {l1!r}: it must be at least 0")
    if clip_norm is not None and not clip_norm > 0:
        raise InvalidArgument(f"clip_norm is {clip_norm!r}: it must be above 0")
    if not len(split):
        raise InvalidArgument("the training split holds no example")
    if split.n_inputs != network.n_inputs:
        raise InvalidArgument(
            f"the images have {split.n_inputs} pixels, the network takes {network.n_inputs} inputs: "
            f"build it as Network([{split.n_inputs}, ..., {split.n_classes}])"
        )
    if split.n_classes != network.n_outputs:
        raise InvalidArgument(
            f"the data has {split.n_classes} classes, the network {network.n_outputs} outputs: "
            f"build it as Network([{split.n_inputs}, ..., {split.n_classes}])"
        )


def _dropout_rates(network: Network, dropout: float | Sequence[float]) -> list[float]:
    n_hidden = len(network.sizes) - 2
    rates = [dropout] * n_hidden if isinstance(dropout, int | float) else list(dropout)
    asked = [dropout] if isinstance(dropout, int | float) else rates
    if len(rates) != n_hidden or not all(0 <= rate < 1 for rate in asked):
        raise InvalidArgument(
            f"dropout is {dropout!r}: give a share from 0 up to, not including, 1, "
            f"or one for each of the {n_hidden} hidden layers"
        )
    return [float(rate) for rate in rates] + [0.0]
