"""Every call by which a training changes its folder: counted, killed at, failed, recorded.

What saves is written so that each step is one function of :mod:`os`; these are replaced, in a forked
child alone, by functions that first ask an ``act`` what is to happen.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

Real = Callable[..., Any]
Act = Callable[[int, str, Real, tuple[Any, ...]], Any]

NAMES = ("mkdir", "open", "write", "ftruncate", "fsync", "close", "replace", "unlink", "read")


def install(root: Path, act: Act, told: Callable[[str], None]) -> None:
    """Replace the calls, for what lies in ``root``; ``told`` hears of each checkpoint in place."""
    prefix, handles, count = str(root), {}, 0

    def concerned(arguments: tuple[Any, ...]) -> bool:
        first = arguments[0]
        if isinstance(first, int):
            return first in handles
        return str(first).startswith(prefix)

    def replaced(name: str, real: Real) -> Real:
        def call(*arguments: Any, **keywords: Any) -> Any:
            nonlocal count
            if not concerned(arguments):
                return real(*arguments, **keywords)
            count += 1
            kind = "read" if name == "open" and _reads(arguments[1]) else name
            result = act(count, kind, real, arguments)
            if kind == "open":
                handles[result] = str(arguments[0])
            elif name == "close":
                handles.pop(arguments[0], None)
            elif name == "replace" and str(arguments[1]).endswith("checkpoint.safetensors"):
                told(str(arguments[1]))
            return result

        return call

    for name in NAMES[:-1]:
        setattr(os, name, replaced(name, getattr(os, name)))
    io.open = builtins.open = replaced("read", io.open)  # type: ignore[assignment]


def _reads(flags: int) -> bool:
    return flags & os.O_ACCMODE == os.O_RDONLY and not flags & os.O_DIRECTORY


def do(count: int, name: str, real: Real, arguments: tuple[Any, ...]) -> Any:
    """What would have happened anyway."""
    return real(*arguments)


def counting(names: list[str]) -> Act:
    """Do it, and note its name."""

    def act(count: int, name: str, real: Real, arguments: tuple[Any, ...]) -> Any:
        names.append(name)
        return real(*arguments)

    return act


def killing(at: int, *, within: bool = False) -> Act:
    """Kill the process before the call; a write, on request, when half of it is written."""

    def act(count: int, name: str, real: Real, arguments: tuple[Any, ...]) -> Any:
        if count == at:
            if within and name == "write":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)

    return act


def failing(error: int, first: int, last: int, reached: list[str]) -> Act:
    """Calls from ``first`` to ``last`` fail, a write when half of it is written; says if one did."""

    def act(count: int, name: str, real: Real, arguments: tuple[Any, ...]) -> Any:
        if not first <= count <= last:
            return real(*arguments)
        reached.append(name)
        if name == "write":
            real(arguments[0], arguments[1][: len(arguments[1]) // 2])
        elif name == "close":
            real(*arguments)  # the handle is gone even where closing fails
        raise OSError(error, os.strerror(error), str(arguments[0]))

    return act


def vanishing(at: int, folder: Path, away: Path) -> Act:
    """The folder is moved away before the call."""

    def act(count: int, name: str, real: Real, arguments: tuple[Any, ...]) -> Any:
        if count == at:
            os.rename(folder, away)
        return real(*arguments)

    return act
