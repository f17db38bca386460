"""The scrubber: a kept run's network at any moment of its learning, and what it made of an image."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handwrought.errors import InvalidArgument
from handwrought.studio.draw.answers import Layer, layers_seen
from handwrought.studio.draw.drawings import Drawings
from handwrought.studio.server.cache import Cache
from handwrought.studio.server.input_names import SIDE
from handwrought.studio.train.runs import Runs
from handwrought.studio.train.snapshots import snapshot_path, steps_kept

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.model import Model
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
        self._networks: Cache[tuple[str, int, int], Model] = studio.cache(_REMEMBERED)

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

        from handwrought.studio.train.live_images import network_images

        model = self._model(name, step)
        network = model.network
        seen = network_images(network, None)
        pixels = self._pixels(image)
        layers: list[Layer] = []
        probabilities = None
        if pixels is not None:
            layers = layers_seen(model, pixels)
            probabilities = model.probabilities(pixels[None])[0].tolist()
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
        found = [self._model(name, step).probabilities(pixels[None])[0] for step in steps]
        return Course(steps, np.array(found, np.float32))

    def _model(self, name: str, step: int) -> Model:
        folder = self._studio.backend(Runs).get(name).folder
        path = snapshot_path(folder, step)
        if step not in steps_kept(folder):
            raise InvalidArgument(f"step {step} of this run is not kept: choose another moment")
        # A run that goes on from a checkpoint may live through a step again, and otherwise.
        key = (name, step, path.stat().st_mtime_ns)
        if (known := self._networks.get(key)) is not None:
            return known
        from handwrought.model import Model

        found = Model.load(path)
        if found.network.parameters.vector.size <= _SMALL:
            self._networks.put(key, found)
        return found

    def _pixels(self, image: str | None) -> NDArray[np.uint8] | None:
        import numpy as np

        if image is None:
            recent = self._studio.backend(Drawings).recent()
            return next((drawing.pixels for drawing in recent.values()), None)
        try:
            found = np.frombuffer(b64decode(image, validate=True), np.uint8)
        except ValueError:
            raise InvalidArgument("pixels is no base64: send the image's bytes so") from None
        if found.size != SIDE * SIDE:
            raise InvalidArgument(f"the image has {found.size} pixels, not {SIDE} x {SIDE}")
        return found.reshape(SIDE, SIDE)
