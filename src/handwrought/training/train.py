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
from dataclasses import replace
from inspect import GEN_CREATED, getgeneratorstate
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import n_features
from handwrought.errors import CannotCopy, InvalidArgument
from handwrought.floating_point import default_errstate
from handwrought.nn.layers import described
from handwrought.nn.network import Network
from handwrought.training.config import (
    ARGUMENTS,
    TrainingConfig,
    changeable,
    dropout_rates,
    renamed,
    warn_of_old_name,
    with_old_names,
)
from handwrought.training.reports import BatchReport, EpochReport
from handwrought.training.run import Run, begin
from handwrought.training.state import TrainingState

__all__ = ["BatchReport", "EpochReport", "Training", "begin_training", "go_on", "train"]

Array = NDArray[Any]


@with_old_names
def train(
    network: Network,
    data: Dataset | Split,
    *,
    epochs: int = 30,
    batch_size: int = 10,
    optimizer: str = "sgd",
    learning_rate: float | None = None,
    momentum: float | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    rho: float | None = None,
    epsilon: float | None = None,
    seed: int = 0,
    schedule: str = "constant",
    warm_up: float = 0.0,
    plateau_patience: int = 5,
    weight_decay: float = 0.0,
    l1: float = 0.0,
    dropout: float | Sequence[float] = 0.0,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    backprop_fraction: float = 1.0,
    ema_decay: float = 0.0,
    augmentation: Augmentation | None = None,
    anneal_augmentation: float = 0.0,
    outliers: float = 0.0,
    representation: str = "as-is",
    report_every: int | None = None,
    resume: TrainingState | None = None,
) -> Training:
    """Train a network in place; an iterator of an :class:`EpochReport` after each epoch, lazily.

    The settings, with bounds and defaults, are :class:`~handwrought.training.config.TrainingConfig`'s;
    below is what needs more words.

    Parameters
    ----------
    network : Network
    data : Dataset or Split
        A Dataset trains on ``.train`` and validates on ``.validation``; a Split is trained on and
        nothing is validated.
    weight_decay : float
        λ of (λ/2) Σ w², added to the mean cost. Nielsen's λ is n times this: his 5.0 on 50,000
        images is 1e-4 here.
    dropout : float or sequence of float
        One share for all hidden layers, or one each; the neurons that stay are scaled up by
        1/(1 - share) (Srivastava et al. 2014, section 10).
    label_smoothing : float
        See :func:`handwrought.nn.costs.smoothed`.
    clip_norm : float, optional
        Of the whole gradient, that of ``weight_decay`` and ``l1`` included (Pascanu et al. 2013,
        algorithm 1). AdamW's decay is no part of a gradient, and is left as it is.
    backprop_fraction : float
        The examples with the largest output error δ^L, whose norm bounds their gradient's
        (Katharopoulos and Fleuret 2018, section 3.2), are backpropagated, the others' gradient is
        taken for 0 (Jiang et al. 2019, "selective backprop"). Where a network is right about most
        images, a quarter gives nearly the same gradient in half the time.
    ema_decay : float
        Of a moving average (Polyak and Juditsky 1992); validation looks at the average, the network
        holds it while an epoch's report is read, and ends with it.
    augmentation : Augmentation, optional
        Made in a thread beside the training, between the two parts of a ``representation``.
    outliers : float
        Share of each mini-batch replaced by pictures of no digit, with the same target for every
        class (outlier exposure, Hendrycks et al. 2019; :mod:`handwrought.data.outliers`).
    report_every : int, optional
        Yield a :class:`BatchReport` after every so many mini-batches, too.
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
    asked = dict(locals())
    config = TrainingConfig(**{name: asked[name] for name in ARGUMENTS})
    return begin_training(network, data, config, report_every=report_every, resume=resume)


def begin_training(
    network: Network,
    data: Dataset | Split,
    config: TrainingConfig,
    *,
    report_every: int | None = None,
    resume: TrainingState | None = None,
) -> Training:
    """:func:`train` with its settings in one piece; what they say of network and data is not read."""
    run = _prepared(network, data, config, report_every)
    if resume is not None and (said := run.restore(resume)):
        warnings.warn(said, stacklevel=4)
    return Training(run, data, config)


def _prepared(
    network: Network, data: Dataset | Split, config: TrainingConfig, report_every: int | None
) -> Run:
    """The training, checked and ready for its first step."""
    split = data.train if isinstance(data, Dataset) else data
    validation = data.validation if isinstance(data, Dataset) else None
    _check_fit(network, split, n_features(split.images.shape[1:], config.representation))
    if report_every is not None:
        _check_report_every(report_every)
    rates = dropout_rates(config.dropout, len(network.layers) - 1)
    if config.augmentation is not None and split.images.ndim != 3:
        raise InvalidArgument("augmentation is for images, and the data is a table")
    if config.augmentation is None and (config.outliers or config.anneal_augmentation):
        raise InvalidArgument(
            "outliers and anneal_augmentation need an augmentation: Augmentation() for none"
        )
    settings = _identity(network, split, config, rates)
    return Run(network, split, validation, config, settings, report_every)


def _identity(
    network: Network, split: Split, config: TrainingConfig, rates: list[float]
) -> dict[str, Any]:
    """What decides the training's mathematics, as JSON values, for those who go on with it."""
    values = config.as_json()
    if network.is_dense:
        activations = [each.name for each in network.activations]
        of_layers: dict[str, Any] = {"sizes": list(network.sizes), "activations": activations}
    else:
        shape, layers = list(network.input_shape), [described(layer) for layer in network.layers]
        of_layers = {"input_shape": shape, "layers": layers}
    return {
        **of_layers,
        "cost": network.cost.name,
        "dtype": str(network.dtype),
        "images": len(split),
        **{name: values[name] for name in ARGUMENTS},
        "dropout": rates,
        "representation": None if config.representation == "as-is" else config.representation,
    }


