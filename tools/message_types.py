"""The studio's messages as TypeScript declarations, from the dataclasses that they are in Python.

    python tools/message_types.py            print them
    python tools/message_types.py --write    bring src/handwrought/studio/messages.d.ts up to date

The JavaScript is checked against them (``make lint``); nothing else needs them.  Each package of the
studio is a namespace, ``Draw.Seen``.  Arrays travel as base64, and what is not finite as null.
"""

from __future__ import annotations

import builtins
import importlib
import pkgutil
import sys
import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from handwrought import studio

FILE = Path(__file__).parents[1] / "src/handwrought/studio/messages.d.ts"
VIEWS = ("draw", "train", "backprop", "playground", "evaluate")
SHARED = ("handwrought.training.diagnosis", "handwrought.training.metrics")
"""Modules outside the studio whose dataclasses it sends as they are."""
PLAIN = {bool: "boolean", int: "number", float: "number", str: "string", Any: "any", Path: "string"}


class Names(dict[str, Any]):
    """What a module's annotations may name; what is imported for types alone is an array or any."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __missing__(self, name: str) -> Any:
        known = {"np": np, "NDArray": NDArray, "Array": NDArray[Any]}
        for place in (vars(self.module), known, vars(builtins)):
            if name in place:
                return place[name]
        return Any


def messages() -> dict[type, str]:
    """Every dataclass of the views, and the name that it has in TypeScript."""
    found: dict[type, str] = {}
    for view in VIEWS:
        package = importlib.import_module(f"{studio.__name__}.{view}")
        for each in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{each.name}")
            homes = {getattr(value, "__module__", "") for value in vars(module).values()}
            for home in [module.__name__, *(shared for shared in SHARED if shared in homes)]:
                for name, kind in sorted(vars(sys.modules[home]).items()):
                    if is_dataclass(kind) and kind.__module__ == home and isinstance(kind, type):
                        found.setdefault(kind, f"{view.capitalize()}.{name}")
    return found


def written(kind: Any, names: dict[type, str]) -> str:
    """A type of Python's in TypeScript."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in (None, types.NoneType):
        return "null"
    if isinstance(kind, type) and kind in names:
        return names[kind]
    if origin is Annotated:
        return written(inner[0], names)
    if origin is Literal:
        return " | ".join(
            str(each).lower() if isinstance(each, bool) else f'"{each}"' for each in inner
        )
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(written(each, names) for each in inner))
    if origin is np.ndarray:
        return "string"
    if origin is tuple and inner[-1] is not Ellipsis:
        return f"[{', '.join(written(each, names) for each in inner)}]"
    if origin in (list, tuple, Sequence):
        each = written(inner[0], names)
        return f"({each})[]" if "|" in each else f"{each}[]"
    if origin is dict:
        return f"Record<string, {written(inner[1], names)}>"
    return PLAIN.get(kind, "any")


def interface(kind: Any, names: dict[type, str]) -> list[str]:
    """The lines that declare one message; what may be left out of a request has a question mark."""
    module = sys.modules[kind.__module__]
    hints = get_type_hints(kind, vars(module), Names(module), include_extras=True)
    asked = kind.__module__.endswith(".routes")

    def optional(field: Field[Any]) -> bool:
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        return asked and field.name != "kind" and has_default

    lines = [f"  interface {names[kind].split('.')[1]} {{"]
    for field in fields(kind):
        mark = "?" if optional(field) else ""
        lines.append(f"    {field.name}{mark}: {written(hints[field.name], names)};")
    return [*lines, "  }"]


def declarations() -> str:
    """The whole file."""
    names = messages()
    lines = ["// Written by tools/message_types.py: do not edit."]
    for view in VIEWS:
        lines += ["", f"declare namespace {view.capitalize()} {{"]
        for kind, name in names.items():
            if name.startswith(f"{view.capitalize()}."):
                lines += interface(kind, names)
        lines.append("}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(declarations(), encoding="utf-8")
    else:
        print(declarations(), end="")
