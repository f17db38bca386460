"""One step of a training: feedforward, backpropagation, update, and what may come between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.nn.network import Network
from handwrought.nn.workspace import Workspace
from handwrought.training.optimizers import Optimizer

__all__ = ["Step"]

Array = NDArray[Any]


class Step:
    """Trains a network on one mini-batch after the other (article, section "Algorithm").

    Parameters
    ----------
    network : Network
        What is trained: the one given, or an engine's twin of it.
    optimizer : Optimizer
        Of the network's parameters.
    rates : list of float
        Dropout of each layer.
    capacity : int
        Examples in the largest mini-batch.
    backprop_fraction : float
        Share of each mini-batch that is backpropagated: the examples with the largest error.
    l1 : float
    clip_norm : float or None
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        rates: list[float],
        capacity: int,
        *,
        backprop_fraction: float,
        l1: float,
        clip_norm: float | None,
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.rates = rates
        self.backprop_fraction = backprop_fraction
        self.l1 = l1
        self.clip_norm = clip_norm
        self.gradient = network.parameters.like()
        self.workspace = self._workspace(capacity)
        chosen = self._chosen(capacity)
        self.part = self._workspace(chosen) if chosen < capacity else None

    def _workspace(self, capacity: int) -> Workspace:
        network, dropped = self.network, [rate > 0 for rate in self.rates]
        return Workspace(network.layers, capacity, network.dtype, training=True, dropout=dropped)

    def __call__(
        self,
        x: Any,
        y: Array,
        learning_rate: float,
        masks: np.random.Generator,
        weights: Array | None = None,
    ) -> float:
        """Train on x (m, n_in), y (m, n_out); returns the sum of the examples' costs.

        ``weights`` (m,) says how many examples each one counts for, 1 where it is left out; they
        come in once, with the 1/m of the mean.
        """
        network, states = self.network, self.workspace.rows(len(x))
        for at, rate in zip(states, self.rates, strict=True):
            if rate:
                chance = masks.random(at.keep.shape, dtype=np.float32)
                np.multiply(chance >= rate, at.keep.dtype.type(1 / (1 - rate)), out=at.keep)
        network.forward(x, states)
        costs = network.batch_costs(states, y)
        cost = float(costs.sum() if weights is None else costs @ weights)
        self._backward(x, y, states, weights)
        if self.l1:
            n = network.parameters.n_weights
            self.gradient.vector[:n] += self.l1 * np.sign(network.parameters.weights)
        self.optimizer.step(self.gradient, learning_rate, self.clip_norm)
        return cost

    def _chosen(self, n: int) -> int:
        return max(1, round(self.backprop_fraction * n))

    def _backward(self, x: Any, y: Array, states: list[Any], weights: Array | None) -> None:
        n, m = self._chosen(len(x)), len(x)
        shares = None if weights is None else (weights / m)[:, np.newaxis]
        if self.part is None or n == m:
            self.network.backward(x, y, states, self.gradient, shares)
            return
        last = states[-1]
        self.network.cost.error(self.network.output_activation, last.z, last.a, y, out=last.delta)
        if shares is not None:
            last.delta *= shares
        size = np.einsum("ij,ij->i", last.delta, last.delta)
        # The rest's gradient is small and taken for 0, so the mean is still over all of them.
        hard = np.sort(np.argpartition(size, m - n)[-n:])
        part = self.part.rows(n)
        for of_all, of_hard in zip(states, part, strict=True):
            of_hard.take(of_all, hard)
        share = self.network.dtype.type(1 / m) if shares is None else shares[hard]
        self.network.backward(x[hard], y[hard], part, self.gradient, share)
