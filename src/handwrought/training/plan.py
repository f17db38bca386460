"""A configuration as a training's folder keeps it, and what is made of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import n_features
from handwrought.errors import InvalidArgument
from handwrought.nn.network import Network
from handwrought.training.config import TrainingConfig, changeable, renamed

__all__ = [
    "build",
    "flat",
    "gone_on",
    "limited",
    "record_of",
    "trained_on",
]


def build(config: TrainingConfig, data: Dataset) -> Network:
    """The untrained network."""
    n_inputs = n_features(data.train.images.shape[1:], config.representation)
    activation = config.activation
    return Network(
        [n_inputs, *config.hidden, data.train.n_classes],
        activation if isinstance(activation, str) else list(activation),
        config.cost,
        seed=config.seed,
        initializer=config.initializer,
    )


def trained_on(config: TrainingConfig, data: Dataset) -> Dataset | Split:
    """The examples: a Dataset, or the Split where nothing is validated."""
    if config.full:
        return data.full_train if config.images is None else data.full_train[: config.images]
    return limited(config, data)


def limited(config: TrainingConfig, data: Dataset) -> Dataset:
    """The data set with so many training images as are asked for."""
    if config.images is None or config.images >= len(data.train):
        return data
    return replace(data, train=data.train[: config.images])


def record_of(config: TrainingConfig) -> dict[str, Any]:
    """How a network was trained, for its model's header: without what the header says anyway."""
    values = config.as_json()
    for name in ("dataset", "hidden", "activation", "cost", "about", "committee"):
        del values[name]
    return values


def gone_on(config: TrainingConfig, asked: dict[str, Any]) -> TrainingConfig:
    """That of a training that goes on, where these options are asked for by name.

    Raises
    ------
    InvalidArgument
        For one that cannot change in a training under way.
    """
    changed = replace(config, **asked)
    can = set() if config.committee is not None else changeable() - {"augmentation"}
    for name in sorted(set(asked) - can):
        own = config.as_json()[name]
        if getattr(changed, name) != getattr(config, name):
            options = ", ".join(sorted(f"--{each.replace('_', '-')}" for each in can)) or "nothing"
            raise InvalidArgument(
                f"--{name.replace('_', '-')} cannot change where a training goes on, and is "
                f"{own!r} there ({options} can): leave it out, or train anew with --out"
            )
    return changed


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """By the names of today; a plan of before had tables, and other names."""
    flat = dict(values)
    for table in ("network", "training"):
        if table in flat:
            inner = flat.pop(table)
            if not isinstance(inner, dict):
                raise ValueError(f"{table} is {inner!r:.80}")
            flat |= inner
    return renamed(flat)
