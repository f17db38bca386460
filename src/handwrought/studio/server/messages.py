"""What the page and the server say to each other, typed: a frozen dataclass for each message.

A message from the page is JSON that :func:`decode` turns into its dataclass, or refuses with one
sentence: nothing missing, nothing unknown, nothing of another type, no number out of range.  Fields
may be ``bool``, ``int``, ``float``, ``str``, ``Literal[...]``, ``X | None``, ``tuple[X, ...]`` and
other frozen dataclasses; ``Annotated[int, Within(0, 9)]`` bounds a number, and
``Annotated[str, Length(1, 80)]`` a text or a tuple::

    @dataclass(frozen=True)
    class Keep:
        drawing: Annotated[int, Within(1, 2**53)]
        label: Annotated[int, Within(0, 9)]

    wish = decode(Keep, parse(body))

A message to the page is a dataclass, too; :func:`encode` makes it JSON, with arrays as base64 of
their little-endian bytes.
"""

from __future__ import annotations

import base64
import json
import math
import types
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from handwrought.errors import InvalidArgument

__all__ = ["Length", "Within", "base64_of", "decode", "encode", "parse"]

T = TypeVar("T")


@dataclass(frozen=True)
class Within:
    """The least and the greatest that a number may be."""

    least: float
    most: float


@dataclass(frozen=True)
class Length:
    """The shortest and the longest that a text or a tuple may be."""

    least: int
    most: int


# --- from the page -------------------------------------------------------------------------------


def parse(text: str | bytes) -> Any:
    """JSON, strictly: no NaN or Infinity, no name twice.

    Raises
    ------
    InvalidArgument
        If it is no JSON.
    """
    try:
        from handwrought.storage.container import strict_json  # which needs NumPy

        return strict_json(text)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidArgument("the message is no JSON that can be read") from None
    except ValueError as error:
        raise InvalidArgument(f"the message is refused: {error}") from None


def decode(kind: type[T], value: Any) -> T:
    """The message of this kind that a JSON value stands for.

    Raises
    ------
    InvalidArgument
        If it is none; the sentence names the field, its value and what would do.
    """
    found = _decoded(kind, value, kind.__name__.lower())
    assert isinstance(found, kind)
    return found


def _decoded(kind: Any, value: Any, where: str) -> Any:
    if hasattr(kind, "of_message"):
        return kind.of_message(value)
    if is_dataclass(kind):
        return _record(kind, value, where)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        found = _decoded(arguments[0], value, where)
        for bound in arguments[1:]:
            _check_bound(bound, found, where)
        return found
    if origin in (Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return _decoded(inner, value, where)
    if origin is Literal:
        if not any(value == choice and type(value) is type(choice) for choice in arguments):
            raise InvalidArgument(f"{where} is {_shown(value)}: choose from {_list(arguments)}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidArgument(f"{where} is {_shown(value)}: give a list")
        return tuple(_decoded(arguments[0], each, f"{where}[{i}]") for i, each in enumerate(value))
    return _plain(kind, value, where)


def _plain(kind: Any, value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            raise InvalidArgument(f"{where} is too large: give a finite number") from None
    if type(value) is not kind:  # not isinstance: True is no number
        name = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        raise InvalidArgument(f"{where} is {_shown(value)}: give {name[kind]}")
    if kind is float and not math.isfinite(value):
        raise InvalidArgument(f"{where} is {value!r}: give a finite number")
    if kind is str and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise InvalidArgument(
            f"{where} is {_shown(value)}: give whole characters, no halves of them"
        )
    return value


def _record(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise InvalidArgument(f"{where} is {_shown(value)}: give an object")
    hints, own = _shape(kind)
    unknown = sorted(set(value) - set(own))
    if unknown:
        raise InvalidArgument(f"{where} has no field {_shown(unknown[0])}: it has {_list(own)}")
    missing = [
        name
        for name, field in own.items()
        if name not in value and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise InvalidArgument(f"{where} lacks {missing[0]}")
    return kind(**{name: _decoded(hints[name], each, name) for name, each in value.items()})


@cache
def _shape(kind: Any) -> tuple[dict[str, Any], dict[str, Field[Any]]]:
    return get_type_hints(kind, include_extras=True), {field.name: field for field in fields(kind)}


def _check_bound(bound: Any, value: Any, where: str) -> None:
    if value is None:
        return
    if isinstance(bound, Within) and not bound.least <= value <= bound.most:
        raise InvalidArgument(
            f"{where} is {_shown(value)}: it must lie from {bound.least:g} to {bound.most:g}"
        )
    if isinstance(bound, Length) and not bound.least <= len(value) <= bound.most:
        raise InvalidArgument(
            f"{where} has length {len(value)}: it must lie from {bound.least} to {bound.most}"
        )


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value) if not isinstance(value, int) else f"{value!r:.40}"
    except RecursionError:
        text = "nested too deep"
    return text if len(text) <= 40 else text[:37] + "..."


def _list(names: Any) -> str:
    return ", ".join(str(name) for name in names) or "none"


# --- to the page ---------------------------------------------------------------------------------


def encode(message: Any) -> str:
    """A dataclass, or a dictionary of plain values, as JSON; what is not finite becomes null."""
    return json.dumps(_plainly(message), allow_nan=False, separators=(",", ":"))


def _plainly(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plainly(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plainly(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plainly(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a NumPy number
        return _plainly(value.item())
    if hasattr(value, "astype"):
        return base64_of(value)
    return value


def base64_of(array: Any) -> str:
    """An array's bytes, little-endian, row by row: uint8 as it is, numbers as float32."""
    raw = array if array.dtype == "uint8" else array.astype("<f4")
    return base64.b64encode(raw.tobytes()).decode("ascii")
