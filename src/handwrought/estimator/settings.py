"""An estimator's parameters, checked before anything is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS
from handwrought.setting import Setting, check, settings_of
from handwrought.training.config import TrainingConfig, dropout_rates

__all__ = [
    "OURS",
    "STOCHASTIC",
    "check_settings",
    "dropout_rates",
    "hidden_activations",
    "hidden_sizes",
]

STOCHASTIC = ("sgd", "adam", "adamw", "rmsprop")
"""Solvers that go through the data in mini-batches; the other is "lbfgs"."""
OURS = {"logistic": "sigmoid", "leaky_relu": "leaky-relu"}
"""Activations that scikit-learn or Python's users spell otherwise."""
_CHOICES = {
    "solver": (*STOCHASTIC, "lbfgs"),
    "learning_rate": ("constant", "invscaling", "adaptive"),
    "loss": ("squared_error", "poisson"),
}
_FLAGS = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "progress")
_NAMES = {
    "alpha": "weight_decay", "beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon",
    "learning_rate_init": "learning_rate", "max_iter": "epochs",
}  # fmt: skip
"""Parameters that are settings of a training, by scikit-learn's names; theirs are the bounds."""
_OWN = {
    "max_fun": Setting("Calls of the cost.", low=1, kind="whole"),
    "power_t": Setting("Exponent of invscaling.", low=0, kind="number"),
    "tol": Setting("Least improvement.", low=0, kind="number"),
    "momentum": Setting("As in momentum, or 1.", low=0, high=1, kind="number"),
    "validation_fraction": Setting("Share held out.", low=0, below=1, kind="number"),
}
_SETTINGS = {
    name: replace(setting, name=name, optional=False)
    for name, setting in {
        **_OWN, **{name: settings_of(TrainingConfig)[ours] for name, ours in _NAMES.items()},
    }.items()
}  # fmt: skip


def check_settings(estimator: Any) -> None:
    """Raise InvalidArgument for the first parameter that cannot be used."""
    for name, choices in _CHOICES.items():
        value = getattr(estimator, name, choices[0])
        if not isinstance(value, str) or value not in choices:
            raise InvalidArgument(f"{name} is {value!r}: use one of {', '.join(choices)}")
    for name in _FLAGS:
        if not isinstance(getattr(estimator, name), bool | np.bool_):
            raise InvalidArgument(f"{name} is {getattr(estimator, name)!r}: use True or False")
    for name, setting in _SETTINGS.items():
        check(setting, getattr(estimator, name))
    if estimator.n_iter_no_change != np.inf:
        _check_whole("n_iter_no_change", estimator.n_iter_no_change)
    if not (isinstance(estimator.batch_size, str) and estimator.batch_size == "auto"):
        _check_whole("batch_size", estimator.batch_size)
    if not isinstance(estimator.verbose, Integral | np.bool_) or estimator.verbose < 0:
        raise InvalidArgument(f"verbose is {estimator.verbose!r}: use True, False or a level")
    for callback in estimator.callbacks or ():
        if not callable(callback):
            raise InvalidArgument(
                f"callbacks holds {callback!r}, which cannot be called: give functions of a report, "
                f"and scikit-learn's own callbacks to set_callbacks"
            )
    if estimator.checkpoint is not None:
        _check_checkpoint(estimator)
    n_hidden = len(hidden_sizes(estimator.hidden_layer_sizes))
    hidden_activations(estimator.activation, n_hidden)
    rates = dropout_rates(estimator.dropout, n_hidden)
    if any(rates) and estimator.solver == "lbfgs":
        raise InvalidArgument(
            f"dropout is {estimator.dropout!r} with solver 'lbfgs', which cannot follow a loss that "
            f"changes by chance: use one of {', '.join(STOCHASTIC)}"
        )


def _check_whole(name: str, value: Any) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise InvalidArgument(f"{name} is {value!r}: it must be a whole number of at least 1")


def _check_checkpoint(estimator: Any) -> None:
    if not isinstance(estimator.checkpoint, str | PathLike):
        raise InvalidArgument(f"checkpoint is {estimator.checkpoint!r}: give a path")
    if estimator.solver == "lbfgs":
        raise InvalidArgument("checkpoint is for the stochastic solvers, and solver is 'lbfgs'")
    if not isinstance(estimator.random_state, Integral):
        raise InvalidArgument(
            f"checkpoint needs a whole number as random_state, which is {estimator.random_state!r}: "
            f"otherwise a fit could not go on as it began"
        )


def hidden_sizes(asked: Any) -> list[int]:
    """hidden_layer_sizes, a number or a sequence of them, as a list."""
    if isinstance(asked, np.ndarray):
        asked = asked.tolist()
    sizes = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise InvalidArgument(
                f"hidden_layer_sizes must be > 0, got {sizes}: give whole numbers of neurons, one "
                f"for each hidden layer"
            )
    return [int(size) for size in sizes]


def hidden_activations(asked: Any, n_hidden: int) -> list[str]:
    """activation, one name for all hidden layers or one each, as this project's names."""
    single = isinstance(asked, str)
    names = [asked] * max(1, n_hidden) if single else list(asked)
    if not single and len(names) != n_hidden:
        raise InvalidArgument(
            f"activation names {len(names)} layers, hidden_layer_sizes {n_hidden}: give one each"
        )
    ours = [OURS.get(name, name) if isinstance(name, str) else name for name in names]
    for name, given in zip(ours, names, strict=True):
        if not isinstance(name, str) or name not in ACTIVATIONS:
            known = sorted({*ACTIVATIONS, *OURS})
            raise InvalidArgument(f"activation is {given!r}: use one of {', '.join(known)}")
    return ours[:n_hidden]
