"""The Playground's settings, what can be done in it, and the presets: light, without NumPy.

Both fit into a link.  The settings are its fields; what was done since the start is one text, such
as ``3e_200b_w2.0.1*1.5_p120.-40*1_x7_rate*0.1_50b``: three steps of one example, 200 steps of a
batch, a weight dragged, a point of class 1 put in at (1.2, -0.4), training point 7 taken out, a
learning rate changed, 50 batches more.  Doing the same from the same start gives the
same numbers, so a link opens on the picture that was sent.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Final, Literal

from handwrought.errors import InvalidArgument
from handwrought.studio.server.messages import Length, Within, decode

__all__ = [
    "LIVE",
    "MOST_ADDED",
    "MOST_BATCH",
    "PRESETS",
    "Did",
    "Preset",
    "Settings",
    "added",
    "changed",
    "read_did",
    "write_did",
]

ToyName = Literal[
    "circles", "moons", "spirals", "xor", "clusters", "wave", "step", "bend", "line", "dog"
]
ActivationName = Literal["identity", "sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu"]
OptimizerName = Literal["sgd", "momentum", "adam"]
_Rate = Annotated[float, Within(1e-6, 100)]
_Strength = Annotated[float, Within(0, 1)]
MOST_BATCH = 500
_Batch = Annotated[int, Within(1, MOST_BATCH)]


@dataclass(frozen=True)
class Settings:
    """What a network starts from.

    Attributes
    ----------
    data : str
        One of :data:`handwrought.data.toys.TOYS`.
    points : int
        Training and held-out points together.
    noise : float
    held : float
        Share of the points that is held out and never trained on.
    hidden : tuple of int
        Neurons in each hidden layer.
    activation : str
        Of the hidden layers.
    optimizer : str
    rate : float
        η, the learning rate.
    batch : int
        Examples in a mini-batch.
    l1, l2 : float
        λ of λ Σ |w| and of (λ/2) Σ w².
    seed : int
        Of the points, the weights and the order of the examples.
    """

    data: ToyName = "circles"
    points: Annotated[int, Within(4, 500)] = 200
    noise: Annotated[float, Within(0, 1)] = 0.1
    held: Annotated[float, Within(0, 0.9)] = 0.3
    hidden: Annotated[tuple[Annotated[int, Within(1, 8)], ...], Length(0, 6)] = (4, 2)
    activation: ActivationName = "tanh"
    optimizer: OptimizerName = "sgd"
    rate: _Rate = 0.3
    batch: _Batch = 10
    l1: _Strength = 0.0
    l2: _Strength = 0.0
    seed: Annotated[int, Within(0, 2**31 - 1)] = 1


LIVE: Final = ("rate", "batch", "l1", "l2")
"""Settings that may change while a network learns; the others start anew."""


def changed(settings: Settings, name: str, value: float) -> Settings:
    """The settings with another value, checked as what the page sends is."""
    fields = asdict(settings) | {"hidden": list(settings.hidden)}
    return decode(Settings, fields | {name: int(value) if name == "batch" else value})


# --- what was done since the start ---------------------------------------------------------------------

_STEPS = re.compile(r"([1-9]\d{0,5})([eb])")
_WEIGHT = re.compile(r"w([2-8])\.([0-7])\.([0-7])\*(-?\d+(?:\.\d+)?(?:e-?\d+)?)")
_BIAS = re.compile(r"b([2-8])\.([0-7])\*(-?\d+(?:\.\d+)?(?:e-?\d+)?)")
_POINT = re.compile(r"p(-?\d{1,4})(?:\.(-?\d{1,4}))?\*(-?\d+(?:\.\d+)?)")
_OUT = re.compile(r"x(\d{1,3})")
_LIVE = re.compile(r"(rate|batch|l1|l2)\*(\d+(?:\.\d+)?(?:e-?\d+)?)")

MOST_STEPS = 20_000
"""Steps that a link may ask for."""
MOST_CHARACTERS = 1500
MOST_ADDED = 200
"""Points put in by hand."""


@dataclass(frozen=True)
class Did:
    """One thing done.

    Attributes
    ----------
    kind : {"e", "b", "w", "p", "x", "rate", "batch", "l1", "l2"}
        Steps of one example or of one batch; a weight or bias set; a training point put in or taken
        out; a setting changed.
    at : tuple of int
        For "w": the layer (from 2), the neuron in it, and the neuron below, or none for a bias.
        For "p": the inputs in hundredths.
    value : float
        The steps, the new value, the point's y, or the number of the point taken out.
    """

    kind: str
    value: float
    at: tuple[int, ...] = ()


def added(done: list[Did], new: Did) -> None:
    """Append to what was done, in as few words as possible."""
    last = done[-1] if done else None
    if last and last.kind == new.kind and last.at == new.at and new.kind not in "px":
        value = last.value + new.value if new.kind in "eb" else new.value
        done[-1] = replace(last, value=value)
    else:
        done.append(new)


def write_did(done: list[Did]) -> str | None:
    """For a link; None where it would be too long, or ask for too many steps."""
    steps = sum(each.value for each in done if each.kind in ("e", "b"))
    text = "_".join(map(_word, done))
    return text if steps <= MOST_STEPS and len(text) <= MOST_CHARACTERS else None


def _word(done: Did) -> str:
    if done.kind in ("e", "b"):
        return f"{int(done.value)}{done.kind}"
    if done.kind == "x":
        return f"x{int(done.value)}"
    value = repr(int(done.value) if done.kind == "batch" else done.value)
    if done.kind == "p":
        return f"p{'.'.join(map(str, done.at))}*{done.value:g}"
    if done.kind == "w":
        return f"{'wb'[len(done.at) == 2]}{'.'.join(map(str, done.at))}*{value}"
    return f"{done.kind}*{value}"


def read_did(text: str) -> list[Did]:
    """What a link says was done.

    Raises
    ------
    InvalidArgument
        If it says something else, or too much.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidArgument(
            f"did has {len(text):,} characters: a link carries at most {MOST_CHARACTERS:,}"
        )
    done = [_read_word(word) for word in text.split("_")] if text else []
    steps = sum(each.value for each in done if each.kind in ("e", "b"))
    if steps > MOST_STEPS:
        raise InvalidArgument(f"did asks for {steps:,.0f} steps: a link may ask for {MOST_STEPS:,}")
    return done


