"""Recipes: a network and how to train it, as a TOML file.

The tables ``[network]``, ``[training]`` and ``[augmentation]`` hold settings by name, as
:class:`~handwrought.training.config.TrainingConfig` and
:class:`~handwrought.data.augmentation.Augmentation` declare them; what is left out is as it is there
by default.  ``about`` is a line for people.
"""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument
from handwrought.setting import settings_of
from handwrought.storage.regular import read_regular
from handwrought.training.config import RENAMED, UNTIL, TrainingConfig, renamed

__all__ = ["load_recipe", "recipe_text", "shipped_recipes"]

MOST_BYTES = 20_000
"""A recipe takes a page; tomllib takes minutes for a megabyte of dots."""


def _table_of(name: str, group: str) -> str | None:
    """In which table a setting stands; None for what is no recipe's to say."""
    if group == "record" or name in ("dataset", "images", "augmentation"):
        return None
    return "network" if group == "network" else "training"


def _tables() -> dict[str, list[str]]:
    """The names that each table may hold."""
    tables: dict[str, list[str]] = {"network": [], "training": []}
    for name, setting in settings_of(TrainingConfig).items():
        if table := _table_of(name, setting.group):
            tables[table].append(name)
    return {**tables, "augmentation": list(settings_of(Augmentation))}


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(__file__).parents[1] / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(source: str | PathLike[str]) -> TrainingConfig:
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


def _checked(path: Path, content: dict[str, Any]) -> TrainingConfig:
    values, tables = {"about": content.pop("about", "")}, _tables()
    for table, inner in content.items():
        if table not in tables or not isinstance(inner, dict):
            raise InvalidArgument(
                f"{path}: [{table}] is no table of a recipe: use {', '.join(tables)}"
            )
        for name in inner:
            if name not in tables[table] and RENAMED.get(name) not in tables[table]:
                raise InvalidArgument(
                    f"{path}: [{table}] knows no {name!r}: use {', '.join(sorted(tables[table]))}"
                )
        values |= {"augmentation": inner} if table == "augmentation" else inner
    try:
        values = renamed(
            values, lambda old, new: _warn(f"{path}: {old} is called {new} now: {UNTIL}")
        )
        return TrainingConfig(**values, recipe=path.stem)
    except InvalidArgument as error:
        raise InvalidArgument(f"{path}: {error}") from None


def _warn(sentence: str) -> None:
    warnings.warn(sentence, DeprecationWarning, stacklevel=6)


def recipe_text(config: TrainingConfig, comment: str = "") -> str:
    """The TOML file of a configuration, which :func:`load_recipe` reads back: all that is not None,
    whatever the defaults will be; comment: lines above it."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines.append(f"about = {_toml(config.about)}")
    tables: dict[str, dict[str, Any]] = {"network": {}, "training": {}}
    for name, setting in settings_of(type(config)).items():
        if table := _table_of(name, setting.group):
            tables[table][name] = getattr(config, name)
    changes = config.augmentation
    if changes is not None:
        tables["augmentation"] = {
            name: value
            for name, setting in settings_of(Augmentation).items()
            if (value := getattr(changes, name)) != setting.default
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
