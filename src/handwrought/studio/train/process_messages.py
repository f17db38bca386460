"""Messages over a pipe between two processes: one JSON line each, and bytes after it.

The line's ``bytes`` says how many follow.  Nothing is unpickled: what comes is JSON values and
bytes, whoever wrote them.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from handwrought.errors import DataError

__all__ = ["hear", "tell"]

_LONGEST = 16 << 20
"""Bytes of a line, and of what follows it."""


def tell(pipe: BinaryIO, message: dict[str, Any], payload: bytes = b"") -> None:
    """Write a message; waits where the reader is slow, so let a thread of its own read.

    Raises
    ------
    OSError
        If nobody reads any more.
    """
    line = json.dumps({**message, "bytes": len(payload)}, allow_nan=False, separators=(",", ":"))
    pipe.write(line.encode() + b"\n" + payload)
    pipe.flush()


def hear(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message and its bytes; None where the pipe has ended, in a message too.

    Raises
    ------
    DataError
        If what comes is no such message.
    """
    line = pipe.readline(_LONGEST)
    if not line.endswith(b"\n"):
        return None
    try:
        message = json.loads(line)
        length = message.pop("bytes")
        fits = type(length) is int and 0 <= length <= _LONGEST
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise DataError(f"the other process said {line[:40]!r}, which is no message")
    payload = pipe.read(length)
    return (message, payload) if len(payload) == length else None
