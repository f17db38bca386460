"""A trained network with what it takes to use it: how it sees examples, and what its classes are.

Every way from images to outputs leads through :class:`Model`: reading, evaluation, committees, the
studio and the exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.data.representations import extract_features, represent
from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.imaging.conversion import to_uint8
from handwrought.nn.network import Network
from handwrought.storage import read_model, save_model

if TYPE_CHECKING:
    from handwrought.inference import Predictor

__all__ = ["Model", "probabilities"]

Array = NDArray[Any]

_ROWS = 2000
"""Images that go through a network at once."""
_LEAST, _MOST = 1e-30, 1e300
"""Between these an output is taken to lie, so that its powers are numbers."""


@with_default_errstate
def probabilities(outputs: Array, temperature: float = 1.0) -> Array:
    """A network's outputs as probabilities that add up to 1 in each row: a^(1/T) / Σ a^(1/T).

    Each of the costs is a proper scoring rule: its mean is least where output k is P(class k | x)
    (Gneiting and Raftery 2007), for the quadratic cost as for the log-likelihood and for the yes or
    no of each class in cross-entropy, and whatever the output activation.  So outputs are taken for
    estimates of these, those below 0 for almost 0, and are divided by their sum; a softmax of them
    would call a perfect answer of ten, 1 and nine times 0, only 23 % sure.  With temperature T a
    softmax p becomes softmax(z / T), which is p^(1/T) divided by its sum (Guo et al. 2017, section
    4.2).

    Parameters
    ----------
    outputs : array, shape (n, n_classes)
    temperature : float
        Above 1 makes all answers less sure, below 1 more sure.

    Returns
    -------
    array of float64, shape (n, n_classes)

    Raises
    ------
    InvalidArgument
        If the temperature is not a number above 0, or these are no outputs.
    """
    if not (isfinite(temperature) and temperature > 0):
        raise InvalidArgument(f"temperature is {temperature!r}: it must be a number above 0")
    if outputs.ndim != 2 or not outputs.shape[1]:
        raise InvalidArgument(f"outputs has shape {outputs.shape}: give (n, n_classes)")
    p = np.clip(outputs.astype(np.float64), _LEAST, _MOST)
    most = p.max(
        axis=1, keepdims=True
    )  # where it is needed, so that powers stay in float64's range
    p /= np.where((most > 1) | (temperature < 0.1), most, 1.0)
    p **= 1 / temperature
    return np.asarray(p / p.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Model:
    """A network, and all that its file says of how to use it.

    Attributes
    ----------
    network : Network
    representation : str
        What it is given of a picture, one of
        :data:`handwrought.data.representations.REPRESENTATIONS`.
    class_names : tuple of str
        A name for each output; "0", "1", ... where none are given.
    temperature : float
        What calibrates its confidence; see :func:`probabilities`.
    record : dict
        How it was trained.
    preprocessing : dict, optional
        How inputs are made of pixels, as the model file says it.
    stored : str, optional
        The dtype in which its file keeps numbers; the network's own by default.
    digest : str, optional
        Of the file it was read from.

    Raises
    ------
    InvalidArgument
        If the names are not one for each output.
    """

    network: Network
    representation: str = "as-is"
    class_names: tuple[str, ...] = ()
    temperature: float = 1.0
    record: dict[str, Any] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] | None = None
    stored: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        names = tuple(self.class_names or _numbers(self.network.n_outputs))
        if len(names) != self.network.n_outputs:
            raise InvalidArgument(
                f"there are {len(names)} class names and {self.network.n_outputs} outputs: give "
                f"one for each"
            )
        object.__setattr__(self, "class_names", names)

    @classmethod
    def of(cls, network: Network | Model) -> Model:
        """A bare network as a model that is given pixels as they are; a model as it is."""
        return network if isinstance(network, Model) else cls(network)

    # --- as a file --------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Model:
        """Read a model file; see :func:`handwrought.storage.load_model` for what it refuses."""
        return cls.of_header(*read_model(path))

    @classmethod
    def of_header(cls, header: Mapping[str, Any], network: Network) -> Model:
        """What :func:`handwrought.storage.read_model` found."""
        return cls(
            network,
            header["representation"],
            tuple(header["class_names"] or ()),
            header["calibration"]["temperature"],
            header["record"],
            header["preprocessing"],
            header["stored"],
            header["digest"],
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write a model file; see :func:`handwrought.storage.save_model`."""
        save_model(
            self.network,
            path,
            stored=self.stored,
            temperature=self.temperature,
            class_names=self.given_names,
            preprocessing=self.preprocessing,
            representation=self.representation,
            **self.record,
        )

    def named(self, others: tuple[str, ...]) -> Model:
        """This model on a data set whose classes have these names: its own names, or those where it
        has only numbers.

        Raises
        ------
        InvalidArgument
            If both have names, and other ones.
        """
        mine = self.given_names
        if mine is None and len(others) == self.network.n_outputs:
            return replace(self, class_names=others)
        if mine is not None and others not in (mine, _numbers(len(mine))):
            raise InvalidArgument(
                f"the model's classes are {_few(mine)}, and those of the data {_few(others)}: they "
                f"do not fit"
            )
        return self

    @property
    def given_names(self) -> tuple[str, ...] | None:
        """The class names, None where they are only numbers."""
        return None if self.class_names == _numbers(self.network.n_outputs) else self.class_names

    # --- from images to outputs -------------------------------------------------------------------

    @with_default_errstate
    def inputs(self, images: Array) -> Array:
        """What the network is given, shape (n, n_inputs), of its dtype.

        Parameters
        ----------
        images : array
            Pictures (n, height, width), uint8 or floats from 0 to 1, ink bright on black; or, where
            the network sees its examples as they are, rows (n, n_inputs): uint8 pixels, or numbers.
        """
        if images.ndim == 2 and self.representation == "as-is":
            return self._scaled(images)
        if images.ndim != 3:
            raise InvalidArgument(
                f"images has shape {images.shape}: give (n, height, width), or (n, n_inputs) to a "
                f"network that is given pixels as they are"
            )
        if self.representation != "as-is" and images.dtype != np.uint8:
            images = to_uint8(images)
        return self._scaled(represent(images, self.representation))

    @with_default_errstate
    def inputs_of_deskewed(self, images: Array) -> Array:
        """As :meth:`inputs`, of pictures through the representation's first part already: they may
        have been moved or deformed since (:func:`handwrought.data.representations.deskewed`)."""
        if images.ndim != 3:
            raise InvalidArgument(f"images has shape {images.shape}: give (n, height, width)")
        return self._scaled(extract_features(images, self.representation))

    def _scaled(self, features: Array) -> Array:
        rows = features.reshape(len(features), int(np.prod(features.shape[1:])))
        x = rows.astype(self.network.dtype)
        if features.dtype == np.uint8:
            x *= self.network.dtype.type(1 / 255)
        return x

    def outputs(self, images: Array) -> Array:
        """The network's outputs, shape (n, n_outputs), of what :meth:`inputs` takes."""
        images = np.asarray(images)
        if images.ndim < 2 or len(images) <= _ROWS:
            return self.network.feedforward(self.inputs(images))
        starts = range(0, len(images), _ROWS)
        return np.concatenate([self.outputs(images[at : at + _ROWS]) for at in starts])

    @with_default_errstate
    def activations(self, images: Array) -> list[Array]:
        """Of each layer, shape (n, neurons), from the inputs to the outputs."""
        x = self.network.checked_inputs(self.inputs(images))
        states = self.network.workspace(len(x)).rows(len(x))
        self.network.forward(x, states)
        return [x, *(state.a for state in states)]

    def probabilities(self, images: Array) -> Array:
        """Calibrated, float64 (n, n_classes), of what :meth:`inputs` takes."""
        return probabilities(self.outputs(images), self.temperature)

    # --- in other forms ---------------------------------------------------------------------------

    def with_dtype(self, dtype: DTypeLike) -> Model:
        """The same with the network's numbers in another dtype."""
        return replace(self, network=self.network.copy(dtype))

    def predictor(self, *, compiled: bool | None = None) -> Predictor:
        """The class of single images, fast; see :class:`handwrought.inference.Predictor`."""
        from handwrought.inference import Predictor

        if self.representation != "as-is":
            raise InvalidArgument(
                f"a predictor is given pixels as they are, and this model sees them "
                f"{self.representation!r}: use outputs or probabilities"
            )
        return Predictor(self.network, compiled=compiled)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f", ... ({len(names)} in all)" if len(names) > 5 else "")


def _numbers(n: int) -> tuple[str, ...]:
    return tuple(map(str, range(n)))
