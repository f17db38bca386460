"""What a training is asked for: each setting once, with all that is to be said of it.

The command line's options, recipes, the kept configuration, the studio's form, the search's space,
the checks of :func:`handwrought.train` and the table in the docs are made of this declaration.  It
imports no NumPy, so that ``--help`` answers at once.
"""

# No "from __future__ import annotations": the types are read as they stand.

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, ParamSpec, Self, TypeVar

from handwrought.errors import InvalidArgument
from handwrought.setting import Setting, check, settings_of

if TYPE_CHECKING:
    from handwrought.data.augmentation import Augmentation

__all__ = [
    "ARGUMENTS", "CONSTANTS", "REHEARSED", "RENAMED", "SHARE", "TrainingConfig", "changeable",
    "dropout_rates", "renamed", "warn_of_old_name", "with_old_names",
]  # fmt: skip

Activation = Literal[
    "identity", "sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "softmax"
]  # fmt: skip
Cost = Literal["quadratic", "cross-entropy", "softmax"]
Initializer = Literal["normal", "lecun_normal", "glorot", "he"]
Optimizer = Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
Schedule = Literal["constant", "step", "halve-on-plateau", "cosine", "one-cycle"]
Representation = Literal[
    "as-is", "upright", "width-20", "width-16", "width-13", "width-10",
    "strokes", "strokes-20", "strokes-16", "strokes-13", "strokes-10",
]  # fmt: skip
# These are the names of the library's own tables, which need NumPy; a test compares them.

SHARE, REHEARSED = 0.1, 10_000
"""Of a fine-tuning: its own digits' share of each mini-batch, and MNIST's that it rehearses."""

RENAMED: Final = {
    "hardest": "backprop_fraction",
    "average": "ema_decay",
    "strangers": "outliers",
    "settle": "anneal_augmentation",
    "view": "representation",
}
"""Settings by the names that they had before; files know them, and people for one version more."""
UNTIL: Final = "the old name goes with the next version"


