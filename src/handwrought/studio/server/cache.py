"""What was worked out and may be asked for again: the last so many, and not for ever.

Traces and networks take tens of megabytes each.  While a page asks for them they are kept; what was
not asked for in :data:`IDLE` seconds is forgotten, and the memory given back to the system.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

__all__ = ["IDLE", "Kept", "give_back"]

T = TypeVar("T")
IDLE: Final = 120.0
"""Seconds after which what nobody asks for is forgotten."""


class Kept(Generic[T]):
    """Values by key, from any thread.

    Parameters
    ----------
    most : int
        Above which the longest unused goes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> T | None:
        """The value, which is the last used by that; None where there is none."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._put(key, found[0])
            return found[0]

    def put(self, key: Hashable, value: T) -> T:
        """Keep it; returns it."""
        with self._lock:
            self._put(key, value)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def _put(self, key: Hashable, value: T) -> None:
        self._values[key] = value, time.monotonic()
        self._values.move_to_end(key)

    def forget(self, idle: float = IDLE) -> None:
        """Forget what was not used for so many seconds."""
        before = time.monotonic() - idle
        with self._lock:
            for key in [key for key, (_, used) in self._values.items() if used < before]:
                del self._values[key]


def give_back() -> None:
    """Hand memory that was freed back to the system, where the C library keeps it for itself.

    GNU's does: each thread that works frees into an arena of its own, and what lies there stays.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        trim: Any = ctypes.CDLL(None).malloc_trim
        trim(0)
