"""Draw: what the network makes of a drawing, from the ink to any neuron's sum."""

from __future__ import annotations

import io
import threading
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handwrought.errors import DataError, InvalidArgument
from handwrought.studio.formula import mathml

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.data.collection import Collection
    from handwrought.nn.equations import Trace
    from handwrought.nn.network import Network
    from handwrought.reading.recognizer import Reading
    from handwrought.studio.sessions import Studio

__all__ = ["Drawing", "Drawings", "Layer", "NeuronSeen", "Preparation", "Seen", "check_pixels"]

FILE_PIXELS = 50_000_000
PAD_PIXELS = 4_000_000
_KEPT = 100
"""Drawings remembered, for all tabs together."""
_TERMS = 12
"""Terms of a sum that are written out; the rest is one number."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """How the ink became 28 x 28, for the page to replay; lengths in pixels.

    Attributes
    ----------
    box : (int, int, int, int)
        x, y, width and height of the ink in the picture.
    scale : float
        What the box's longer side was multiplied by.
    placed : (int, int, int, int)
        x, y, width and height of the ink in the 28 x 28.
    centre : (float, float)
        x and y of the centre of mass there.
    shift : (float, float)
        How far that moved the ink from the middle, to the right and down.
    """

    box: tuple[int, int, int, int]
    scale: float
    placed: tuple[int, int, int, int]
    centre: tuple[float, float]
    shift: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of the network with a drawing in it; ``a`` is float32, base64 on the way."""

    number: int
    activation: str
    a: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seen:
    """A drawing as it was read."""

    drawing: int
    digit: int | None
    confidence: float
    refused: str
    """Why it was refused, a sentence; empty where it was not."""
    probabilities: list[float]
    pixels: NDArray[np.uint8]
    preparation: Preparation | None
    layers: list[Layer]
    kept: int | None
    """The label under which it is in the collection."""


@dataclass(frozen=True, eq=False)
class TermSeen:
    """w × a, from neuron k of the layer below."""

    k: int
    w: float
    a: float
    product: float


@dataclass(frozen=True, eq=False)
class NeuronSeen:
    """One neuron's sum; ``weights`` and ``products`` are float32, one for each neuron below."""

    drawing: int
    layer: int
    neuron: int
    activation: str
    z: float
    a: float
    bias: float
    sum: float
    """Σ_k w a, which z is without its bias."""
    weights: NDArray[np.float32]
    products: NDArray[np.float32]
    terms: list[TermSeen]
    """The largest first."""
    rest: float
    """The sum of the other terms."""
    rest_count: int
    formula: str
    """z^l_j = Σ_k w^l_jk a^{l-1}_k + b^l_j, as MathML."""


class Drawing:
    """One drawing: its reading, and its way through the network once somebody asks."""

    def __init__(self, network: Network, reading: Reading) -> None:
        self.reading = reading
        self._network = network
        self._trace: Trace | None = None

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """What the network sees, (28, 28)."""
        return self.reading.normalized

    def trace(self) -> Trace:
        """Every quantity, in float64, by the equations themselves."""
        if self._trace is None:
            from handwrought.nn.equations import follow

            x = self.pixels.reshape(-1) / 255
            self._trace = follow(self._network, x, self.reading.digit or 0)
        return self._trace


class Drawings:
    """The backend of Draw: the last drawings of all tabs, each under its number."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._drawings: OrderedDict[int, Drawing] = OrderedDict()
        self._next = 1
        self._lock = threading.Lock()
        self._exact: Network | None = None

    def close(self) -> None:
        """Nothing outlives the studio."""

    def read(self, picture: Any, number: int | None = None) -> Seen:
        """Read a picture: as a new drawing, or as the next stroke of one.

        Parameters
        ----------
        picture : array or bytes
            Grey pixels, uint8 (height, width); or a picture file's bytes.
        number : int, optional
            The drawing that this is the new state of.
        """
        recognizer = self._studio.recognizer
        reading = recognizer.read_digit(picture)
        drawing = Drawing(self._float64(), reading)
        with self._lock:
            if number is None or number not in self._drawings:
                number, self._next = self._next, self._next + 1
            self._drawings[number] = drawing
            self._drawings.move_to_end(number)
            while len(self._drawings) > _KEPT:
                self._drawings.popitem(last=False)
        return Seen(
            drawing=number,
            digit=reading.digit,
            confidence=reading.confidence,
            refused=_refusal(reading, picture, recognizer.threshold),
            probabilities=reading.probabilities.tolist(),
            pixels=reading.normalized,
            preparation=_preparation(reading),
            layers=_layers(recognizer.network, reading.normalized),
            kept=self._label(reading),
        )

    def drawing(self, number: int) -> Drawing:
        """The drawing of that number.

        Raises
        ------
        InvalidArgument
            If there is none, or so many came after it that it is forgotten.
        """
        with self._lock:
            found = self._drawings.get(number)
        if found is None:
            raise InvalidArgument(f"drawing {number} is forgotten: draw it anew")
        return found

    def recent(self) -> dict[int, Drawing]:
        """The drawings with ink on them, the latest first."""
        with self._lock:
            newest = reversed(self._drawings.items())
            return {n: drawing for n, drawing in newest if drawing.reading.digit is not None}

    def neuron(self, number: int, layer: int, j: int) -> NeuronSeen:
        """A neuron's sum for a drawing; layers count from 2 to L, as in the article.

        Raises
        ------
        InvalidArgument
            If there is no such drawing, layer or neuron.
        """
        import numpy as np

        trace = self.drawing(number).trace()
        whole = trace.sum_for_z(layer, j)
        ordered = whole.largest_first().terms
        first, others = ordered[:_TERMS], ordered[_TERMS:]
        return NeuronSeen(
            drawing=number,
            layer=layer,
            neuron=j,
            activation=trace.σ[layer].name,
            z=whole.value,
            a=float(trace.a[layer][j]),
            bias=whole.offset,
            sum=float(sum(term.product for term in whole.terms)),
            weights=np.array([term.left for term in whole.terms], np.float32),
            products=np.array([term.product for term in whole.terms], np.float32),
            terms=[TermSeen(t.index, t.left, t.right, t.product) for t in first],
            rest=float(sum(term.product for term in others)),
            rest_count=len(others),
            formula=_formula(layer, j),
        )

    def keep(self, number: int, label: int) -> list[int]:
        """Keep a drawing under its true label; returns how many there are of each digit.

        Raises
        ------
        InvalidArgument, DataError
            If it is forgotten or has no ink, or the folder cannot be written.
        """
        reading = self.drawing(number).reading
        if reading.digit is None:
            raise InvalidArgument("there is no ink to keep: draw a digit first")
        collection = self._collection()
        collection.add(
            reading.normalized,
            label,
            source="studio",
            reading=reading.digit,
            confidence=reading.confidence,
        )
        return collection.counts()

    def forget(self, number: int) -> list[int]:
        """Take a drawing out of the collection again; returns how many there are of each digit."""
        collection = self._collection()
        collection.remove(self.drawing(number).pixels)
        return collection.counts()

    def about(self) -> dict[str, Any]:
        """The network's layers and model; how many are kept of each digit, in which folder."""
        network = self._studio.recognizer.network
        names = ["input", *(σ.name for σ in network.activations)]
        layers = [
            {"number": number, "activation": name, "size": size}
            for number, (name, size) in enumerate(zip(names, network.sizes, strict=True), start=1)
        ]
        collection = self._collection()
        return {
            "layers": layers,
            "counts": collection.counts(),
            "folder": str(collection.folder),
            "model": str(self._studio.model or "shipped"),
        }

    def _collection(self) -> Collection:
        from handwrought.data.collection import Collection

        return Collection.open(self._studio.folder / "digits")

    def _label(self, reading: Reading) -> int | None:
        if reading.digit is None:
            return None
        return self._collection().label_of(reading.normalized)

    def _float64(self) -> Network:
        """The network in float64, copied once."""
        if self._exact is None:
            self._exact = self._studio.recognizer.network.copy("float64")
        return self._exact


