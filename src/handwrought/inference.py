"""Digits from bytes, fast: a trained network laid out for reading only."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import default_errstate, with_default_errstate
from handwrought.kernels import wanted
from handwrought.nn.activations import Activation
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network

__all__ = ["Predictor"]

Array = NDArray[Any]

_ORDERLY = ("identity", "sigmoid", "softmax")
_ROWS = 1000
"""Images in one pass: large enough for BLAS, small enough for a cache."""


@dataclass(eq=False)
class _Buffers:
    """What one call works in: the input and each layer's z, of one image or of several."""

    layers: list[Array]
    used: Array
    """Scratch of the compiled code."""


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
    One predictor may be shared by threads: each call works in buffers that no other call uses at the
    same time.
    """

    def __init__(self, network: Network, *, compiled: bool | None = None) -> None:
        self.n_inputs = network.n_inputs
        layers = dense_layers(network.layers, "the predictor")
        self._weights = [np.array(layer.weights.T, order="C") for layer in layers]
        self._weights[0] *= network.dtype.type(1 / 255)
        self._biases = [layer.biases.copy() for layer in layers]
        self._activations: list[Activation | None] = list(network.activations)
        if network.output_activation.name in _ORDERLY:
            self._activations[-1] = None
        if compiled is None:
            compiled = wanted(sys.maxsize if "numba" in sys.modules else 0)
        self._prepare(compiled)

    def _prepare(self, compiled: bool) -> None:
        """What a copy makes anew: the compiled code, and buffers that nobody uses at the moment."""
        self._kernel: Any = None
        if compiled:
            try:
                from handwrought.kernels.sparse_inference import weighted_input
            except ImportError as error:
                raise InvalidArgument(
                    "compiled code needs Numba, which is not installed: "
                    "pip install 'handwrought[fast]'"
                ) from error
            self._kernel = weighted_input
        # A deque's ends may be taken and given by several threads at once.
        self._one: deque[_Buffers] = deque()
        self._many: deque[_Buffers] = deque()

    def __getstate__(self) -> dict[str, Any]:
        made_anew = ("_kernel", "_one", "_many")
        kept = {name: value for name, value in vars(self).items() if name not in made_anew}
        return {**kept, "compiled": self._kernel is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Where another machine lacks Numba, the plain code reads the same digits.
        compiled = state.pop("compiled") and find_spec("numba") is not None
        vars(self).update(state)
        self._prepare(compiled)

    def _buffers(self, *rows: int) -> _Buffers:
        sizes = [self.n_inputs, *(len(biases) for biases in self._biases)]
        dtype = self._biases[0].dtype
        used = np.zeros(max(sizes) + 1, np.int64)
        return _Buffers([np.empty((*rows, n), dtype) for n in sizes], used)

    def digit(self, image: Array) -> int:
        """The class of one image: uint8 of any shape with n_inputs pixels.

        Raises
        ------
        InvalidArgument
            If it is not uint8 or has another number of pixels.
        """
        try:
            return self._digit(image)
        except (
            FloatingPointError
        ):  # rare, and cheaper than asking each time what the caller has set
            with default_errstate():
                return self._digit(image)

    def _digit(self, image: Array) -> int:
        pixels = self._checked(image, (self.n_inputs,))
        buffers = _taken(self._one) or self._buffers()
        a = pixels
        if self._kernel is None:
            a = buffers.layers[0]
            a[:] = pixels
        for i, activation in enumerate(self._activations):
            z = buffers.layers[i + 1]
            if self._kernel is None:
                np.dot(a, self._weights[i], out=z)
                z += self._biases[i]
            else:
                self._kernel(a, self._weights[i], self._biases[i], buffers.used, z)
            a = activation.value(z, out=z) if activation else z
        digit = int(a.argmax())
        self._one.append(buffers)
        return digit

    @with_default_errstate
    def digits(self, images: Array) -> NDArray[np.intp]:
        """The class of each image, shape (n,); images: uint8 (n, height, width) or (n, n_inputs).

        Raises
        ------
        InvalidArgument
            As :meth:`digit`.
        """
        rows = self._checked(images, (len(images) if np.ndim(images) else 0, self.n_inputs))
        found = np.empty(len(rows), np.intp)
        buffers = _taken(self._many)
        if buffers is None or len(buffers.layers[0]) < min(len(rows), _ROWS):
            buffers = self._buffers(min(len(rows), _ROWS))
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            x, *outputs = (buffer[: len(part)] for buffer in buffers.layers)
            x[...] = part
            for i, (activation, z) in enumerate(zip(self._activations, outputs, strict=True)):
                np.matmul(x, self._weights[i], out=z)
                z += self._biases[i]
                x = activation.value(z, out=z) if activation else z
            np.argmax(x, axis=1, out=found[start : start + len(part)])
        self._many.append(buffers)
        return found

    def _checked(self, images: Array, shape: tuple[int, ...]) -> Array:
        raw = np.asarray(images)
        if raw.dtype != np.uint8 or raw.size != np.prod(shape):
            raise InvalidArgument(
                f"images have shape {raw.shape} and dtype {raw.dtype}: give uint8 pixels, "
                f"{self.n_inputs} for each image"
            )
        return raw.reshape(shape)


def _taken(spare: deque[_Buffers]) -> _Buffers | None:
    """Buffers for one call alone, None where others use all there are."""
    try:
        return spare.pop()
    except IndexError:
        return None