def go_on(
    network: Network,
    data: Dataset | Split,
    state: TrainingState,
    config: TrainingConfig,
    *,
    report_every: int | None = None,
) -> Training:
    """A training that goes on from a state, with what is asked for now.

    What may change (:func:`~handwrought.training.config.changeable`) is as it was when the state
    was kept, up to there, and then as it is asked for: :meth:`Training.change` changes it.
    """
    kept = {name: state.settings[name] for name in changeable() if name in state.settings}
    if "dropout" in kept:
        kept["dropout"] = kept["dropout"][:-1]
    before = replace(config, **kept)
    training = begin_training(network, data, before, report_every=report_every, resume=state)
    n_hidden = len(network.layers) - 1
    changes = {
        name: getattr(config, name)
        for name in kept
        if _each(name, getattr(config, name), n_hidden)
        != _each(name, getattr(before, name), n_hidden)
    }
    if changes:
        training.change(**changes)
    return training


def _each(name: str, value: Any, n_hidden: int) -> Any:
    """A value to compare: one share of dropout for all layers says the same as one for each."""
    return (value,) * n_hidden if name == "dropout" and isinstance(value, float) else value


class Training(Iterator[Any]):
    """A training under way: iterate over its reports; ``state`` is where it stands."""

    def __init__(self, run: Run, data: Dataset | Split, config: TrainingConfig) -> None:
        self._run, self._data, self._config = run, data, config
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
    def position(self) -> tuple[int, int]:
        """The epoch under way, from 1, and its mini-batches done: where :meth:`state` would stand."""
        return self._run.epoch, self._run.batch

    @property
    def report_every(self) -> int | None:
        """Mini-batches from one :class:`BatchReport` to the next; may be set between reports."""
        return self._run.report_every

    @report_every.setter
    def report_every(self, batches: int | None) -> None:
        if batches is not None:
            _check_report_every(batches)
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
            label_smoothing, clip_norm, augmentation, anneal_augmentation, outliers,
            backprop_fraction.  More epochs than before make a training that has ended go on.

        Raises
        ------
        InvalidArgument
            For a setting that cannot change or a value that does not fit; then nothing changes.
        """
        settings, can = renamed(settings, warn_of_old_name), changeable()
        for name in settings:
            if name not in can:
                raise InvalidArgument(
                    f"{name} cannot change while a training runs: {', '.join(sorted(can))} can"
                )
        # What comes after is a training of its own that begins where this one stands, so there is
        # no second way in which a setting takes effect.
        config, network = replace(self._config, **settings), self._run.network
        after = _prepared(network, self._data, config, self._run.report_every)
        state = self._run.state()
        done = state.epoch - (0 if state.batch else 1)
        if after.config.epochs < done:
            raise InvalidArgument(
                f"epochs is {after.config.epochs}, and the training has come to epoch {done}: ask for at "
                f"least {done}"
            )
        self._reports.close()
        after.restore(replace(state, settings=after.identity))
        self._run, self._config, self._reports = after, config, after.reports()


def _check_fit(network: Network, split: Split, n_inputs: int) -> None:
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


def _check_report_every(batches: Any) -> None:
    whole = isinstance(batches, int | np.integer) and not isinstance(batches, bool)
    if not whole or not 1 <= batches < 1 << 63:
        raise InvalidArgument(
            f"report_every is {batches!r}: it must be a whole number of at least 1"
        )
