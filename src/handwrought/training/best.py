"""The best epoch of a training so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from handwrought.nn.network import Network
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState

__all__ = ["Best"]


class Best:
    """Remembers the weights of the epoch with the highest score, the first of equals.

    Parameters
    ----------
    network : Network
        The one in training; it holds an epoch's weights while that epoch's report is read.

    Attributes
    ----------
    epoch : int
        From 1; 0 while no epoch was better than the start.
    score : float
        Here the accuracy on the validation split; -1 while nothing was validated.
    waited : int
        Epochs since then.
    vector : array
        The parameters, and the layers' state.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.epoch, self.score, self.waited = 0, -1.0, 0
        self.vector = network.parameters.numbers.copy()

    def observe(self, report: Any) -> bool:
        """Take in a report, if it is of an epoch that was validated; whether that is the best."""
        if not isinstance(report, EpochReport) or report.validation_accuracy is None:
            return False
        return self.consider(report.epoch, self.score_of(report))

    def consider(self, epoch: int, score: float) -> bool:
        """Keep the network's weights if none were better; whether they are kept."""
        if not self.beaten_by(score):
            self.waited += 1
            return False
        np.copyto(self.vector, self.network.parameters.numbers)
        self.epoch, self.score, self.waited = epoch, score, 0
        return True

    def score_of(self, report: EpochReport) -> float:
        """What the epoch is worth."""
        return report.validation_accuracy or 0.0

    def beaten_by(self, score: float) -> bool:
        """Whether an epoch of this score is the best from now on."""
        return score > self.score

    def put_back(self) -> None:
        """The network holds the best weights from now on."""
        np.copyto(self.network.parameters.numbers, self.vector)

    def restored(self) -> Network:
        """A network of its own with the best weights."""
        network = self.network.copy()
        np.copyto(network.parameters.numbers, self.vector)
        return network

    # --- in a checkpoint ----------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """The best so far; nothing while there is none."""
        if self.score < 0:
            return {}, {}
        numbers = {"best_epoch": self.epoch, "best_accuracy": self.score}
        return {**numbers, "best_waited": self.waited}, {"best": self.vector}

    def restore(self, state: TrainingState) -> None:
        """The best that ``state`` was kept with, if any; fine-tunings had other names for it."""
        if "best" in state.arrays:
            numbers = {"best_waited": 0, **state.numbers}
            np.copyto(self.vector, state.arrays["best"])
            self.epoch = int(numbers.get("best_epoch", numbers.get("kept", 0)))
            self.score = numbers.get("best_accuracy", numbers.get("worth", -1.0))
            self.waited = int(numbers["best_waited"])
