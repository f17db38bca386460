"""What a training can be asked for in the studio: each control, its bounds, and a sentence on it."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from handwrought.errors import InvalidArgument
from handwrought.studio.server.input_names import SIDE
from handwrought.studio.server.messages import Length, Within

__all__ = ["Changes", "OwnDigits", "Wish", "controls", "live", "presets"]

PARAMETERS = 8_000_000
"""Weights and biases of the largest network that the studio trains."""

_View = Literal[
    "as-is", "upright", "width-20", "width-16", "width-13", "width-10",
    "strokes", "strokes-20", "strokes-16", "strokes-13", "strokes-10",
]  # fmt: skip
_Activation = Literal["sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "identity"]


@dataclass(frozen=True)
class Changes:
    """How far each training image is changed, anew each time; see Augmentation."""

    shift: Annotated[float, Within(0, 6)] = 0.0
    rotation: Annotated[float, Within(0, 45)] = 0.0
    scale: Annotated[float, Within(0, 0.5)] = 0.0
    shear: Annotated[float, Within(0, 45)] = 0.0
    elastic: Annotated[float, Within(0, 3)] = 0.0
    elastic_sigma: Annotated[float, Within(2, 8)] = 4.0
    thickness: Annotated[float, Within(0, 2)] = 0.0
    blur: Annotated[float, Within(0, 3)] = 0.0
    noise: Annotated[float, Within(0, 0.5)] = 0.0
    contrast: Annotated[float, Within(0, 0.9)] = 0.0
    cutout: Annotated[float, Within(0, 14)] = 0.0
    stretch: Annotated[float, Within(0, 1)] = 0.0
    flags: Annotated[float, Within(0, 1)] = 0.0
    share: Annotated[float, Within(0, 1)] = 1.0


@dataclass(frozen=True)
class OwnDigits:
    """A fine-tuning on the digits that Draw keeps, among MNIST's.

    Attributes
    ----------
    source : str
        The model to begin with: "shipped", or a run's id.
    share, rehearsed
        See :func:`handwrought.training.fine_tuning.fine_tune`.
    """

    source: Annotated[str, Length(1, 80)] = "shipped"
    share: Annotated[float, Within(0.01, 0.9)] = 0.1
    rehearsed: Annotated[int, Within(100, 50_000)] = 10_000


@dataclass(frozen=True)
class Wish:
    """A training, as the page asks for it; the defaults are the article's network.

    With ``own``, images and network are those of the fine-tuning, whatever else is said of them.
    """

    dataset: Literal["mnist", "fashion-mnist", "kmnist", "emnist-digits", "qmnist"] = "mnist"
    images: Annotated[int, Within(100, 1_000_000)] | None = None
    view: _View = "as-is"
    hidden: Annotated[tuple[Annotated[int, Within(1, 4096)], ...], Length(0, 6)] = (30,)
    activation: _Activation = "sigmoid"
    cost: Literal["quadratic", "cross-entropy", "softmax"] = "quadratic"
    initializer: Literal["normal", "lecun_normal", "glorot", "he"] | None = None
    optimizer: Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"] = "sgd"
    learning_rate: Annotated[float, Within(1e-9, 1e4)] | None = None
    batch_size: Annotated[int, Within(1, 10_000)] = 10
    epochs: Annotated[int, Within(1, 1000)] = 30
    schedule: Literal["constant", "step", "halve-on-plateau", "cosine", "one-cycle"] = "constant"
    warm_up: Annotated[float, Within(0, 0.9)] = 0.0
    weight_decay: Annotated[float, Within(0, 100)] = 0.0
    l1: Annotated[float, Within(0, 10)] = 0.0
    dropout: Annotated[float, Within(0, 0.95)] = 0.0
    label_smoothing: Annotated[float, Within(0, 0.9)] = 0.0
    clip_norm: Annotated[float, Within(1e-6, 1e6)] | None = None
    hardest: Annotated[float, Within(0.01, 1)] = 1.0
    average: Annotated[float, Within(0, 0.99999)] = 0.0
    settle: Annotated[float, Within(0, 1)] = 0.0
    strangers: Annotated[float, Within(0, 0.5)] = 0.0
    augmentation: Changes | None = None
    seed: Annotated[int, Within(0, 2**31 - 1)] = 0
    own: OwnDigits | None = None

    def __post_init__(self) -> None:
        n = sum((a + 1) * b for a, b in pairwise(self.sizes))
        if n > PARAMETERS:
            raise InvalidArgument(
                f"hidden makes {n:,} weights and biases: the studio trains up to {PARAMETERS:,}"
            )
        if self.augmentation is None and (self.settle or self.strangers):
            raise InvalidArgument(
                "settle and strangers need an augmentation: turn it on, or them off"
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of all layers."""
        from handwrought.data.representations import n_features

        return (n_features((SIDE, SIDE), self.view), *self.hidden, 10)

    @property
    def rate(self) -> float:
        """The learning rate asked for, or the one that suits optimizer and cost."""
        from handwrought.training.optimizers import default_learning_rate

        if self.learning_rate is not None:
            return self.learning_rate
        return default_learning_rate(self.optimizer, self.cost)

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of :func:`handwrought.train`."""
        from handwrought.data.augmentation import Augmentation

        values = asdict(self)
        for name in ("dataset", "images", "hidden", "activation", "cost", "initializer", "own"):
            del values[name]
        changes = values["augmentation"]
        return {
            **values,
            "learning_rate": self.rate,
            "augmentation": None if changes is None else Augmentation(**changes),
        }

    def changed(self, changes: dict[str, Any]) -> Wish:
        """The wish with these fields changed."""
        return replace(self, **changes)


@cache
def presets() -> list[dict[str, Any]]:
    """The recipes as wishes: name, what it is about, and the fields that it sets."""
    from handwrought.training.recipes import load_recipe, shipped_recipes

    found = []
    names = {field.name for field in fields(Wish)}
    for name in shipped_recipes():
        recipe = load_recipe(name)
        values = {**recipe.network, **recipe.training}
        if recipe.augmentation is not None:
            values["augmentation"] = asdict(recipe.augmentation)
        # A recipe may train on the validation images, too; then nothing could be shown of them.
        kept = {key: value for key, value in values.items() if key in names}
        about = f"{recipe.about}; here, 10,000 validate it" if values.get("full") else recipe.about
        found.append({"name": name, "about": about, "wish": kept})
    return found


@dataclass(frozen=True)
class Control:
    """One control of the page.

    Attributes
    ----------
    name : str
        A field of :class:`Wish`, or ``augmentation.FIELD``.
    label, sentence : str
    kind : {"choice", "number", "layers"}
    default : value
        Null where something else decides; ``automatic`` then says what.
    group : {"data", "network", "training", "regularization", "augmentation", "own"}
    choices : list of str
    least, most, step : float or None
    more : bool
        Whether it is out of sight until asked for.
    live : bool
        Whether it may change while the training runs.
    automatic : str
    """

    name: str
    label: str
    sentence: str
    kind: str
    group: str
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    step: float | None = None
    more: bool = False
    live: bool = False
    automatic: str = ""


_AUTOMATIC = {
    "images": "all",
    "initializer": "by activation: he for the ReLU family, else lecun_normal",
    "learning_rate": "by optimizer and cost",
    "clip_norm": "no limit",
}


def live(name: str) -> bool:
    """Whether a control may be moved while its training runs."""
    names = ("learning_rate", "weight_decay", "l1", "dropout", "label_smoothing", "epochs")
    return name in names or name.startswith("augmentation.")


@cache
def controls() -> list[Control]:
    """Each control of a training, in the page's order: what it is from the classes' types, what is
    said of it from ``controls.toml``."""
    texts = tomllib.loads(Path(__file__).with_name("controls.toml").read_text(encoding="utf-8"))
    shapes = {
        **_shapes(Wish, ""),
        **_shapes(Changes, "augmentation."),
        **_shapes(OwnDigits, "own."),
    }
    return [
        Control(name, live=live(name), automatic=_AUTOMATIC.get(name, ""), **shapes[name], **said)
        for name, said in texts.items()
    ]


def _shapes(kind: Any, before: str) -> dict[str, dict[str, Any]]:
    """Kind, default, choices and bounds of each field, from its type: written once, in the class."""
    from typing import get_args, get_type_hints

    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, dict[str, Any]] = {}
    for field in fields(kind):
        hint, shape = hints[field.name], {"kind": "number", "default": field.default}
        options = [hint, *get_args(hint)]
        for option in options:
            bounds = getattr(option, "__metadata__", ())
            shape |= {"least": b.least, "most": b.most} if (b := _bound(bounds)) else {}
            if getattr(option, "__origin__", None) is Literal:
                shape |= {"kind": "choice", "choices": get_args(option)}
            if option is int or (getattr(option, "__origin__", None) is int):
                shape["step"] = 1
        if field.name == "hidden":
            shape = {"kind": "layers", "default": field.default}
        found[before + field.name] = shape
    return found


def _bound(metadata: Any) -> Within | None:
    return next((each for each in metadata if isinstance(each, Within)), None)