def _read_word(word: str) -> Did:
    if found := _STEPS.fullmatch(word):
        return Did(found[2], int(found[1]))
    if found := _WEIGHT.fullmatch(word):
        return Did("w", float(found[4]), (int(found[1]), int(found[2]), int(found[3])))
    if found := _BIAS.fullmatch(word):
        return Did("w", float(found[3]), (int(found[1]), int(found[2])))
    if found := _POINT.fullmatch(word):
        at = (int(found[1]),) if found[2] is None else (int(found[1]), int(found[2]))
        return Did("p", float(found[3]), at)
    if found := _OUT.fullmatch(word):
        return Did("x", int(found[1]))
    if found := _LIVE.fullmatch(word):
        return Did(found[1], float(found[2]))
    raise InvalidArgument(f"did holds {word[:40]!r}, which is nothing that can be done here")


# --- presets ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preset:
    """Settings worth seeing, and what to look for, the end of a sentence."""

    name: str
    look: str
    settings: Settings


_WAVE = Settings("wave", 100, 0.05, 0.2, (8, 8), "tanh", "adam", 0.02)
PRESETS: Final = (
    Preset(
        "No activation",
        "a straight line, however long it learns: layers without activation functions stay linear.",
        replace(_WAVE, activation="identity"),
    ),
    Preset(
        "tanh",
        "the same network, with tanh between its layers, bends to the curve.",
        _WAVE,
    ),
    Preset(
        "The dog",
        "one neuron. Drag its weight and the step gets steeper; drag its bias and the step moves.",
        Settings("dog", 40, 0.35, 0.0, (), "sigmoid", "sgd", 0.2, 4),
    ),
    Preset(
        "Circles, linear",
        "six neurons and no activation function: no line parts a disc from its ring.",
        Settings("circles", activation="identity"),
    ),
    Preset(
        "Circles",
        "each neuron of the first layer draws one line; together they close into a ring.",
        Settings("circles"),
    ),
    Preset(
        "Xor",
        "two hidden neurons, two lines, are enough. From some seeds they get stuck: try others.",
        Settings("xor", 200, 0.0, 0.3, (2,), "tanh", "sgd", 0.5),
    ),
    Preset(
        "Moons",
        "the boundary starts as a line and bends until it runs between the moons.",
        Settings("moons", 200, 0.2, 0.3, (4, 4), "tanh", "sgd", 0.3),
    ),
    Preset(
        "Spirals",
        "the hardest here: lines in the first layer, corners in the second, arms in the third.",
        Settings("spirals", 300, 0.05, 0.3, (8, 8, 8), "tanh", "adam", 0.01),
    ),
    Preset(
        "Overfitting",
        "few points, much noise: the training cost falls while the cost on held-out points rises.",
        Settings("moons", 40, 0.8, 0.5, (8, 8), "tanh", "adam", 0.03),
    ),
    Preset(
        "Too fast",
        "the learning rate is far too high, and the picture flickers. Lower it while it runs.",
        Settings("moons", 200, 0.2, 0.3, (4, 4), "tanh", "sgd", 12.0),
    ),
)
