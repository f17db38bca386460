"""The best epoch of a training so far, by validation accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from handwrought.nn.network import Network
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState

__all__ = ["Best"]

_ARRAY = "best"


class Best:
    """Remembers the weights of the epoch with the highest validation accuracy, the first of equals.

    Parameters
    ----------
    network : Network
        The one in training; it holds an epoch's weights while that epoch's report is read.

    Attributes
    ----------
    epoch : int
        From 1; 0 while nothing was validated.
    accuracy : float
        On the validation split; -1 while nothing was validated.
    waited : int
        Epochs since then.
    vector : array of shape (parameters,)
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.epoch, self.accuracy, self.waited = 0, -1.0, 0
        self.vector = network.parameters.vector.copy()

    def observe(self, report: Any) -> None:
        """Take in a report, if it is of an epoch that was validated."""
        if not isinstance(report, EpochReport) or report.validation_accuracy is None:
            return
        if report.validation_accuracy > self.accuracy:
            np.copyto(self.vector, self.network.parameters.vector)
            self.epoch, self.accuracy, self.waited = report.epoch, report.validation_accuracy, 0
        else:
            self.waited += 1

    def restored(self) -> Network:
        """A network with the best weights."""
        network = self.network.copy()
        np.copyto(network.parameters.vector, self.vector)
        return network

    # --- in a checkpoint ----------------------------------------------------------------------------

    def kept_in(self, state: TrainingState) -> TrainingState:
        """The state of a training, with the best of it so far."""
        if not self.epoch:
            return state
        numbers = {
            "best_epoch": self.epoch,
            "best_accuracy": self.accuracy,
            "best_waited": self.waited,
        }
        return replace(
            state,
            numbers={**state.numbers, **numbers},
            arrays={**state.arrays, _ARRAY: self.vector.copy()},
        )

    def recall(self, state: TrainingState) -> None:
        """The best that ``state`` was kept with, if any."""
        if _ARRAY in state.arrays:
            np.copyto(self.vector, state.arrays[_ARRAY])
            self.epoch = int(state.numbers["best_epoch"])
            self.accuracy = state.numbers["best_accuracy"]
            self.waited = int(state.numbers["best_waited"])
