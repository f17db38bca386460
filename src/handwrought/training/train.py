"""Training: an iterator of reports, which whoever watches reads one at a time.

Stopping is breaking out of the loop.  The same seed gives the same bits, twice, on the same
machine, build and thread count; BLAS promises no more.  Whatever chance decides is drawn from
(seed, epoch, batch), so no epoch depends on how an earlier one was watched, and a training that
goes on from a kept state gives the bits of one that was never interrupted.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from inspect import GEN_CREATED, getgeneratorstate
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import n_features
from handwrought.errors import CannotCopy, InvalidArgument
from handwrought.floating_point import default_errstate
from handwrought.nn.network import Network
from handwrought.training.reports import BatchReport, EpochReport
from handwrought.training.run import Run, begin
from handwrought.training.state import TrainingState

__all__ = ["BatchReport", "EpochReport", "Training", "go_on", "train"]

Array = NDArray[Any]


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
    settle: float = 0.0,
    strangers: float = 0.0,
    hardest: float = 1.0,
    average: float = 0.0,
    view: str = "as-is",
    resume: TrainingState | None = None,
) -> Training:
    """Train a network in place; an iterator of an :class:`EpochReport` after each epoch, lazily.

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
        Of the order of the examples, of dropout and of augmentation.
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
        Gradients with a larger norm are scaled down to it (Pascanu et al. 2013, algorithm 1): the
        whole gradient, that of ``weight_decay`` and ``l1`` included. AdamW's decay is no part of
        a gradient, and is left as it is.
    plateau_patience : int
        Epochs without a lower validation cost before "halve-on-plateau" halves.
    report_every : int, optional
        Yield a :class:`BatchReport` after every so many mini-batches, too.
    augmentation : Augmentation, optional
        Changes the images anew each time they are used; made in a thread beside the training.
    settle : float
        Share of the training, at its end, with changes half as large: the network ends on images
        that are nearer to real ones.
    strangers : float
        Share of each mini-batch replaced by pictures of no digit, with the same target for every
        class (:mod:`handwrought.data.outliers`); needs augmentation.
    hardest : float
        Share of each mini-batch that is backpropagated: the examples with the largest output error
        δ^L, whose norm bounds their gradient's (Katharopoulos and Fleuret 2018, section 3.2), the
        others' gradient being taken for 0 (Jiang et al. 2019, "selective backprop"). Where a
        network is right about most images, a quarter gives nearly the same gradient in half the
        time.
    average : float
        Decay of a running average of the parameters, 0.999 for example (Polyak and Juditsky 1992);
        validation looks at the average, the network holds it while an epoch's report is read, and
        ends with it. 0 is none.
    view : str
        How the network sees the images, one of :data:`handwrought.data.representations.REPRESENTATIONS`: an
        augmentation's changes come between a view's two parts.
    resume : TrainingState, optional
        Go on from there, with the same network, data and settings, to the same bits.  Where BLAS,
        its threads, versions or the processor are others, it goes on, and a UserWarning says so.

    Raises
    ------
    InvalidArgument
        Before anything is trained, for arguments or data that do not fit; and at the first report,
        where another training of the same network is under way.
    TrainingDiverged
        When a cost becomes NaN or infinite; the network is back at its last good weights.
    """
    asked = dict(locals())  # the arguments as they came, for Training.change
    del asked["resume"]
    _check_numbers(
        warm_up=warm_up,
        weight_decay=weight_decay,
        l1=l1,
        label_smoothing=label_smoothing,
        settle=settle,
        strangers=strangers,
        hardest=hardest,
        average=average,
        **{} if learning_rate is None else {"learning_rate": learning_rate},
        **{} if clip_norm is None else {"clip_norm": clip_norm},
    )
    for name, choice in (("optimizer", optimizer), ("schedule", schedule)):
        if not isinstance(choice, str):
            raise InvalidArgument(f"{name} is {choice!r}: give a name")
    _check_whole("plateau_patience", plateau_patience)
    split = data.train if isinstance(data, Dataset) else data
    validation = data.validation if isinstance(data, Dataset) else None
    n_inputs = n_features(split.images.shape[1:], view)
    _check(
        network,
        split,
        n_inputs,
        epochs,
        batch_size,
        learning_rate,
        seed,
        l1,
        clip_norm,
        report_every,
    )
    rates = _dropout_rates(network, dropout)
    for name, value in (("label_smoothing", label_smoothing), ("settle", settle)):
        if not 0 <= value <= 1:
            raise InvalidArgument(f"{name} is {value!r}: it must lie from 0 to 1")
    for name, value in (("average", average), ("strangers", strangers)):
        if not 0 <= value < 1:
            raise InvalidArgument(f"{name} is {value!r}: it must be at least 0 and below 1")
    if not 0 < hardest <= 1:
        raise InvalidArgument(f"hardest is {hardest!r}: it must be above 0 and at most 1")
    if augmentation is not None and split.images.ndim != 3:
        raise InvalidArgument("augmentation is for images, and the data is a table")
    if augmentation is None and (strangers or settle):
        raise InvalidArgument("strangers and settle need an augmentation: Augmentation() for none")
    asked_for = SimpleNamespace(
        **{name: value for name, value in asked.items() if name not in ("network", "data")},
        anneal_augmentation=settle,
        outliers=strangers,
        backprop_fraction=hardest,
        ema_decay=average,
        representation=view,
    )
    run = Run(
        network,
        split,
        validation,
        asked_for,
        {
            "sizes": list(network.sizes),
            "activations": [each.name for each in network.activations],
            "cost": network.cost.name,
            "dtype": str(network.dtype),
            "images": len(split),
            "epochs": epochs,
            "batch_size": batch_size,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "seed": seed,
            "schedule": schedule,
            "warm_up": warm_up,
            "weight_decay": weight_decay,
            "l1": l1,
            "dropout": rates,
            "label_smoothing": label_smoothing,
            "clip_norm": clip_norm,
            "plateau_patience": plateau_patience,
            "augmentation": None if augmentation is None else asdict(augmentation),
            "settle": settle,
            "strangers": strangers,
            "hardest": hardest,
            "average": average,
            "view": None if view == "as-is" else view,
        },
        report_every,
    )
    if resume is not None and (said := run.restore(resume)):
        warnings.warn(said, stacklevel=2)
    return Training(run, asked)


CHANGEABLE = frozenset(
    ("epochs", "learning_rate", "weight_decay", "l1", "dropout", "label_smoothing", "clip_norm")
    + ("augmentation", "settle", "strangers", "hardest")
)
"""What :meth:`Training.change` takes: settings that no kept vector or counter depends on."""


def go_on(
    network: Network, data: Dataset | Split, state: TrainingState, **arguments: Any
) -> Training:
    """A training that goes on from a state, with what is asked for now.

    What may change (:data:`CHANGEABLE`) is as it was when the state was kept, up to there, and then
    as it is asked for: :meth:`Training.change` changes it.

    Parameters
    ----------
    network : Network
    data : Dataset or Split
    state : TrainingState
    **arguments
        Those of :func:`train`.
    """
    before = {name: state.settings[name] for name in CHANGEABLE if name in state.settings}
    n_hidden = len(network.sizes) - 2
    changes = {
        name: arguments[name]
        for name, kept in before.items()
        if name in arguments and _as_kept(name, arguments[name], n_hidden) != kept
    }
    for name in changes:
        arguments[name] = before[name]
        if name == "augmentation" and before[name] is not None:
            arguments[name] = Augmentation(**before[name])
        elif name == "dropout":
            arguments[name] = before[name][:-1]
    training = train(network, data, **arguments, resume=state)
    if changes:
        training.change(**changes)
    return training


def _as_kept(name: str, value: Any, n_hidden: int) -> Any:
    """An argument as :attr:`TrainingState.settings` holds it."""
    if name == "augmentation":
        return None if value is None else asdict(value)
    if name == "dropout":
        return [*(value if isinstance(value, Sequence) else [value] * n_hidden), 0.0]
    return value


class Training(Iterator[Any]):
    """A training under way: iterate over its reports; ``state`` is where it stands."""

    def __init__(self, run: Run, asked: dict[str, Any]) -> None:
        self._run = run
        self._asked = asked
        self._reports = run.reports()
        self._reading = Lock()

    def __next__(self) -> Any:
        # A cost that overflows is answered with TrainingDiverged, not with NumPy's warnings; and
        # whoever reads the reports gets none of this.
        with self._one_reader(), default_errstate(over="ignore", invalid="ignore"):
            if getgeneratorstate(self._reports) == GEN_CREATED:
                begin(self._run.network)
            return next(self._reports)

    @contextmanager
    def _one_reader(self) -> Iterator[None]:
        if not self._reading.acquire(blocking=False):
            raise InvalidArgument("another thread is reading this training: let one alone read it")
        try:
            yield
        finally:
            self._reading.release()

    def __reduce__(self) -> Any:
        raise CannotCopy(
            "a training under way cannot be copied or pickled: keep its state(), and go on with "
            "train(..., resume=state)"
        )

    def close(self) -> None:
        """Stop; the network keeps the weights of this moment, their average where one is kept."""
        self._reports.close()

    def state(self) -> TrainingState:
        """What :func:`train` needs to go on from here, after the report last read."""
        return self._run.state()

    @property
    def report_every(self) -> int | None:
        """Mini-batches from one :class:`BatchReport` to the next; may be set between reports."""
        return self._run.report_every

    @report_every.setter
    def report_every(self, batches: int | None) -> None:
        if batches is not None:
            _check_whole("report_every", batches)
        self._run.report_every = batches

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return self._run.rate

    @property
    def average(self) -> Array | None:
        """The running average of the parameters, what the network would end with; a view, valid
        until the next report.  None where none is kept."""
        return None if self._run.average is None else self._run.average.vector

    def change(self, **settings: Any) -> None:
        """Go on with other settings from the next mini-batch on.

        Parameters
        ----------
        **settings
            Arguments of :func:`train` by name: epochs, learning_rate, weight_decay, l1, dropout,
            label_smoothing, clip_norm, augmentation, settle, strangers, hardest.  More epochs than
            before make a training that has ended go on.

        Raises
        ------
        InvalidArgument
            For a setting that cannot change or a value that does not fit; then nothing changes.
        """
        for name in settings:
            if name not in CHANGEABLE:
                raise InvalidArgument(
                    f"{name} cannot change while a training runs: {', '.join(sorted(CHANGEABLE))} can"
                )
        asked = {**self._asked, **settings, "report_every": self._run.report_every}
        # What comes after is a training of its own that begins where this one stands, so there is
        # no second way in which a setting takes effect.
        after = train(**asked)._run
        state = self._run.state()
        done = state.epoch - (0 if state.batch else 1)
        if after.config.epochs < done:
            raise InvalidArgument(
                f"epochs is {after.config.epochs}, and the training has come to epoch {done}: ask for at "
                f"least {done}"
            )
        self._reports.close()
        after.restore(replace(state, settings=after.identity))
        self._run, self._asked, self._reports = after, asked, after.reports()


def _check(
    network: Network,
    split: Split,
    n_inputs: int,
    epochs: int,
    batch_size: int,
    learning_rate: float | None,
    seed: int,
    l1: float,
    clip_norm: float | None,
    report_every: int | None,
) -> None:
    _check_whole("epochs", epochs)
    _check_whole("batch_size", batch_size)
    if report_every is not None:
        _check_whole("report_every", report_every)
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
    if n_inputs != network.n_inputs:
        pixels = "pixels" if n_inputs == split.n_inputs else "numbers in this representation"
        raise InvalidArgument(
            f"the images have {n_inputs} {pixels}, the network takes {network.n_inputs} inputs: "
            f"build it as Network([{n_inputs}, ..., {split.n_classes}])"
        )
    if split.n_classes != network.n_outputs:
        raise InvalidArgument(
            f"the data has {split.n_classes} classes, the network {network.n_outputs} outputs: "
            f"build it as Network([{n_inputs}, ..., {split.n_classes}])"
        )
    if split.labels.ndim == 2:
        network.cost.check_targets(split.labels)


def _check_whole(name: str, value: Any) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not 1 <= value < 1 << 63:
        raise InvalidArgument(f"{name} is {value!r}: it must be a whole number of at least 1")


def _check_numbers(**values: Any) -> None:
    for name, value in values.items():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or abs(value) > 1e300:  # so large a whole number is no float
            raise InvalidArgument(f"{name} is {value!r}: it must be a number")


def _dropout_rates(network: Network, dropout: float | Sequence[float]) -> list[float]:
    n_hidden = len(network.sizes) - 2
    asked = list(dropout) if isinstance(dropout, Sequence | np.ndarray) else [dropout]
    rates = asked if isinstance(dropout, Sequence | np.ndarray) else asked * n_hidden
    _check_numbers(**{f"dropout[{i}]": rate for i, rate in enumerate(asked)})
    if len(rates) != n_hidden or not all(0 <= rate < 1 for rate in asked):
        raise InvalidArgument(
            f"dropout is {dropout!r}: give a share from 0 up to, not including, 1, "
            f"or one for each of the {n_hidden} hidden layers"
        )
    return [float(rate) for rate in rates] + [0.0]
