"""The scrubber: a kept run's network at any moment of its learning, and what it made of an image."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handwrought.errors import InvalidArgument
from handwrought.studio.draw.answers import Layer
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.server.cache import Cache
from handwrought.studio.server.input_names import SIDE
from handwrought.studio.train.runs import Runs
from handwrought.studio.train.snapshots import moment_path, steps_kept

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.nn.network import Network
    from handwrought.studio.server.studio import Studio

__all__ = ["Course", "Moment", "Scrubber"]

_REMEMBERED = 160
_SMALL = 300_000
"""Parameters of a network that is worth remembering; a larger one is read anew."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A network as it was; ``weights`` are int8 in 127ths of ``most``, base64 on the way.

    Attributes
    ----------
    step : int
    shown, neurons : int
        Of the first layer.
    layers : list of Layer
        Its activations for the image; empty without one.
    probabilities : list of float or None
    pixels : array of uint8 or None
    """

    step: int
    weights: NDArray[np.uint8]
    shown: int
    neurons: int
    n_in: int
    most: float
    layers: list[Layer]
    probabilities: list[float] | None
    pixels: NDArray[np.uint8] | None


@dataclass(frozen=True, eq=False)
class Course:
    """The probabilities of each digit over all moments: float32 (moments, 10)."""

    steps: list[int]
    probabilities: NDArray[np.float32]


class Scrubber:
    """A backend of Train that reads what the runs keep."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._networks: Cache[tuple[str, int, int], tuple[Network, str]] = studio.cache(_REMEMBERED)

    def close(self) -> None:
        """Nothing outlives the studio."""

    def moment(self, name: str, step: int, image: str | None) -> Moment:
        """The network of a run at a step; with its activations for an image.

        Parameters
        ----------
        name : str
            The run's id.
        step : int
            One that is kept.
        image : str or None
            Its pixels, uint8, as base64; None for the last drawing.

        Raises
        ------
        InvalidArgument
            If that step is not kept, or the image does not fit.
        """
        import numpy as np

        from handwrought.studio.train.live_images import look

        network, representation = self._network(name, step)
        seen = look(network, None)
        pixels = self._pixels(image)
        layers: list[Layer] = []
        probabilities = None
        if pixels is not None:
            layers, probabilities = _activations(network, representation, pixels)
        return Moment(
            step, seen.weights.view(np.uint8), len(seen.weights), seen.neurons,
            network.n_inputs, seen.most, layers, probabilities, pixels,
        )  # fmt: skip

    def course(self, name: str, image: str | None) -> Course:
        """What the network made of an image at each moment that is kept."""
        import numpy as np

        steps = steps_kept(self._studio.backend(Runs).get(name).folder)
        pixels = self._pixels(image)
        if pixels is None:
            return Course([], np.empty((0, 10), np.float32))
        found = [_activations(*self._network(name, step), pixels)[1] for step in steps]
        return Course(steps, np.array(found, np.float32))

    def _network(self, name: str, step: int) -> tuple[Network, str]:
        """A network, and the representation in which it sees images."""
        folder = self._studio.backend(Runs).get(name).folder
        path = moment_path(folder, step)
        if step not in steps_kept(folder):
            raise InvalidArgument(f"step {step} of this run is not kept: choose another moment")
        # A run that goes on from a checkpoint may live through a step again, and otherwise.
        key = (name, step, path.stat().st_mtime_ns)
        if (known := self._networks.get(key)) is not None:
            return known
        from handwrought.storage import read_model

        header, network = read_model(path)
        found = network, str(header["representation"])
        if network.parameters.vector.size <= _SMALL:
            self._networks.put(key, found)
        return found

    def _pixels(self, image: str | None) -> NDArray[np.uint8] | None:
        import numpy as np

        if image is None:
            recent = self._studio.backend(Drawings).recent()
            return next((drawing.pixels for drawing in recent.values()), None)
        try:
            return np.frombuffer(b64decode(image, validate=True), np.uint8)
        except ValueError:
            raise InvalidArgument("pixels is no base64: send the image's bytes so") from None


def _activations(
    network: Network, representation: str, pixels: NDArray[np.uint8]
) -> tuple[list[Layer], list[float]]:
    import numpy as np

    from handwrought.data.representations import represent
    from handwrought.evaluation import probabilities

    if pixels.size != SIDE * SIDE:
        raise InvalidArgument(f"the image has {pixels.size} pixels, not {SIDE} x {SIDE}")
    seen = represent(pixels.reshape(1, SIDE, SIDE), representation)
    x = seen.reshape(1, -1).astype(network.dtype) / network.dtype.type(255)
    states = network.workspace(1).rows(1)
    out = network.forward(x, states)
    layers: list[Layer] = [Layer(1, "input", x[0].astype(np.float32))]
    for number, (state, σ) in enumerate(zip(states, network.activations, strict=True), start=2):
        layers.append(Layer(number, σ.name, state.a[0].astype(np.float32)))
    found: Any = probabilities(out, network.output_activation.name)[0]
    return layers, found.tolist()
