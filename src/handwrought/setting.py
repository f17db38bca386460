"""A setting is declared once, beside its field: what it is for people, and what it may be.

::

    @dataclass(frozen=True)
    class Config:
        dropout: Annotated[float, Setting("Share of hidden neurons left out", low=0, below=1)] = 0.0

:func:`settings_of` reads the declarations of such a class, and :func:`check` a value by one of
them.  Values come from people, JSON, TOML and NumPy: of each kind a number is taken for what it
is, True for no number, and a NaN for none either.  (pydantic would be another list of bounds in
another language, 60 ms of import before ``--help``, and knows no NumPy number.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from math import nan
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from handwrought.errors import InvalidArgument

__all__ = ["Setting", "check", "check_form", "settings_of"]

_MOST_COUNT = 1 << 63
_KINDS = {int: "whole", float: "number", bool: "flag", str: "text"}


@dataclass(frozen=True)
class Setting:
    """What a setting is.

    Attributes
    ----------
    sentence : str
        For people: help texts, pages, docs.
    group : {"network", "training", "data", "regularization", "augmentation", "record"}
        Where it stands; "record" is said of a training, not asked of it.
    low, high, above, below : float or None
        A number's bounds: at least, at most, more than, less than.
    form : (float, float) or None
        The part of these bounds that a form offers, and takes.
    live : bool
        Whether it may change while a training runs.
    searched : bool
        Whether a search may vary it.
    open : bool
        Whether others than the choices may be named: whoever takes the name knows.
    unset : str
        What None stands for.
    name, kind, choices, optional, many, default
        From the field itself.  kind: whole, number, flag, text, choice or changes; many: whether
        one value for each hidden layer is taken, too (``"always"``: only that).
    """

    sentence: str
    group: str = "training"
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    form: tuple[float, float] | None = None
    live: bool = False
    searched: bool = True
    open: bool = False
    unset: str = ""
    name: str = ""
    kind: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    many: Literal["", "also", "always"] = ""
    default: Any = None

    @property
    def bounds(self) -> str:
        """In words, for messages and tables; empty where there are none."""
        if self.low is not None and self.high is not None:
            return f"from {self.low:g} to {self.high:g}"
        least = "" if self.low is None else f"at least {self.low:g}"
        least += "" if self.above is None else f"above {self.above:g}"
        most = "" if self.high is None else f"at most {self.high:g}"
        most += "" if self.below is None else f"below {self.below:g}"
        return " and ".join(part for part in (least, most) if part)

    def holds(self, number: float) -> bool:
        """Whether a number lies within the bounds."""
        least, most = self.low if self.above is None else self.above, self.high
        most = most if self.below is None else self.below
        inside = (least is None or number >= least) and (most is None or number <= most)
        return inside and number not in (self.above, self.below)


def settings_of(kind: Any) -> dict[str, Setting]:
    """The settings that a dataclass declares, by name, in its order."""
    return _settings_of(kind)


@cache
def _settings_of(kind: Any) -> dict[str, Setting]:
    found = {}
    for field in fields(kind):
        if get_origin(field.type) is Annotated:
            hint, *said = get_args(field.type)
            setting = next(each for each in said if isinstance(each, Setting))
            found[field.name] = replace(
                setting, name=field.name, default=field.default, **_shape(hint)
            )
    return found


def _shape(hint: Any) -> dict[str, Any]:
    """Kind, choices and so on, from a type."""
    options = set(get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,))
    shape: dict[str, Any] = {"optional": NoneType in options}
    inner = [option for option in options - {NoneType} if get_origin(option) is not tuple]
    if len(inner) < len(options - {NoneType}):
        shape["many"] = "also" if inner else "always"
    for option in inner or [get_args(option)[0] for option in options - {NoneType}]:
        if get_origin(option) is Literal:
            shape |= {"kind": "choice", "choices": get_args(option)}
        else:  # what is no plain type is another declared class, of which None is none
            shape |= {"kind": _KINDS.get(option, "changes")}
    if shape["kind"] == "changes":
        shape["optional"] = True
    return shape


def check(setting: Setting, value: Any) -> Any:
    """The value as plain Python: int, float, bool, str or a tuple of them.

    Raises
    ------
    InvalidArgument
        If it is of another kind or out of bounds; the sentence names setting, value and remedy.
    """
    if value is None and setting.optional:
        return None
    if setting.many and _is_list(value):
        return tuple(_check_one(setting, each, value) for each in value)
    if setting.many == "always":
        raise InvalidArgument(f"{setting.name} is {_shown(value)}: give a list such as [100, 50]")
    return _check_one(setting, value, value)


def check_form(setting: Setting, value: Any) -> None:
    """Raise InvalidArgument for a number that no form offers."""
    if setting.form is None or value is None:
        return
    least, most = setting.form
    for each in value if isinstance(value, tuple) else (value,):
        if not least <= each <= most:
            raise InvalidArgument(
                f"{setting.name} is {_shown(value)}: it must lie from {least:g} to {most:g}"
            )


def _is_list(value: Any) -> bool:
    if hasattr(value, "tolist"):  # an array
        return bool(value.ndim)
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _check_one(setting: Setting, value: Any, whole: Any) -> Any:
    name, kind = setting.name, setting.kind
    if kind == "choice":
        return _choice(setting, value)
    if kind in ("flag", "text"):
        known = bool if kind == "flag" else str
        if not isinstance(value, known):
            what = "true or false" if kind == "flag" else "a text"
            raise InvalidArgument(f"{name} is {_shown(value)}: it must be {what}")
        return value
    bounds = setting.bounds
    words = f" of {bounds}" if bounds.startswith("at") else bounds and f" {bounds}"
    if kind == "whole":
        fits = _is(Integral, value) and setting.holds(value)
        if not fits or (setting.low and value >= _MOST_COUNT):
            raise InvalidArgument(f"{name} is {_shown(whole)}: it must be a whole number{words}")
        return int(value)
    try:
        number = float(value) if _is(Real, value) else nan
    except OverflowError:  # a whole number so large
        number = nan
    if not abs(number) <= 1e300 or not setting.holds(number):
        raise InvalidArgument(f"{name} is {_shown(whole)}: it must be a number{words}")
    return number


def _choice(setting: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{setting.name} is {_shown(value)}: give a name")
    if value not in setting.choices and not setting.open:
        known = ", ".join(setting.choices)
        raise InvalidArgument(f"{setting.name} {value!r:.80} is unknown: use one of {known}")
    return str(value)


def _is(kind: Any, value: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, Integral) and abs(int(value)) >= 1 << 128:
        return f"a number of {int(value).bit_length()} bits"
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:197]}..."
