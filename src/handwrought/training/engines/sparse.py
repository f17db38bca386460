"""Narrow networks and plain SGD on images that are mostly black: the compiled way.

:mod:`handwrought.kernels.sparse_sgd` does the work; here its arrays are laid out and the network's
parameters go in and come back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.nn.layers import dense_layers
from handwrought.training.engines.protocol import Epoch, Job
from handwrought.training.state import TrainingState

__all__ = ["SparseEngine"]

Array = NDArray[Any]

_LIMITS = ((16, 2048, 150_000), (48, 1024, 40_000), (sys.maxsize, 256, 5_000))
"""Batch size; the widest layer and the most weights above the first layer up to which one example
after the other is faster than products of whole batches by BLAS (benchmarks/engines.py)."""
_DENSEST = 0.5
_STRETCH = 512
"""Batches in one compiled call: some milliseconds, so that Ctrl-C need not wait."""


def _aligned(*shape: int) -> Array:
    """Zeros that begin where a vector register's line of the cache begins."""
    size = int(np.prod(shape))
    room = np.zeros(size + 16, np.float32)
    start = -(room.ctypes.data // 4) % 16
    return room[start : start + size].reshape(shape)


class SparseEngine:
    """Many mini-batches in one compiled call."""

    name = "sparse"

    def __init__(self, job: Job) -> None:
        from handwrought.kernels import sparse_sgd

        kernel: Any = sparse_sgd
        network, split = job.network, job.split
        self.kernel, self.network, self.optimizer = kernel, network, job.optimizer(network)
        self.batch_size, self.weight_decay = job.batch_size, float(job.config.weight_decay)
        rows = split.images.reshape(len(split), -1)
        self.pixels = kernel.Pixels(
            *kernel.nonzero_pixels(rows, np.arange(rows.shape[1])),
            np.arange(256, dtype=np.float32) * np.float32(1 / 255),
        )
        smoothing = job.config.label_smoothing
        off = np.float32(smoothing / network.n_outputs)
        code = kernel.COST_CODES[network.cost.name]
        labels = split.labels.astype(np.int64)
        self.targets = kernel.Targets(labels, code, off, np.float32(1 - smoothing) + off)
        sizes = np.array(network.sizes[1:])
        padded = [-(-int(n) // kernel.LANES) * kernel.LANES for n in sizes]
        depth, widest = len(padded), max(padded)
        self.layers = kernel.Layers(
            _aligned(network.n_inputs, padded[0]),
            _aligned(depth - 1, int(sizes.max()), widest),
            _aligned(depth, widest),
            sizes,
            np.array([kernel.ACTIVATION_CODES.get(each.name, 0) for each in network.activations]),
        )
        self.space = kernel.Space(*(_aligned(job.batch_size, depth, widest) for _ in range(3)))

    @staticmethod
    def suits(job: Job) -> bool:
        """Whether the sparse kernels know this network and are the faster way for these images."""
        network, split = job.network, job.split
        if not (job.compiled and job.plain_sgd and network.is_dense and split.labels.ndim == 1):
            return False
        _, widest, most = next(limit for limit in _LIMITS if job.batch_size <= limit[0])
        above = sum(a * b for a, b in pairwise(network.sizes[1:]))
        *hidden, output = (activation.name for activation in network.activations)
        known = {"identity", "sigmoid", "tanh", "relu", "leaky-relu"}
        sample = split.images[:: max(1, len(split) // 1000)]
        return (
            network.dtype == np.float32
            and split.images.dtype == np.uint8
            and max(network.sizes[1:]) <= widest
            and above <= most
            and network.n_inputs < 2**16
            and known.issuperset(hidden)
            and (output in known or (output == "softmax" and network.cost.name == "softmax"))
            and (network.cost.name == "quadratic" or output == network.cost.pair)
            and bool(np.count_nonzero(sample) <= _DENSEST * sample.size)
        )

    def train(self, epoch: Epoch, first: int) -> Iterator[float]:
        """A call for each stretch up to where the training stops to look at the network."""
        while first < epoch.n_batches:
            end = min(epoch.next_stop(first), first + _STRETCH)
            yield from self.costs(*epoch.stretch(first, end)).tolist()
            first = end

    def costs(self, examples: Array, rates: Array) -> Array:
        """The sums of costs of the mini-batches of these examples, each trained on at its rate."""
        self._copy(into_network=False)
        costs: Array = self.kernel.train_batches(
            self.layers, self.pixels, self.targets, self.space,
            examples, self.batch_size, rates, self.weight_decay,
        )  # fmt: skip
        self._copy(into_network=True)
        return costs

    def _copy(self, *, into_network: bool) -> None:
        for l, layer in enumerate(dense_layers(self.network.layers)):
            weights = (
                self.layers.upper[l - 1, : layer.n_out, : layer.n_in]
                if l
                else self.layers.first[:, : layer.n_out].T
            )
            for ours, theirs in (
                (weights, layer.weights),
                (self.layers.biases[l, : layer.n_out], layer.biases),
            ):
                np.copyto(*((theirs, ours) if into_network else (ours, theirs)))

    def hand_back(self) -> None:
        """Nothing: the network has its parameters after each stretch."""

    def state(self) -> tuple[Mapping[str, float], Mapping[str, Array]]:
        """What SGD keeps: nothing."""
        return self.optimizer.state()

    def restore(self, state: TrainingState) -> None:
        """Go on as the optimizer stood there."""
        self.optimizer.restore(state)
