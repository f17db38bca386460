"""NumPy's handling of overflow, NaN and division by zero: ours within our functions, the caller's
outside of them.

``np.errstate`` belongs to the thread (or the asynchronous task) and not to a function.  Whoever
calls us under ``np.errstate(all="raise")`` means code of their own, where an e^{-z} that underflows
may be a mistake; in a sigmoid it is not.  And a generator that yields within ``np.errstate`` hands
its own state to whoever reads it.  So each public function works under NumPy's defaults, and a
generator is advanced under them: nothing leaks in, and nothing leaks out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np

__all__ = ["default_errstate", "with_default_errstate"]

P = ParamSpec("P")
R = TypeVar("R")

_DEFAULT: Final[dict[str, Any]] = {
    "divide": "warn",
    "over": "warn",
    "under": "ignore",
    "invalid": "warn",
}


def default_errstate(**otherwise: Any) -> np.errstate:
    """A context with NumPy's default handling, but for what is named (``over="ignore"``) and for what
    is ignored already: whoever asks for no warnings, a function of ours among them, gets none."""
    asked: dict[str, Any] = np.geterr()  # type: ignore[assignment]
    handling = {
        kind: "ignore" if asked[kind] == "ignore" else how for kind, how in _DEFAULT.items()
    }
    return np.errstate(**{**handling, **otherwise})


def with_default_errstate(function: Callable[P, R]) -> Callable[P, R]:
    """The function, called under :func:`default_errstate` whatever the caller has set."""

    # np.errstate as a decorator is one object for all calls before NumPy 2, threads included.
    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        with default_errstate():
            return function(*args, **kwargs)

    return called