@dataclass(frozen=True)
class TrainingConfig:
    """A network, what it is trained on, and how; the defaults are the article's network.

    Raises
    ------
    InvalidArgument
        For a value that does not fit; the sentence says what would.
    """

    dataset: Annotated[str, Setting(
        "mnist, fashion-mnist, kmnist, emnist-digits, qmnist, or a path to IDX files, an "
        ".npz, a .csv or a folder of pictures.", "data", searched=False
    )] = "mnist"  # fmt: skip
    images: Annotated[int | None, Setting(
        "The first so many training images: few are fast, and soon learnt by heart.",
        "data", low=1, form=(100, 1_000_000), searched=False, unset="all"
    )] = None  # fmt: skip
    representation: Annotated[Representation, Setting(
        "How the network sees images: pixels as they are, or upright, or of that width; or "
        "which way strokes' edges face.", "data", searched=False
    )] = "as-is"  # fmt: skip
    full: Annotated[bool, Setting(
        "Train on training and validation images together.", "data", searched=False
    )] = False  # fmt: skip
    hidden: Annotated[tuple[int, ...], Setting(
        "Neurons of each hidden layer, from the input up.", "network", low=1, form=(1, 4096)
    )] = (30,)  # fmt: skip
    activation: Annotated[Activation | tuple[Activation, ...], Setting(
        "What each hidden neuron makes of its weighted input z.", "network"
    )] = "sigmoid"  # fmt: skip
    cost: Annotated[Cost, Setting(
        "What is made small: quadratic is the article's; softmax turns outputs into "
        "probabilities.", "network"
    )] = "quadratic"  # fmt: skip
    initializer: Annotated[Initializer | None, Setting(
        "How weights are drawn at the start: normal is the article's N(0, 1).",
        "network", unset="by activation: he for the ReLU family, else lecun_normal"
    )] = None  # fmt: skip
    optimizer: Annotated[Optimizer, Setting(
        "How a gradient becomes a step: sgd is the article's; adam sizes each weight's step "
        "by itself.", open=True
    )] = "sgd"  # fmt: skip
    learning_rate: Annotated[float | None, Setting(
        "η, how far each step goes: too small learns slowly, too large overshoots.",
        above=0, form=(1e-9, 1e4), live=True, unset="by optimizer and cost, 3.0 for sgd on quadratic"
    )] = None  # fmt: skip
    momentum: Annotated[float | None, Setting(
        "μ, the share of its last step that momentum and nesterov keep.",
        low=0, below=1, form=(0, 0.999), unset="0.9"
    )] = None  # fmt: skip
    beta1: Annotated[float | None, Setting(
        "β₁, the decay of the gradients' mean in adam and adamw.",
        low=0, below=1, form=(0, 0.999), unset="0.9"
    )] = None  # fmt: skip
    beta2: Annotated[float | None, Setting(
        "β₂, the decay of the mean of their squares in adam and adamw.",
        low=0, below=1, form=(0, 0.99999), unset="0.999"
    )] = None  # fmt: skip
    rho: Annotated[float | None, Setting(
        "ρ, the decay of the mean of squared gradients in rmsprop.",
        low=0, below=1, form=(0, 0.99999), unset="0.99"
    )] = None  # fmt: skip
    epsilon: Annotated[float | None, Setting(
        "ε beside the root that rmsprop, adam and adamw divide by.",
        above=0, form=(1e-12, 1), unset="1e-8"
    )] = None  # fmt: skip
    batch_size: Annotated[int, Setting(
        "Images in a mini-batch, whose gradients are averaged for one step.",
        low=1, form=(1, 10_000)
    )] = 10  # fmt: skip
    epochs: Annotated[int, Setting(
        "Passes over the training images.", low=1, form=(1, 1000), live=True
    )] = 30  # fmt: skip
    schedule: Annotated[Schedule, Setting(
        "How the learning rate changes over the training."
    )] = "constant"  # fmt: skip
    warm_up: Annotated[float, Setting(
        "Share of the training over which the learning rate rises from 0.",
        low=0, below=1, form=(0, 0.9)
    )] = 0.0  # fmt: skip
    plateau_patience: Annotated[int, Setting(
        "Epochs without a lower validation cost before halve-on-plateau halves.",
        low=1, form=(1, 1000)
    )] = 5  # fmt: skip
    patience: Annotated[int | None, Setting(
        "Stop after so many epochs without a better validation; keep the best.",
        low=1, form=(1, 1000), unset="never"
    )] = None  # fmt: skip
    clip_norm: Annotated[float | None, Setting(
        "Gradients longer than this, the parts of L1 and L2 included, are shortened to it.",
        above=0, form=(1e-6, 1e6), live=True, unset="no limit"
    )] = None  # fmt: skip
    backprop_fraction: Annotated[float, Setting(
        "Share of each mini-batch, the most wrong, that is backpropagated.",
        above=0, high=1, form=(0.01, 1), live=True
    )] = 1.0  # fmt: skip
    ema_decay: Annotated[float, Setting(
        "Decay of an exponential moving average of the weights, which is what you get in the "
        "end; such as 0.999, 0 for none.", low=0, below=1, form=(0, 0.99999)
    )] = 0.0  # fmt: skip
    seed: Annotated[int, Setting(
        "Where chance begins, of weights, order, dropout and augmentation: the same seed "
        "gives the same training.", low=0, form=(0, 2**31 - 1), searched=False
    )] = 0  # fmt: skip
    weight_decay: Annotated[float, Setting(
        "L2, λ of (λ/2) Σ w²: pulls weights towards 0. Nielsen's λ divided by the images.",
        "regularization", low=0, form=(0, 100), live=True
    )] = 0.0  # fmt: skip
    dropout: Annotated[float | tuple[float, ...], Setting(
        "Share of hidden neurons left out of each step, so that none is relied on.",
        "regularization", low=0, below=1, form=(0, 0.95), live=True
    )] = 0.0  # fmt: skip
    l1: Annotated[float, Setting(
        "L1, λ of λ Σ |w|: pulls weights towards 0 by the same amount each.",
        "regularization", low=0, form=(0, 10), live=True
    )] = 0.0  # fmt: skip
    label_smoothing: Annotated[float, Setting(
        "Share of the target spread over all classes, against overconfidence.",
        "regularization", low=0, high=1, form=(0, 0.9), live=True
    )] = 0.0  # fmt: skip
    anneal_augmentation: Annotated[float, Setting(
        "Share of the training, at its end, with changes half as large.",
        "augmentation", low=0, high=1, form=(0, 1), live=True
    )] = 0.0  # fmt: skip
    outliers: Annotated[float, Setting(
        "Share of each mini-batch that shows no digit, so that it learns to be unsure.",
        "augmentation", low=0, below=1, form=(0, 0.5), live=True
    )] = 0.0  # fmt: skip
    augmentation: Annotated["Augmentation | None", Setting(
        "How far each image is changed, anew each time.",
        "augmentation", live=True, searched=False, unset="none"
    )] = None  # fmt: skip
    recipe: Annotated[str, Setting("The recipe that it came from.", "record", searched=False)] = ""
    about: Annotated[str, Setting(
        "What that says of itself.", "record", searched=False
    )] = field(default="", compare=False)  # fmt: skip
    committee: Annotated[int | None, Setting(
        "Of so many members, whose configurations are made of this one.",
        "record", low=1, searched=False, unset="one network"
    )] = None  # fmt: skip

    def __post_init__(self) -> None:
        for name, setting in settings_of(type(self)).items():
            value = getattr(self, name)
            if setting.kind == "changes":
                value = _augmentation(value)
            else:
                value = check(setting, _known(setting, value))
            object.__setattr__(self, name, value)
        if self.full and self.patience is not None:
            raise InvalidArgument(
                "patience needs the validation images, which full trains on: leave one out"
            )

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """That of values by name, as files and pages hold them.

        Raises
        ------
        InvalidArgument
            For a name that there is not, too.
        """
        known = [each.name for each in fields(cls)]
        for name in values:
            if name not in known:
                raise InvalidArgument(f"there is no {name!r}: use {', '.join(sorted(known))}")
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """Its values by name, as JSON holds them; :meth:`of` reads them back."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def _augmentation(value: Any) -> Any:
    if value is None:
        return None
    from handwrought.data.augmentation import Augmentation

    if isinstance(value, Mapping):
        known = settings_of(Augmentation)
        for name in value:
            if name not in known:
                raise InvalidArgument(f"augmentation has no {name!r}: use {', '.join(known)}")
        return Augmentation(**value)
    if not isinstance(value, Augmentation):
        raise InvalidArgument(f"augmentation is {value!r:.80}: give an Augmentation, or None")
    return value


def _known(setting: Setting, value: Any) -> Any:
    """The value by our name, where it is another of the library's, which needs NumPy."""
    if not isinstance(value, str) or not setting.choices or value in setting.choices:
        return value
    from handwrought.nn import costs, initializers

    aliases = {"cost": costs.ALIASES, "initializer": initializers.ALIASES}
    return aliases.get(setting.name, {}).get(value, value)


