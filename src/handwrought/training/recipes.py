"""Recipes: a network and how to train it, as a TOML file.

The tables ``[network]``, ``[training]`` and ``[augmentation]`` hold the arguments of
:class:`~handwrought.nn.network.Network`, :func:`~handwrought.training.train.train` and
:class:`~handwrought.data.augmentation.Augmentation`; ``about`` is a line for people.  ``view`` of
``[training]`` is how the network sees images (:mod:`handwrought.data.representations`).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

from handwrought.data.augmentation import Augmentation
from handwrought.data.representations import REPRESENTATIONS
from handwrought.errors import InvalidArgument
from handwrought.storage.regular import read_regular

__all__ = ["NETWORK", "TRAINING", "Recipe", "load_recipe", "recipe_text", "shipped_recipes"]

MOST_BYTES = 20_000
"""A recipe takes a page; tomllib takes minutes for a megabyte of dots."""
NETWORK = {"hidden", "activation", "cost", "initializer"}
TRAINING = {
    "average", "batch_size", "clip_norm", "dropout", "epochs", "full", "hardest", "l1",
    "label_smoothing", "learning_rate", "optimizer", "patience", "schedule", "seed", "settle",
    "strangers", "view", "warm_up", "weight_decay",
}  # fmt: skip
_AUGMENTATION = {f.name for f in fields(Augmentation)}
_TABLES = {"network": NETWORK, "training": TRAINING, "augmentation": _AUGMENTATION}


@dataclass(frozen=True)
class Recipe:
    """A network and how to train it.

    Attributes
    ----------
    name : str
    about : str
    network, training : dict
        Arguments of the network and of its training.
    augmentation : Augmentation or None
    """

    name: str
    about: str = ""
    network: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    augmentation: Augmentation | None = None


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(__file__).parents[1] / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(source: str | PathLike[str]) -> Recipe:
    """A recipe by the name of a shipped one, or from a TOML file.

    Raises
    ------
    InvalidArgument
        If there is no such recipe, it is no TOML, or it holds a name or value that no recipe has.
    """
    shipped = shipped_recipes()
    path = shipped.get(str(source), Path(source))
    try:
        content = tomllib.loads(read_regular(path, MOST_BYTES).decode("utf-8"))
    except FileNotFoundError:
        raise InvalidArgument(
            f"recipe {str(source)!r} is unknown: use {', '.join(shipped)}, or a TOML file's path"
        ) from None
    except OSError as error:
        raise InvalidArgument(
            f"recipe {path} cannot be read: {error.strerror or error}; use {', '.join(shipped)}, or "
            f"a TOML file's path"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{path} is no TOML file: {error}") from None
    for number in _whole_numbers(content):
        if number.bit_length() > 64:  # of which TOML knows none; so long a one cannot even be shown
            raise InvalidArgument(f"{path} holds a whole number of {number.bit_length()} bits")
    return _checked(path, content)


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(inner)


def _checked(path: Path, content: dict[str, Any]) -> Recipe:
    for table, values in content.items():
        if table == "about" and isinstance(values, str):
            continue
        if table not in _TABLES or not isinstance(values, dict):
            raise InvalidArgument(
                f"{path}: [{table}] is no table of a recipe: use {', '.join(_TABLES)}"
            )
        for name in values:
            if name not in _TABLES[table]:
                raise InvalidArgument(
                    f"{path}: [{table}] knows no {name!r}: use {', '.join(sorted(_TABLES[table]))}"
                )
    hidden = content.get("network", {}).get("hidden", [])
    if not isinstance(hidden, list) or not all(type(n) is int and n > 0 for n in hidden):
        raise InvalidArgument(f"{path}: hidden is {hidden!r}: give a list such as [100, 50]")
    view = content.get("training", {}).get("view", "as-is")
    if not isinstance(view, str) or view not in REPRESENTATIONS:
        raise InvalidArgument(
            f"{path}: view {view!r} is unknown: use one of {', '.join(REPRESENTATIONS)}"
        )
    kinds = {"full": (bool, "true or false"), "patience": (int, "a whole number"),
             "seed": (int, "a whole number")}  # fmt: skip
    for name, (kind, what) in kinds.items():
        value = content.get("training", {}).get(name, kind())
        if type(value) is not kind:
            raise InvalidArgument(f"{path}: {name} is {value!r}: it must be {what}")
    changes = content.get("augmentation")
    return Recipe(
        path.stem,
        content.get("about", ""),
        content.get("network", {}),
        content.get("training", {}),
        Augmentation(**changes) if changes is not None else None,
    )


def recipe_text(recipe: Recipe, comment: str = "") -> str:
    """The TOML file of a recipe, which :func:`load_recipe` reads back; comment: lines above it."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines.append(f"about = {_toml(recipe.about)}")
    changes = recipe.augmentation
    tables = {"network": recipe.network, "training": recipe.training}
    if changes is not None:
        tables["augmentation"] = {
            f.name: v for f in fields(changes) if (v := getattr(changes, f.name)) != f.default
        }
    for table, values in tables.items():
        lines += ["", f"[{table}]"]
        lines += [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON's texts, truth values and numbers are TOML's, but for one character that TOML escapes.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
