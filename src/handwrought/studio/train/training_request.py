"""What a training can be asked for in the studio: a configuration, and the page's own few fields."""

# No "from __future__ import annotations": the types of the settings are read as they stand.

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from handwrought.errors import InvalidArgument
from handwrought.setting import Setting, check, check_form, settings_of
from handwrought.studio.server.input_names import SIDE
from handwrought.training.config import TrainingConfig, renamed

__all__ = ["OwnDigits", "TrainingRequest", "controls", "presets"]

PARAMETERS = 8_000_000
"""Weights and biases of the largest network that the studio trains."""
LAYERS = 6
"""Hidden layers that its form has room for."""
_ELSEWHERE = ("full", "patience", "recipe", "about", "committee")
"""Settings that a run of the studio has no use for: it validates, and the person stops it."""


@dataclass(frozen=True)
class OwnDigits:
    """A fine-tuning on the digits that Draw keeps, among MNIST's; see
    :func:`handwrought.training.fine_tuning.fine_tune`."""

    source: Annotated[
        str,
        Setting("The model that learns your hand: the shipped one, or a run that is kept.", "own"),
    ] = "shipped"
    share: Annotated[
        float,
        Setting("What part of all it sees are your digits, shown again and again; the rest is "
                "MNIST's, so that little is forgotten.", "own", above=0, below=1, form=(0.01, 0.9)),
    ] = 0.1  # fmt: skip
    rehearsed: Annotated[
        int,
        Setting("MNIST's images shown among yours in each epoch.", "own", low=1,
                form=(100, 50_000)),
    ] = 10_000  # fmt: skip

    def __post_init__(self) -> None:
        for name, setting in settings_of(OwnDigits).items():
            check_form(setting, check(setting, getattr(self, name)))
        if not 1 <= len(self.source) <= 80:
            raise InvalidArgument(f"source has length {len(self.source)}: it must lie from 1 to 80")

    @classmethod
    def of_message(cls, values: Any) -> Self:
        """That of a JSON value."""
        return cls(**_known(cls, values, "own"))


@dataclass(frozen=True)
class TrainingRequest(TrainingConfig):
    """A training, as the page asks for it; the defaults are the article's network.

    With ``own``, images and network are those of the fine-tuning, whatever else is said of them.
    """

    dataset: Annotated[
        Literal["mnist", "fashion-mnist", "kmnist", "emnist-digits", "qmnist"],
        Setting("What it learns to read; all but MNIST are downloaded once.", "data"),
    ] = "mnist"
    own: OwnDigits | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, setting in settings_of(type(self)).items():
            check_form(setting, getattr(self, name))
        if self.augmentation is not None:
            for name, setting in settings_of(type(self.augmentation)).items():
                check_form(setting, getattr(self.augmentation, name))
        for name in _ELSEWHERE:
            if getattr(self, name) != settings_of(TrainingConfig)[name].default:
                raise InvalidArgument(f"{name} has no part in the studio: leave it out")
        if len(self.hidden) > LAYERS:
            raise InvalidArgument(
                f"hidden has length {len(self.hidden)}: it must lie from 0 to {LAYERS}"
            )
        n = sum((a + 1) * b for a, b in pairwise(self.sizes))
        if n > PARAMETERS:
            raise InvalidArgument(
                f"hidden makes {n:,} weights and biases: the studio trains up to {PARAMETERS:,}"
            )
        if self.augmentation is None and (self.anneal_augmentation or self.outliers):
            raise InvalidArgument(
                "anneal_augmentation and outliers need an augmentation: turn it on, or them off"
            )

    @classmethod
    def of_message(cls, values: Any) -> Self:
        """That of a JSON value, by the names of today or of before."""
        values = renamed(values) if isinstance(values, Mapping) else values
        values = dict(_known(cls, values, "request"))
        if values.get("own") is not None:
            values["own"] = OwnDigits.of_message(values["own"])
        return cls(**values)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of all layers."""
        from handwrought.data.representations import n_features

        return (n_features((SIDE, SIDE), self.representation), *self.hidden, 10)

    @property
    def rate(self) -> float:
        """The learning rate asked for, or the one that suits optimizer and cost."""
        from handwrought.training.optimizers import default_learning_rate

        if self.learning_rate is not None:
            return self.learning_rate
        return default_learning_rate(self.optimizer, self.cost)


def _known(kind: Any, values: Any, what: str) -> Mapping[str, Any]:
    names = [field.name for field in fields(kind)]
    if not isinstance(values, Mapping):
        raise InvalidArgument(f"{what} is {values!r:.40}: give an object")
    for name in values:
        if name not in names:
            raise InvalidArgument(f"{what} has no field {name!r:.40}: it has {', '.join(names)}")
    return values


@cache
def presets() -> list[dict[str, Any]]:
    """The recipes as requests: name, what it is about, and the settings that differ from the usual."""
    from handwrought.training.recipes import load_recipe, shipped_recipes

    found = []
    for name in shipped_recipes():
        recipe = load_recipe(name)
        values = recipe.as_json()
        # A recipe may train on the validation images, too; then nothing could be shown of them.
        kept = {
            key: values[key]
            for key, setting in settings_of(TrainingRequest).items()
            if key not in _ELSEWHERE and getattr(recipe, key) != setting.default
        }
        about = f"{recipe.about}; here, 10,000 validate it" if recipe.full else recipe.about
        found.append({"name": name, "about": about, "wish": kept})
    return found


@dataclass(frozen=True)
class Control:
    """One control of the page, of a setting of :class:`TrainingRequest`, ``augmentation.NAME`` or
    ``own.NAME``: ``more`` where it is out of sight until asked for, ``automatic`` what null means."""

    name: str
    label: str
    sentence: str
    kind: str  # "choice", "number" or "layers"
    group: str
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    step: float | None = None
    more: bool = False
    live: bool = False
    automatic: str = ""


@cache
def controls() -> list[Control]:
    """Each control of a training, in the page's order: what ``controls.toml`` names, then the rest."""
    from handwrought.data.augmentation import Augmentation

    settings = {
        **settings_of(TrainingRequest),
        **{f"augmentation.{name}": each for name, each in settings_of(Augmentation).items()},
        **{f"own.{name}": each for name, each in settings_of(OwnDigits).items()},
    }
    shown = {
        name: each
        for name, each in settings.items()
        if each.kind != "changes" and name not in _ELSEWHERE
    }
    texts = tomllib.loads(Path(__file__).with_name("controls.toml").read_text(encoding="utf-8"))
    said = {name: texts.get(name, {"more": True}) for name in [*texts, *shown]}
    return [_control(name, shown[name], **each) for name, each in said.items()]


def _control(
    name: str,
    setting: Setting,
    label: str = "",
    more: bool = False,
    leave_out: tuple[str, ...] = (),
) -> Control:
    least, most = setting.form or (None, None)
    return Control(
        name,
        label or setting.name.replace("_", " ").capitalize(),
        setting.sentence,
        {"choice": "choice"}.get(setting.kind, "layers" if setting.many == "always" else "number"),
        setting.group,
        setting.default,
        tuple(choice for choice in setting.choices if choice not in leave_out),
        least,
        most,
        1 if setting.kind == "whole" and not setting.many else None,
        more,
        setting.live,
        setting.unset,
    )