def changeable(kind: type = TrainingConfig) -> frozenset[str]:
    """What may change while a training runs: no kept vector or counter depends on it."""
    return frozenset(name for name, setting in settings_of(kind).items() if setting.live)


ARGUMENTS: Final = tuple(
    name
    for name, setting in settings_of(TrainingConfig).items()
    if setting.group not in ("network", "record")
    and name not in ("dataset", "images", "full", "patience")
)
"""Those that :func:`handwrought.train` takes by name: it is given the data, and others watch it."""


def dropout_rates(dropout: Any, n_hidden: int) -> list[float]:
    """The share of each layer, 0 for the last: one said for all hidden layers, or one for each."""
    found = check(settings_of(TrainingConfig)["dropout"], dropout)
    rates = list(found) if isinstance(found, tuple) else [found] * n_hidden
    if len(rates) != n_hidden:
        raise InvalidArgument(
            f"dropout is {dropout!r}: give one share, or one for each of {n_hidden} hidden layers"
        )
    return [*rates, 0.0]


CONSTANTS: Final = ("momentum", "beta1", "beta2", "rho", "epsilon")
"""Settings that are constants of some optimizers; None is each one's own default."""


# --- names of before ---------------------------------------------------------------------------------


def renamed(
    values: Mapping[str, Any], say: Callable[[str, str], object] | None = None
) -> dict[str, Any]:
    """The same values by the names of today; ``say`` is told of each old name and its new one.

    Raises
    ------
    InvalidArgument
        If one is there by both names.
    """
    found = dict(values)
    for old, new in RENAMED.items():
        if old in found:
            if new in found:
                raise InvalidArgument(f"{old} is the old name of {new}, and both are there")
            if say is not None:
                say(old, new)
            found[new] = found.pop(old)
    return found


_P = ParamSpec("_P")
_R = TypeVar("_R")


def with_old_names(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function, which takes keyword arguments by the names of before, too, with a warning."""

    @wraps(function)
    def taking_old_names(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if RENAMED.keys() & kwargs.keys():
            kwargs = renamed(kwargs, warn_of_old_name)  # type: ignore[assignment]
        return function(*args, **kwargs)

    return taking_old_names


def warn_of_old_name(old: str, new: str) -> None:
    """A DeprecationWarning at the line that calls the one who calls :func:`renamed`."""
    warnings.warn(f"{old} is called {new} now: {UNTIL}", DeprecationWarning, stacklevel=4)
