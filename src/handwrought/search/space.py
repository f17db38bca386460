"""What a search varies: for each hyper-parameter a range or a choice, written as people write them.

``learning_rate = 1e-4..1e-2`` is a range, ``optimizer = adam,adamw`` a choice, ``epochs = 5`` is
fixed; the widths of hidden layers are joined by dashes: ``hidden = 64,128,256-128``.  A range that
spans a factor of ten or more is searched by its logarithm.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset
from handwrought.errors import InvalidArgument
from handwrought.setting import settings_of
from handwrought.storage.regular import read_regular
from handwrought.training.config import RENAMED, TrainingConfig
from handwrought.training.optimizers import default_learning_rate
from handwrought.training.plan import build
from handwrought.training.recipes import MOST_BYTES
from handwrought.training.train import begin_training

__all__ = ["Choice", "Range", "Space", "check_space", "default_space", "planned", "read_space"]

STRENGTH = "augmentation"
RELATIVE = "relative_learning_rate"
"""The learning rate as a multiple of the plan's, or of the default of another optimizer or cost."""

_USUAL_CHANGES = Augmentation(shift=1, rotation=10, scale=0.1, shear=10, elastic=1.2, thickness=0.4)
"""Strength 1 where the plan changes no images itself."""


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, whole ones if both are ints."""

    low: float
    high: float

    @property
    def log(self) -> bool:
        """Whether it is searched by its logarithm."""
        return self.low > 0 and self.high >= 10 * self.low

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of these values; with a single one, that is fixed."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


Space = dict[str, Range | Choice]


def _kinds() -> dict[str, str]:
    """What may be searched, and what its values are: whole, number, or choice."""
    kinds = {n: each.kind for n, each in settings_of(TrainingConfig).items() if each.searched}
    changes = {f"{STRENGTH}.{n}": each.kind for n, each in settings_of(Augmentation).items()}
    return {**kinds, RELATIVE: "number", STRENGTH: "number", **changes}


def read_space(settings: Iterable[str] = (), file: str | PathLike[str] | None = None) -> Space:
    """A space from ``name=value`` texts and a TOML file; the texts stand before the file.

    Parameters
    ----------
    settings : iterable of str
        Such as ``learning_rate=1e-4..1e-2``.
    file : path, optional
        A table of the same: names to a text as above, a number, or a list of choices (for
        ``hidden``, of widths or lists of widths).  ``augmentation`` may be a table itself.

    Raises
    ------
    InvalidArgument
        For a file that cannot be read, a name that no training has, or a value that is none.
    """
    space: Space = {}
    if file is not None:
        for name, value in _entries(Path(file)):
            space[name] = _parsed(name, value, f"{file}: ")
    said: set[str] = set()
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = _of_today(name.strip().replace("-", "_"))
        if not equals:
            raise InvalidArgument(
                f"--set {setting} names no value: write --set learning_rate=1e-4..1e-2"
            )
        space[name] = _parsed(name, value, "--set ")
        if name in said:
            raise InvalidArgument(f"{name} is said twice: say it once, with all of its values")
        said.add(name)
    if {"learning_rate", RELATIVE} <= set(space):
        raise InvalidArgument(f"learning_rate and {RELATIVE} are both there: leave one out")
    return space


def _entries(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        content = tomllib.loads(read_regular(path, MOST_BYTES).decode("utf-8"))
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"{path} is no TOML file: {error}") from None
    for name, value in content.items():
        if name == STRENGTH and isinstance(value, dict):
            yield from ((f"{name}.{field}", each) for field, each in value.items())
        else:
            yield _of_today(name), value


def _of_today(name: str) -> str:
    return RENAMED.get(name, name)


def _parsed(name: str, value: Any, where: str) -> Range | Choice:
    kinds = _kinds()
    if name not in kinds:
        known = ", ".join(sorted(each for each in kinds if "." not in each))
        raise InvalidArgument(
            f"{where}{name} is nothing to search: use {known}, or augmentation.rotation and the like"
        )
    kind = kinds[name]
    if isinstance(value, str) and ".." in value and kind != "choice":
        ends = [_number(name, kind, end, where, value) for end in value.split("..", 1)]
        if not ends[0] < ends[1]:
            raise InvalidArgument(f"{where}{name} is {value}: the first number must be the smaller")
        return Range(*ends)
    items = value.split(",") if isinstance(value, str) else value
    items = items if isinstance(items, list) else [items]
    if not items:
        raise InvalidArgument(f"{where}{name} is {value}: give at least one value")
    return Choice(tuple(dict.fromkeys(_item(name, kind, item, where) for item in items)))


def _item(name: str, kind: str, item: Any, where: str) -> Any:
    if name == "hidden":
        widths = item if isinstance(item, list) else str(item).split("-")
        return "-".join(str(_number(name, kind, width, where, item)) for width in widths)
    if kind == "choice":
        if not isinstance(item, str) or not item.strip():
            raise InvalidArgument(f"{where}{name} is {item!r}: give names such as adam,adamw")
        return item.strip()
    return _number(name, kind, item, where, item)


def _number(name: str, kind: str, text: Any, where: str, whole_text: Any) -> float:
    whole = kind == "whole"
    try:
        number = int(text) if whole and isinstance(text, str) else float(text)
        fits = isfinite(number) and not isinstance(text, bool)
        if fits and not whole:
            return number
        if fits and int(number) == number >= 0:
            return int(number)
    except (TypeError, ValueError, OverflowError):
        pass
    what = "whole numbers" if whole else "numbers"
    raise InvalidArgument(
        f"{where}{name} is {whole_text}: give {what}, as a range (1..10) or a choice (1,3,10)"
    )


def default_space(plan: TrainingConfig, data: Dataset) -> Space:
    """What is worth a search around a plan: rate, decay, dropout, widths, batches and so on."""
    hidden, activation = plan.hidden, plan.activation
    space: Space = {
        RELATIVE: Range(0.1, 10.0),
        "weight_decay": Range(1e-6, 1e-2),
        "batch_size": Choice(tuple(plan.batch_size * k for k in (1, 2, 4))),
        "optimizer": _with(plan.optimizer, "momentum", "nesterov", "adam", "adamw"),
    }
    if hidden:
        space["dropout"] = Range(0.0, 0.5)
    if hidden and isinstance(activation, str):
        space["activation"] = _with(activation, "relu", "silu", "gelu", "tanh")
        scaled = [[max(1, round(n * k)) for n in hidden] for k in (0.5, 1, 2)]
        deeper = [*hidden, max(1, hidden[-1] // 2)]
        widths = ["-".join(map(str, each)) for each in (*scaled, deeper)]
        space["hidden"] = Choice(tuple(dict.fromkeys(widths)))
    if data.train.images.ndim == 3:
        space[STRENGTH] = Choice((0.0, 0.5, 1.0))
    return space


def _with(first: str, *others: str) -> Choice:
    return Choice(tuple(dict.fromkeys((first, *others))))


def planned(plan: TrainingConfig, values: Mapping[str, Any]) -> TrainingConfig:
    """The plan with these values of its hyper-parameters in place of its own."""
    values = dict(values)
    changes, relative = plan.augmentation, values.pop(RELATIVE, None)
    strength = values.pop(STRENGTH, None)
    if strength is not None:
        changes = (changes or _USUAL_CHANGES).times(strength) if strength else None
    if "hidden" in values:
        widths = [int(width) for width in str(values["hidden"]).split("-")]
        values["hidden"] = [] if widths == [0] else widths
    for name in [name for name in values if name.startswith(f"{STRENGTH}.")]:
        field = {name.removeprefix(f"{STRENGTH}."): values.pop(name)}
        changes = replace(changes or Augmentation(), **field)
    found = replace(plan, **values)
    if relative is not None:
        same = (plan.optimizer, plan.cost) == (found.optimizer, found.cost)
        own = plan.learning_rate if same else None
        rate = own or default_learning_rate(found.optimizer, found.cost)
        # Four digits are a recipe that can be read, and as good as more.
        found = replace(found, learning_rate=float(f"{relative * rate:.4g}"))
    if changes is None and (found.outliers or found.anneal_augmentation):
        changes = Augmentation()  # what needs images to be changed gets them as they are
    return replace(found, augmentation=changes)


def check_space(space: Space, plan: TrainingConfig, data: Dataset) -> None:
    """Try every choice and both ends of every range, each by itself, on two images.

    Raises
    ------
    InvalidArgument
        What the network or its training says about the first that does not fit.
    """
    two = data.train[:2]
    for name, each in space.items():
        for value in each.values if isinstance(each, Choice) else (each.low, each.high):
            tried = planned(plan, {name: value})
            # One neuron a layer tells as much as thousands, and at once.
            narrow = replace(tried, hidden=tuple(min(n, 1) for n in tried.hidden))
            begin_training(build(narrow, data), two, tried).close()
