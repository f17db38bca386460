"""A model taught its writer's own digits: whether it can be, how it reads before and after, and how
it is kept; :mod:`handwrought.training.fine_tuning` teaches it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np

from handwrought.data.dataset import Dataset, Split
from handwrought.evaluation import evaluate, wilson_interval
from handwrought.evaluation.calibration import fit_temperature
from handwrought.model import Model

__all__ = ["LEAST", "Measured", "measured", "save_fine_tuned"]

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


def measured(model: Model, data: Dataset, own: Split, held_out: Split) -> dict[str, Measured]:
    """On the own digits held out and learnt, and on the data's validation and test images."""
    splits = {"held_out": held_out, "own": own, "validation": data.validation, "test": data.test}
    found = {}
    for name, split in splits.items():
        if split is None or not len(split):
            found[name] = Measured(0, 0)
        else:
            found[name] = Measured(int(np.trace(evaluate(model, split).confusion)), len(split))
    return found


def save_fine_tuned(
    model: Model, path: str | PathLike[str], data: Dataset, own: Split, settings: dict[str, Any]
) -> float:
    """Calibrate a fine-tuned model as it will be stored, and store it as the one it was made from.

    Parameters
    ----------
    model : Model
        As it was loaded, but for its network's weights.
    path : path
    data : Dataset
        Its validation images, with the own ones, calibrate it.
    own : Split
        The digits that it learnt.
    settings : dict
        How it was taught, for the record.

    Returns
    -------
    float
        Its temperature.
    """
    if model.stored == "float16":
        vector = model.network.parameters.vector
        vector[:] = vector.astype(np.float16)
    validation = data.validation
    assert validation is not None
    both = Split(
        np.concatenate([validation.images, own.images]),
        np.concatenate([validation.labels, own.labels.astype(validation.labels.dtype)]),
        validation.n_classes,
    )
    temperature = fit_temperature(model, both)
    record = {**model.record, "fine_tuned": {**settings, "digits": len(own)}}
    record.pop("validation_accuracy", None)  # that of the model it was
    replace(model, temperature=temperature, record=record).save(path)
    return temperature
