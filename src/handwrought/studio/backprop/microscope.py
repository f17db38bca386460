"""Backpropagation under the microscope: one image through one network, every number at hand.

All numbers come from :mod:`handwrought.nn.equations`, the numeric derivatives from
:mod:`handwrought.nn.gradient_check`.  What is looked at is a :class:`View`, a value without memory:
the page keeps it in its address, so that a link brings all of it back.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handwrought.errors import InvalidArgument
from handwrought.studio.backprop.subjects import Images, Networks, reads_digits
from handwrought.studio.server.cache import Cache
from handwrought.studio.server.input_names import SIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.model import Model
    from handwrought.nn.equations import Trace
    from handwrought.studio.backprop.closeup import Closeup
    from handwrought.studio.backprop.mistakes import Broken
    from handwrought.studio.backprop.questions import Question
    from handwrought.studio.backprop.steps import Step
    from handwrought.studio.server.studio import Studio

__all__ = ["LayerSeen", "Microscope", "Moved", "Picture", "Verified", "View"]

_KEPT = 6
"""Traces in memory; one of the shipped network takes some 30 MB, twice that after a step."""
_DRAWN = 400
"""Weights between two layers that are drawn as lines, all of them."""
_DIGITS = 13
"""Significant digits shown of the two derivatives."""


@dataclass(frozen=True)
class View:
    """What is looked at.

    Attributes
    ----------
    network, image : str
        Names, see :mod:`handwrought.studio.backprop.subjects`.
    label : int, optional
        What the image should be read as; by default its label, or for a drawing what it is read as.
    rates : tuple of float
        Learning rates of the steps of gradient descent that were applied, in their order.
    mistake : str, optional
        Of :data:`handwrought.nn.faults.FAULTS`, switched on.
    """

    network: str
    image: str
    label: int | None = None
    rates: tuple[float, ...] = ()
    mistake: str | None = None


@dataclass(frozen=True, eq=False)
class LayerSeen:
    """One layer; arrays are float32, base64 on the way."""

    number: int
    size: int
    activation: str
    a: NDArray[np.float32]
    z: NDArray[np.float32] | None
    delta: NDArray[np.float32] | None
    weights: NDArray[np.float32] | None
    """To this layer, (size, size below), where they are few enough to be drawn."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A view as a whole."""

    network: str
    """The network shown: while the one asked for is trained, the one that it began as."""
    progress: float
    """Of that training; 1 when there is none to wait for."""
    title: str
    image: str
    label: int
    prediction: int
    class_names: tuple[str, ...]
    cost: float
    cost_name: str
    output: list[float]
    costs: list[float]
    """Before and after each step applied."""
    before: list[float]
    """The output before any of them."""
    pixels: NDArray[np.uint8]
    """The image; the first layer holds what the network sees of it."""
    layers: list[LayerSeen]
    steps: list[Step]
    neurons: list[int]
    """For each layer from 2 a neuron to look at first: the label's, else the largest error's."""
    source: int
    """And a weight of layer 2's: the one with the largest gradient."""


@dataclass(frozen=True)
class Verified:
    """A derivative by backpropagation and by a central difference."""

    analytic: float
    numeric: float | None
    """None at a kink, where the difference would mean nothing."""
    digits: int
    """Leading digits that agree."""
    analytic_text: str
    numeric_text: str
    agreeing: int
    """Characters of the two texts that agree."""
    step: float
    cost_up: float
    cost_down: float
    says: str


@dataclass(frozen=True)
class Moved:
    """Where one step would lead."""

    cost: float
    output: list[float]
    prediction: int


