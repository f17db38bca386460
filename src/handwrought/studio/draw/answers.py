"""What Draw shows of a drawing: its preparation, its layers, one neuron's sum, why it was refused."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handwrought.studio.server.formula import mathml

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.model import Model
    from handwrought.nn.equations import Trace
    from handwrought.reading.recognizer import Reading

__all__ = [
    "Layer",
    "NeuronSeen",
    "Preparation",
    "Seen",
    "TermSeen",
    "layers_seen",
    "neuron_seen",
    "preparation_seen",
    "refusal",
]

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


def layers_seen(model: Model, pixels: NDArray[np.uint8]) -> list[Layer]:
    """Each layer's activations for an image, (height, width)."""
    import numpy as np

    names = ["input", *(σ.name for σ in model.network.activations)]
    found = zip(names, model.activations(pixels[None]), strict=True)
    return [Layer(l, name, a[0].astype(np.float32)) for l, (name, a) in enumerate(found, start=1)]


def preparation_seen(reading: Reading) -> Preparation | None:
    """How the ink became 28 x 28; None where there is none."""
    from handwrought.imaging.moments import bounding_box, centre_of_mass

    if reading.box is None:
        return None
    ink = reading.normalized
    found = bounding_box(ink)
    if found is None:
        return None
    y, x, (height, width) = found[0].start, found[1].start, ink[found].shape
    row, column = centre_of_mass(ink)
    return Preparation(
        box=reading.box,
        scale=max(width, height) / max(reading.box[2:]),
        placed=(x, y, width, height),
        centre=(column + 0.5, row + 0.5),
        shift=(x + width / 2 - ink.shape[1] / 2, y + height / 2 - ink.shape[0] / 2),
    )


def refusal(reading: Reading, picture: Any, threshold: float) -> str:
    """Why a drawing was refused, a sentence; empty where it was not."""
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


def neuron_seen(drawing: int, trace: Trace, layer: int, j: int) -> NeuronSeen:
    """A neuron's sum for a drawing; layers count from 2 to L, as in the article."""
    import numpy as np

    whole = trace.sum_for_z(layer, j)
    ordered = whole.largest_first().terms
    first, others = ordered[:_TERMS], ordered[_TERMS:]
    return NeuronSeen(
        drawing=drawing,
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


def _formula(layer: int, j: int) -> str:
    return mathml(
        rf"\textcolor{{q-z}}{{z^{{{layer}}}_{{{j}}}}} = \sum_k "
        rf"\textcolor{{q-w}}{{w^{{{layer}}}_{{{j},k}}}} "
        rf"\textcolor{{q-a}}{{a^{{{layer - 1}}}_{{k}}}} + "
        rf"\textcolor{{q-b}}{{b^{{{layer}}}_{{{j}}}}}"
    )
