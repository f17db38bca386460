"""What a training tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BatchReport", "EpochReport"]


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
        0 where a training goes on after the last mini-batch of an epoch.
    """

    epoch: int
    epochs: int
    cost: float
    validation_cost: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float
