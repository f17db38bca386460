"""A cache of the values last used, from which what nobody asks for is dropped in time.

Traces and networks take tens of megabytes each.  While a page asks for them they stay; what was not
asked for in :data:`IDLE` seconds is dropped, and the memory given back to the system.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

__all__ = ["IDLE", "Cache", "release_memory"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
IDLE: Final = 120.0
"""Seconds after which what nobody asks for is dropped."""


class Cache(Generic[K, T]):
    """Values by key, from any thread.

    Parameters
    ----------
    most : int
        Above which the least recently used is dropped.
    dropped : callable, optional
        Told each value that is dropped.
    """

    def __init__(self, most: int, dropped: Callable[[T], None] | None = None) -> None:
        self._most = most
        self._dropped = dropped or (lambda value: None)
        self._values: OrderedDict[K, tuple[T, float]] = OrderedDict()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K, *, use: bool = True) -> T | None:
        """The value, which counts as used now unless ``use`` is false; None where there is none."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            if use:
                self._put(key, found[0])
            return found[0]

    def put(self, key: K, value: T) -> T:
        """Hold it; returns it."""
        with self._lock:
            self._put(key, value)
            while len(self._values) > self._most:
                self._dropped(self._values.popitem(last=False)[1][0])
        return value

    def _put(self, key: K, value: T) -> None:
        self._values[key] = value, time.monotonic()
        self._values.move_to_end(key)

    def latest(self) -> dict[K, T]:
        """All of them, the last used first."""
        with self._lock:
            return {key: value for key, (value, _) in reversed(self._values.items())}

    def drop_idle(self, idle: float = IDLE) -> None:
        """Drop what was not used for so many seconds."""
        before = time.monotonic() - idle
        with self._lock:
            for key in [key for key, (_, used) in self._values.items() if used < before]:
                self._dropped(self._values.pop(key)[0])

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            while self._values:
                self._dropped(self._values.popitem()[1][0])


def release_memory() -> None:
    """Hand memory that was freed back to the system, where the C library keeps it for itself.

    GNU's does: each thread that works frees into an arena of its own, and what lies there stays.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        trim: Any = ctypes.CDLL(None).malloc_trim
        trim(0)
