"""A model taught its writer's own digits: whether it can be, how it reads before and after, and how
it is kept; :mod:`handwrought.training.fine_tuning` teaches it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import n_features, represent_split
from handwrought.errors import InvalidArgument
from handwrought.evaluation import evaluate, wilson_interval
from handwrought.nn.network import Network
from handwrought.reading.calibration import fit_temperature
from handwrought.storage import save_model

__all__ = ["LEAST", "Measured", "check_teachable", "measured", "save_tuned"]

LEAST = 8
"""Digits below which there is hardly anything to learn or to measure by."""


@dataclass(frozen=True)
class Measured:
    """How many of ``n`` images are read right."""

    right: int
    n: int

    @property
    def accuracy(self) -> float | None:
        """None where there is no image."""
        return self.right / self.n if self.n else None

    def as_json(self) -> dict[str, Any]:
        """With Wilson's 95 % interval."""
        interval = list(wilson_interval(self.right, self.n)) if self.n else None
        return {
            "accuracy": self.accuracy,
            "right": self.right,
            "images": self.n,
            "interval": interval,
        }

    def __str__(self) -> str:
        if not self.n:
            return "none yet: collect more"
        low, high = wilson_interval(self.right, self.n)
        return (
            f"{self.right / self.n:8.2%}  {self.right:,} of {self.n:,} "
            f"(95 % interval {low:.2%} to {high:.2%})"
        )


def measured(
    network: Network, data: Dataset, own: Split, held_out: Split, representation: str = "as-is"
) -> dict[str, Measured]:
    """On the own digits held out and learnt, and on the data's validation and test images."""
    splits = {"held_out": held_out, "own": own, "validation": data.validation, "test": data.test}
    found = {}
    for name, split in splits.items():
        n = 0 if split is None else len(split)
        right = 0
        if split is not None and n:
            right = int(
                np.trace(evaluate(network, represent_split(split, representation)).confusion)
            )
        found[name] = Measured(right, n)
    return found


def check_teachable(name: str, network: Network, representation: str) -> None:
    """Refuse a model that cannot learn digits as they are collected.

    Raises
    ------
    InvalidArgument
        If it is not from the numbers that its representation makes of 28 x 28 pixels to 10, or there is no
        such representation.
    """
    n_inputs = n_features((28, 28), representation)
    if (network.n_inputs, network.n_outputs) != (n_inputs, 10):
        raise InvalidArgument(
            f"{name} takes {network.n_inputs} numbers to {network.n_outputs}: your digits need a "
            f"model from {n_inputs} to 10"
        )


def save_tuned(
    network: Network,
    path: str | PathLike[str],
    header: dict[str, Any],
    data: Dataset,
    own: Split,
    tuned: dict[str, Any],
) -> float:
    """Calibrate a network as it will be stored, and store it as the model it was made from.

    Parameters
    ----------
    network : Network
    path : path
    header : dict
        Of the model that it was.
    data : Dataset
        Its validation images, with the own ones, calibrate it.
    own : Split
        The digits that it learnt.
    tuned : dict
        How it was taught, for the record.

    Returns
    -------
    float
        Its temperature.
    """
    stored = "float16" if header.get("stored") == "float16" else None
    if stored:
        network.parameters.vector[:] = network.parameters.vector.astype(np.float16)
    validation = data.validation
    assert validation is not None
    both = Split(
        np.concatenate([validation.images, own.images]),
        np.concatenate([validation.labels, own.labels.astype(validation.labels.dtype)]),
    )
    temperature = fit_temperature(network, both, header["representation"])
    record = {**header["record"], "fine_tuned": {**tuned, "digits": len(own)}}
    record.pop("validation_accuracy", None)  # that of the model it was
    save_model(
        network,
        path,
        stored=stored,
        temperature=temperature,
        class_names=header["class_names"],
        representation=header["representation"],
        **record,
    )
    return temperature
