"""Wide networks on images that are mostly black: often-inked pixels by BLAS, the others one by one.

Half of MNIST's 784 pixels hold ink in less than a tenth of the images.  Their share of the first
layer's products is a handful of rows for each image; the products proper are left with the pixels
of the middle.  Inside, the first layer's weights lie transposed, the pixels in order of their use.
Everything else (the other layers, the optimizer, regularization) is the plain code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.nn.layers import Dense, dense_layers
from handwrought.nn.layers.dense import DenseState
from handwrought.nn.parameters import LayerParameters, Parameters
from handwrought.training.engines.plain import PlainEngine
from handwrought.training.engines.protocol import Epoch, Job
from handwrought.training.state import TrainingState

__all__ = ["SplitEngine"]

Array = NDArray[Any]

_OFTEN = 0.12
"""Share of the images in which a pixel must hold ink to take part in the dense product: where the
two ways cost the same (benchmarks/epochs.py)."""
_NARROWEST = 64
_LANES = 16


def _use(split: Split) -> Array:
    """Share of the images in which each pixel holds ink, from some ten thousand of them."""
    sample = split.images.reshape(len(split), -1)[:: max(1, len(split) // 10_000)]
    return np.asarray((sample != 0).mean(axis=0))


@dataclass(eq=False)
class _Batch:
    """What the split first layer takes for x."""

    dense: Array
    chosen: Array

    def __len__(self) -> int:
        return len(self.chosen)


class _SplitDense(Dense):
    """The first layer, its weights (n_in, n_out) with the often-inked pixels first."""

    def __init__(self, parameters: LayerParameters, plain: Dense, engine: SplitEngine) -> None:
        vars(self).update(vars(plain.with_arrays(parameters)))
        self.engine = engine
        self.flipped = _flipped(parameters)

    def forward(self, a_below: Any, at: DenseState) -> Array:
        engine, n = self.engine, self.engine.n_dense
        np.matmul(a_below.dense, self.flipped[:n], out=at.z)
        engine.kernel.add_rest(
            self.flipped[n:], *engine.rest, engine.scale, a_below.chosen, at.z
        )  # z = W a + b, in two parts
        at.z += self.biases
        a = self.activation.value(at.z, out=at.a)
        return a if at.keep is None else np.multiply(a, at.keep, out=at.kept)

    def backward(
        self, at: DenseState, gradient: LayerParameters, a_below: Any, out: Array | None
    ) -> Array | None:
        engine, n = self.engine, self.engine.n_dense
        into = _flipped(gradient)
        np.sum(at.delta, axis=0, out=gradient.biases)  # BP3
        np.matmul(a_below.dense.T, at.delta, out=into[:n])  # BP4, in two parts
        engine.kernel.gradient_of_rest(
            at.delta, *engine.rest, engine.scale, a_below.chosen, into[n:]
        )
        return out


def _flipped(parameters: LayerParameters) -> Array:
    n_out, n_in = parameters.weights.shape
    return parameters.weights.reshape(n_in, n_out)


class SplitEngine:
    """The plain engine on a twin of the network with its first layer split; and the twin's reader."""

    name = "split"

    def __init__(self, job: Job) -> None:
        from handwrought.kernels import fused
        from handwrought.kernels.sparse_sgd import nonzero_pixels

        network, split, use = job.network, job.split, _use(job.split)
        self.kernel: Any = fused
        self.outer = network
        self.order = np.argsort(-use, kind="stable")
        self.n_dense = int((use >= _OFTEN).sum())
        rows = split.images.reshape(len(split), -1)
        self.images = np.ascontiguousarray(rows[:, self.order[: self.n_dense]])
        self.rest = nonzero_pixels(rows, self.order[self.n_dense :])
        self.scale = np.arange(256, dtype=np.float32) * np.float32(1 / 255)
        self.labels = split.labels.astype(np.int64)
        self.x = np.empty((job.batch_size, self.n_dense), np.float32)
        self.y = np.zeros((job.batch_size, split.n_classes), np.float32)
        self.at = np.arange(job.batch_size)
        parameters = Parameters(network.specs, network.dtype)
        self.network = network.with_parameters(parameters)
        first = _SplitDense(parameters[0], dense_layers(network.layers)[0], self)
        self.network.layers = (first, *self.network.layers[1:])
        self.plain = PlainEngine(job, self.network, self)

    @staticmethod
    def suits(job: Job) -> bool:
        """Whether the first layer can be split, and gains by it."""
        network, split, first = job.network, job.split, job.network.layers[0]
        width = first.n_out if isinstance(first, Dense) else 0
        return (
            job.compiled
            and job.whole_batches
            and network.dtype == np.float32
            and split.images.dtype == np.uint8
            and split.labels.ndim == 1
            and width >= _NARROWEST
            and width % _LANES == 0
            and network.n_inputs < 2**16
            and bool((_use(split) >= _OFTEN).mean() < 0.8)
        )

    def train(self, epoch: Epoch, first: int) -> Iterator[float]:
        """A step of the twin for each mini-batch."""
        self.copy(into_network=False)
        return self.plain.train(epoch, first)

    def hand_back(self) -> None:
        """The network given gets what its twin has learnt."""
        self.copy(into_network=True)

    def state(self) -> tuple[Mapping[str, float], Mapping[str, Array]]:
        """What the optimizer keeps, in the network's order."""
        numbers, arrays = self.plain.state()
        found = {name: np.empty_like(array) for name, array in arrays.items()}
        for name, array in arrays.items():
            self.convert(array, found[name], into_network=True)
        return numbers, found

    def restore(self, state: TrainingState) -> None:
        """Go on as the optimizer stood there."""
        arrays = dict(state.arrays)
        if "engine" not in state.settings:  # format 1 kept them in the twin's order
            for name, array in self.plain.state()[1].items():
                arrays[name] = np.empty_like(array)
                self.convert(arrays[name], state.arrays[name], into_network=False)
        self.plain.restore(replace(state, arrays=arrays))

    # --- the twin's mini-batches, and the way between it and the network ---------------------------

    def read(self, indices: Array) -> tuple[Any, Array]:
        """x and y of these examples, good until the next call."""
        m = len(indices)
        x, y = self.x[:m], self.y[:m]
        self.kernel.gather(self.images, self.scale[1], indices, x)
        y.fill(0)
        y[self.at[:m], self.labels[indices]] = 1
        return _Batch(x, indices), y

    def copy(self, *, into_network: bool) -> None:
        """The parameters, from the network given into the twin or back."""
        inner, outer = self.network.parameters.numbers, self.outer.parameters.numbers
        self.convert(inner, outer, into_network=into_network)

    def convert(self, inner: Array, outer: Array, *, into_network: bool) -> None:
        """Numbers for each parameter, from the network's order into the twin's or back."""
        n_out, n_in = self.outer.parameters[0].weights.shape
        n = n_out * n_in
        flipped, plain = inner[:n].reshape(n_in, n_out), outer[:n].reshape(n_out, n_in)
        if into_network:
            outer[n:] = inner[n:]
            plain[:, self.order] = flipped.T
        else:
            inner[n:] = outer[n:]
            flipped[...] = plain[:, self.order].T
