"""A running average of the parameters in training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.nn.network import Network
from handwrought.training.state import TrainingState

__all__ = ["RunningAverage"]

Array = NDArray[Any]


class RunningAverage:
    """A running average of the parameters (Polyak and Juditsky 1992).

    Young averages would remember the start: until 1/(1 - decay) steps it is a plain mean.  A long
    memory hardly tells one step from the next, so only some of the steps are taken in.

    Parameters
    ----------
    network : Network
    decay : float
        Of one step; its memory is 1/(1 - decay) steps long.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.parameters = network.parameters
        self.vector = network.parameters.numbers.copy()
        self.every = max(1, round(0.01 / (1 - decay)))
        self.share = 1 - decay**self.every
        self.steps = 0
        self._scratch = np.empty_like(self.vector)

    def state(self) -> tuple[dict[str, float], dict[str, Array]]:
        """The average, and the steps that it knows of."""
        return {"averaged": self.steps}, {"average": self.vector}

    def restore(self, state: TrainingState) -> None:
        """Stand where the average of this training stood."""
        self.steps = int(state.numbers["averaged"])
        np.copyto(self.vector, state.arrays["average"])

    def step(self) -> None:
        """Take in the parameters as they are now, if it is time to."""
        self.steps += 1
        taken, rest = divmod(self.steps, self.every)
        if rest:
            return
        share = max(self.share, 1 / (taken + 1))
        np.subtract(self.parameters.numbers, self.vector, out=self._scratch)
        self._scratch *= self.vector.dtype.type(share)
        self.vector += self._scratch
