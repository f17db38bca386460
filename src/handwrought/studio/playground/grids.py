"""The grids on which a Playground's network is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.nn.network import Network

__all__ = ["COARSE", "FINE", "LINE", "Views"]

Array = NDArray[Any]

FINE, COARSE, LINE = 64, 32, 200
"""Points along each side of the output's picture and of a neuron's; points of a curve."""


class Views:
    """The grids on which a network is looked at, and the buffers for it."""

    def __init__(self, network: Network, domain: tuple[float, float], points: int) -> None:
        self.points = network.workspace(points)
        if network.n_inputs == 1:
            self.fine = self.coarse = np.linspace(*domain, LINE)[:, np.newaxis]
        else:
            self.fine, self.coarse = _plane(domain, FINE), _plane(domain, COARSE)
        self._states = network.workspace(len(self.coarse)).rows(len(self.coarse))

    def look(self, network: Network) -> tuple[Array, list[Array]]:
        """The output (fine,), and each hidden layer's neurons (n, coarse)."""
        out = network.forward(self.coarse, self._states)
        neurons = [at.a.T for at in self._states[:-1]]
        if self.fine is not self.coarse:
            out = network.feedforward(self.fine)
        return out[:, 0], neurons


def _plane(domain: tuple[float, float], n: int) -> Array:
    """The centres of n x n cells, row by row from the upper left: shape (n², 2)."""
    edges = np.linspace(*domain, n + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    across, up = np.meshgrid(centres, centres[::-1])
    return np.stack([across.ravel(), up.ravel()], axis=1)