class Microscope:
    """The backend of Backpropagation."""

    def __init__(self, studio: Studio) -> None:
        self.images = Images(studio)
        self.networks = Networks(studio, self.images)
        self._traces: Cache[Any, Trace] = studio.cache(_KEPT)
        self._lock = threading.RLock()
        self._breaking: dict[str, Broken] = {}
        self._trying = threading.Lock()

    def close(self) -> None:
        """End the training that runs."""
        self.networks.close()

    # --- subjects -------------------------------------------------------------------------------

    def find(self, kind: str, network: str, digit: int | None, after: int) -> str:
        """The name of an image: ``random``, or the next ``misread`` after an index.

        Raises
        ------
        InvalidArgument
            If there is none.
        """
        if kind == "random":
            return self.images.some(digit)
        return self.images.misread(self.networks.get(network).model, digit, after)

    # --- a view ---------------------------------------------------------------------------------

    def trace(self, view: View) -> Trace:
        """Every quantity of a view.

        Raises
        ------
        InvalidArgument
            If the view names something that is not there, or a mistake that it cannot have.
        """
        return self._traced(view)[2]

    def picture(self, view: View) -> Picture:
        """A view as a whole; see :meth:`trace` for what it refuses."""
        import numpy as np

        from handwrought.studio.backprop.steps import steps

        name, model, trace = self._traced(view)
        now = View(name, view.image, int(trace.y.argmax()), view.rates, view.mistake)
        L = trace.L
        costs = [
            self.trace(View(name, view.image, now.label, view.rates[:n], view.mistake)).C
            for n in range(len(view.rates))
        ]
        start = self.trace(View(name, view.image, now.label, (), view.mistake))
        pixels, _ = self.images.pixels(view.image)
        names = ["input", *(trace.σ[l].name for l in range(2, L + 1))]
        layers = [
            LayerSeen(
                l,
                len(trace.a[l]),
                names[l - 1],
                trace.a[l].astype(np.float32),
                trace.z[l].astype(np.float32) if l > 1 else None,
                trace.δ[l].astype(np.float32) if l > 1 else None,
                trace.W[l].astype(np.float32) if l > 1 and trace.W[l].size <= _DRAWN else None,
            )
            for l in range(1, L + 1)
        ]
        neurons = [int(np.abs(trace.δ[l]).argmax()) for l in range(2, L)]
        neurons.append(int(trace.y.argmax()))
        return Picture(
            network=name,
            progress=self.networks.progress(view.network),
            title=trace.network.architecture,
            image=view.image,
            label=int(trace.y.argmax()),
            prediction=int(trace.a[L].argmax()),
            class_names=model.class_names,
            cost=trace.C,
            cost_name=trace.network.cost.name,
            output=trace.a[L].tolist(),
            costs=[*costs, trace.C],
            before=start.a[L].tolist(),
            pixels=pixels,
            layers=layers,
            steps=steps(trace.network.sizes),
            neurons=neurons,
            source=int(np.abs(trace.dC_dw[2][neurons[0]]).argmax()),
        )

    def close_up(self, view: View, step: str, layer: int, j: int, k: int, η: float) -> Closeup:
        """One step for one neuron or weight."""
        from handwrought.studio.backprop.mistakes import with_mistake
        from handwrought.studio.backprop.steps import close_up

        trace = self.trace(view)
        found = close_up(trace, step, layer, j, k, η)
        return with_mistake(found, trace, view.mistake) if view.mistake else found

    def moved(self, view: View, η: float) -> Moved:
        """Where one more step of gradient descent would lead."""
        from handwrought.nn.equations import update

        there = update(self.trace(view), η)
        output = there.a[there.L]
        return Moved(there.C, output.tolist(), int(output.argmax()))

    def verify(self, view: View, layer: int, j: int, k: int | None) -> Verified:
        """The derivative by weight jk of a layer, or by the bias of j, in two ways."""
        from handwrought.nn.gradient_check import STEPS, agreeing_digits
        from handwrought.studio.backprop.mistakes import cost_at, numeric_derivative

        trace = self.trace(view)
        trace._check(layer, j, k)
        analytic = float(trace.dC_db[layer][j] if k is None else trace.dC_dw[layer][j, k])
        numeric = numeric_derivative(trace, layer, j, k)
        h = STEPS["central"]
        up, down = (cost_at(trace, layer, j, k, sign * h) for sign in (1, -1))
        if numeric != numeric:
            says = (
                "Within this step a neuron's activation function has its kink, so the difference "
                "means nothing: choose another weight or image."
            )
            text = _text(analytic)
            return Verified(analytic, None, 0, text, "", 0, h, up, down, says)
        digits = agreeing_digits(analytic, numeric)
        one, other = _text(analytic), _text(numeric)
        same = 0 if one.split("e")[1] != other.split("e")[1] else 1
        while 0 < same < len(one) and one[: same + 1] == other[: same + 1]:
            same += 1
        return Verified(
            analytic, numeric, digits, one, other, same, h, up, down,
            _verdict(analytic, numeric, digits),
        )  # fmt: skip

    # --- mistakes -------------------------------------------------------------------------------

    def questions(self) -> list[Question]:
        """The mistakes, each with what to predict."""
        from handwrought.studio.backprop.mistakes import questions

        return questions()

    def broken(self, mistake: str) -> Broken:
        """What a mistake does, and how it is caught; worked out once."""
        from handwrought.studio.backprop.mistakes import broken

        with self._trying:
            if mistake not in self._breaking:
                self._breaking[mistake] = broken(mistake, self.images.data.train)
            return self._breaking[mistake]

    # --- memory ---------------------------------------------------------------------------------

    def _traced(self, view: View) -> tuple[str, Model, Trace]:
        from handwrought.nn.equations import follow, update
        from handwrought.studio.backprop.mistakes import equations_for

        name, model, key = self.networks.get(view.network)
        network, (pixels, true) = model.network, self.images.pixels(view.image)
        x = model.inputs(pixels.reshape(1, SIDE, SIDE))[0]
        with self._lock:
            label = view.label if view.label is not None else true
            if label is None or (view.label is None and not reads_digits(model)):
                label = int(network.predict(x)[0])
            if label >= network.n_outputs:
                raise InvalidArgument(f"there is no class {label}: there are {network.n_outputs}")
            equations = equations_for(view.mistake, network)
            for n in range(len(view.rates), -1, -1):
                trace = self._traces.get((key, view.image, label, view.rates[:n], view.mistake))
                if trace is not None:
                    break
            else:
                n, trace = 0, follow(network, x, label, equations)
                self._remember((key, view.image, label, (), view.mistake), trace)
            for at in range(n, len(view.rates)):
                trace = update(trace, view.rates[at])
                self._remember((key, view.image, label, view.rates[: at + 1], view.mistake), trace)
            return name, model, trace

    def _remember(self, key: Any, trace: Trace) -> None:
        import numpy as np

        if not np.isfinite(trace.C):
            raise InvalidArgument(
                "the steps led to a cost that is no finite number: take smaller ones"
            )
        self._traces.put(key, trace)


def _text(x: float) -> str:
    """All digits that can be compared, with a true minus; nought has none."""
    return f"{x + 0.0:+.{_DIGITS - 1}e}".replace("-", "−")


def _verdict(analytic: float, numeric: float, digits: int) -> str:
    if analytic == numeric == 0:
        return "Both are exactly 0: in this image this number changes nothing."
    if digits >= 5:
        return f"{digits} digits agree. What differs after them is the difference's own rounding."
    if digits >= 3 or abs(analytic - numeric) < 1e-9:
        return (
            f"{digits} digits agree: the derivative is so small that rounding in the costs "
            f"hides the rest."
        )
    return "They do not agree: something in the equations is wrong."
