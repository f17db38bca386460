"""Digits from bytes, fast: a trained network laid out for reading only."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.kernels import wanted
from handwrought.nn.activations import Activation
from handwrought.nn.network import Network

__all__ = ["Predictor"]

Array = NDArray[Any]

_ORDERLY = ("identity", "sigmoid", "softmax")
_ROWS = 1000
"""Images in one pass: large enough for BLAS, small enough for a cache."""


class Predictor:
    """Reads uint8 images with a network's weights as they are now; later training leaves it alone.

    The division by 255 is folded into the first layer's weights, and an output activation that
    keeps the order of its inputs is left out.

    Parameters
    ----------
    network : Network
    compiled : bool, optional
        Whether single images are read by compiled code, which skips black pixels and silent
        neurons.  By default it is used where Numba has been imported already or
        ``HANDWROUGHT_KERNELS`` asks for it: importing it takes as long as reading thousands of
        images.

    Raises
    ------
    InvalidArgument
        If compiled code is asked for and Numba is not installed.

    Notes
    -----
    A predictor holds buffers: give each thread its own.
    """

    def __init__(self, network: Network, *, compiled: bool | None = None) -> None:
        self.n_inputs = network.n_inputs
        self._weights = [np.array(layer.weights.T, order="C") for layer in network.layers]
        self._weights[0] *= network.dtype.type(1 / 255)
        self._biases = [layer.biases.copy() for layer in network.layers]
        self._activations: list[Activation | None] = list(network.activations)
        if network.activations[-1].name in _ORDERLY:
            self._activations[-1] = None
        self._one = [np.empty(n, network.dtype) for n in network.sizes]
        self._many = [np.empty((0, n), network.dtype) for n in network.sizes]
        self._kernel: Any = None
        if compiled is None:
            compiled = wanted(sys.maxsize if "numba" in sys.modules else 0)
        if compiled:
            try:
                from handwrought.kernels.sparse_inference import weighted_input
            except ImportError as error:
                raise InvalidArgument(
                    "compiled code needs Numba, which is not installed: "
                    "pip install 'handwrought[fast]'"
                ) from error
            self._kernel = weighted_input
            self._used = np.zeros(max(network.sizes) + 1, np.int64)

    def digit(self, image: Array) -> int:
        """The class of one image: uint8 of any shape with n_inputs pixels.

        Raises
        ------
        InvalidArgument
            If it is not uint8 or has another number of pixels.
        """
        pixels = self._checked(image, (self.n_inputs,))
        a = pixels
        if self._kernel is None:
            a = self._one[0]
            a[:] = pixels
        for i, activation in enumerate(self._activations):
            z = self._one[i + 1]
            if self._kernel is None:
                np.dot(a, self._weights[i], out=z)
                z += self._biases[i]
            else:
                self._kernel(a, self._weights[i], self._biases[i], self._used, z)
            a = activation.value(z, out=z) if activation else z
        return int(a.argmax())

    def digits(self, images: Array) -> NDArray[np.intp]:
        """The class of each image, shape (n,); images: uint8 (n, height, width) or (n, n_inputs).

        Raises
        ------
        InvalidArgument
            As :meth:`digit`.
        """
        rows = self._checked(images, (len(images) if np.ndim(images) else 0, self.n_inputs))
        found = np.empty(len(rows), np.intp)
        if len(self._many[0]) < min(len(rows), _ROWS):
            self._many = [
                np.empty((min(len(rows), _ROWS), b.shape[1]), b.dtype) for b in self._many
            ]
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            x, *outputs = (buffer[: len(part)] for buffer in self._many)
            x[...] = part
            for i, (activation, z) in enumerate(zip(self._activations, outputs, strict=True)):
                np.matmul(x, self._weights[i], out=z)
                z += self._biases[i]
                x = activation.value(z, out=z) if activation else z
            np.argmax(x, axis=1, out=found[start : start + len(part)])
        return found

    def _checked(self, images: Array, shape: tuple[int, ...]) -> Array:
        raw = np.asarray(images)
        if raw.dtype != np.uint8 or raw.size != np.prod(shape):
            raise InvalidArgument(
                f"images have shape {raw.shape} and dtype {raw.dtype}: give uint8 pixels, "
                f"{self.n_inputs} for each image"
            )
        return raw.reshape(shape)