def check_pixels(data: bytes, most: int = FILE_PIXELS) -> None:
    """Refuse a picture file that unpacks to more pixels than ``most``, before it is unpacked.

    Raises
    ------
    DataError
        If it does; what is no picture at all is left to the reader to refuse.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            width, height = Image.open(io.BytesIO(data)).size
    except Image.DecompressionBombError:
        raise DataError(f"the picture unpacks to more than {most:,} pixels: refused") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        return
    if width * height > most:
        raise DataError(
            f"the picture is {width:,} x {height:,}: more than {most:,} pixels are refused; "
            f"make it smaller"
        )


def _layers(network: Network, pixels: NDArray[np.uint8]) -> list[Layer]:
    import numpy as np

    from handwrought.nn.workspace import Workspace

    x = pixels.reshape(1, -1).astype(network.dtype) / network.dtype.type(255)
    states = Workspace(network.sizes, 1, network.dtype).rows(1)
    network.forward(x, states)
    found = [Layer(1, "input", x[0].astype(np.float32))]
    for number, (state, σ) in enumerate(zip(states, network.activations, strict=True), start=2):
        found.append(Layer(number, σ.name, state.a[0].astype(np.float32)))
    return found


def _preparation(reading: Reading) -> Preparation | None:
    import numpy as np

    if reading.box is None:
        return None
    ink = reading.normalized
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return None
    x, y = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) - x + 1, int(rows[-1]) - y + 1
    total = float(ink.sum())
    centre = (
        float((ink.sum(0) * (np.arange(28) + 0.5)).sum()) / total,
        float((ink.sum(1) * (np.arange(28) + 0.5)).sum()) / total,
    )
    return Preparation(
        box=reading.box,
        scale=max(width, height) / max(reading.box[2:]),
        placed=(x, y, width, height),
        centre=centre,
        shift=(x + width / 2 - 14, y + height / 2 - 14),
    )


def _refusal(reading: Reading, picture: Any, threshold: float) -> str:
    if reading.digit is None:
        if _contrast(picture) < 0.02:
            return "There is no ink here: draw a digit."
        return "The ink is too faint or too small to be told from the paper: draw it larger."
    if not reading.refused:
        return ""
    (one, p), (other, q) = reading.alternatives[:2]
    return (
        f"It may be a {one} ({p:.0%}) or a {other} ({q:.0%}): "
        f"below {threshold:.0%} the network leaves it to you."
    )


def _contrast(picture: Any) -> float:
    """Between the darkest and the lightest pixel; 1 for black on white."""
    import numpy as np

    if isinstance(picture, bytes):
        from PIL import Image

        image = Image.open(io.BytesIO(picture))
        image.draft("L", (512, 512))
        picture = np.asarray(image.convert("L"))
    return float(int(picture.max()) - int(picture.min())) / 255


def _formula(layer: int, j: int) -> str:
    return mathml(
        rf"\textcolor{{q-z}}{{z^{{{layer}}}_{{{j}}}}} = \sum_k "
        rf"\textcolor{{q-w}}{{w^{{{layer}}}_{{{j},k}}}} "
        rf"\textcolor{{q-a}}{{a^{{{layer - 1}}}_{{k}}}} + "
        rf"\textcolor{{q-b}}{{b^{{{layer}}}_{{{j}}}}}"
    )
