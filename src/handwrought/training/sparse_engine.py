"""Narrow networks and plain SGD on images that are mostly black: the compiled way.

:mod:`handwrought.kernels.sparse_sgd` does the work; here its arrays are laid out and the network's
parameters go in and come back.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.nn.layers import Dense, dense_layers
from handwrought.nn.network import Network

__all__ = ["SparseEngine", "suits"]

Array = NDArray[Any]

_LIMITS = ((16, 2048, 150_000), (48, 1024, 40_000), (sys.maxsize, 256, 5_000))
"""Batch size; the widest layer and the most weights above the first layer up to which one example
after the other is faster than products of whole batches by BLAS (benchmarks/engines.py)."""
_DENSEST = 0.5
_CHUNK = 512
"""Batches in one compiled call: some milliseconds, so that Ctrl-C need not wait."""


def suits(network: Network, split: Split, batch_size: int) -> bool:
    """Whether the sparse kernels know this network and are the faster way for these images."""
    if not all(isinstance(layer, Dense) for layer in network.layers):
        return False
    _, widest, most = next(limit for limit in _LIMITS if batch_size <= limit[0])
    above = sum(a * b for a, b in pairwise(network.sizes[1:]))
    *hidden, output = (activation.name for activation in network.activations)
    known = {"identity", "sigmoid", "tanh", "relu", "leaky-relu"}
    paired = network.cost.name == "quadratic" or output == network.cost.pair
    sample = split.images[:: max(1, len(split) // 1000)]
    return (
        network.dtype == np.float32
        and split.images.dtype == np.uint8
        and split.labels.ndim == 1
        and max(network.sizes[1:]) <= widest
        and above <= most
        and network.n_inputs < 2**16
        and known.issuperset(hidden)
        and (output in known or (output == "softmax" and network.cost.name == "softmax"))
        and paired
        and bool(np.count_nonzero(sample) <= _DENSEST * sample.size)
    )


def _aligned(*shape: int) -> Array:
    """Zeros that begin where a vector register's line of the cache begins."""
    size = int(np.prod(shape))
    room = np.zeros(size + 16, np.float32)
    start = -(room.ctypes.data // 4) % 16
    return room[start : start + size].reshape(shape)


class SparseEngine:
    """Trains a network's mini-batches, many in one call."""

    def __init__(
        self,
        network: Network,
        split: Split,
        batch_size: int,
        weight_decay: float,
        label_smoothing: float,
    ) -> None:
        from handwrought.kernels import sparse_sgd

        kernel: Any = sparse_sgd
        self.kernel, self.network = kernel, network
        self.batch_size, self.weight_decay = batch_size, weight_decay
        self.off = np.float32(label_smoothing / network.n_outputs)
        self.on = np.float32(1 - label_smoothing) + self.off
        rows = split.images.reshape(len(split), -1)
        self.pixels = kernel.nonzero_pixels(rows, np.arange(rows.shape[1]))
        self.scale = np.arange(256, dtype=np.float32) * np.float32(1 / 255)
        self.labels = split.labels.astype(np.int64)
        self.sizes = np.array(network.sizes[1:])
        self.codes = np.array(
            [kernel.ACTIVATION_CODES.get(each.name, 0) for each in network.activations]
        )
        self.cost = kernel.COST_CODES[network.cost.name]
        padded = [-(-int(n) // kernel.LANES) * kernel.LANES for n in self.sizes]
        depth, widest = len(padded), max(padded)
        self.first = _aligned(network.n_inputs, padded[0])
        self.upper = _aligned(depth - 1, int(self.sizes.max()), widest)
        self.biases = _aligned(depth, widest)
        self.spaces = [_aligned(batch_size, depth, widest) for _ in range(3)]

    def train(self, order: Array, rates: Array) -> Array:
        """The sums of costs of the batches that ``order`` makes, each trained on at its rate."""
        costs = np.empty(len(rates))
        self._copy(into_network=False)
        self.kernel.train_batches(
            self.first,
            self.upper,
            self.biases,
            self.sizes,
            self.codes,
            self.cost,
            *self.pixels,
            self.scale,
            self.labels,
            order,
            self.batch_size,
            rates,
            float(self.weight_decay),
            self.off,
            self.on,
            *self.spaces,
            costs,
        )
        self._copy(into_network=True)
        return costs

    def _copy(self, *, into_network: bool) -> None:
        for l, layer in enumerate(dense_layers(self.network.layers)):
            weights = (
                self.upper[l - 1, : layer.n_out, : layer.n_in]
                if l
                else self.first[:, : layer.n_out].T
            )
            for ours, theirs in (
                (weights, layer.weights),
                (self.biases[l, : layer.n_out], layer.biases),
            ):
                np.copyto(*((theirs, ours) if into_network else (ours, theirs)))

    @property
    def chunk(self) -> int:
        """Batches to train in one call."""
        return _CHUNK
