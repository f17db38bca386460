"""Opening what is to be read: a regular file alone, of so many bytes at most.

A named pipe lets its reader wait for ever, a device may never end.  Whatever the package reads is
opened here, and a test finds what is not.  What is refused raises an OSError, whose ``strerror``
goes into the reader's sentence as the system's own words do.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from os import PathLike
from typing import BinaryIO

__all__ = ["check_regular", "open_regular", "read_piped", "read_regular", "read_stream"]

_READ = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _READ |= getattr(os, _name, 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_CHUNK = 1 << 20
_WRITER, _SILENT = 2.0, 30.0
"""Seconds in which a pipe must find a writer, and in which that one must write something."""


def open_regular(
    path: str | PathLike[str], most: int | None = None, *, follow_links: bool = True
) -> BinaryIO:
    """A regular file, open to be read.

    Parameters
    ----------
    path : path
    most : int, optional
        Bytes that it may have.
    follow_links : bool
        Whether the path may end in a link to another file.

    Raises
    ------
    OSError
        If it cannot be opened, is a folder, a pipe, a socket or a device, or is larger.
    """
    # Before, since to open a device may do something; and after, since another may stand there now.
    _check(os.stat(path, follow_symlinks=follow_links), path, most)
    handle = os.open(path, _READ if follow_links else _READ | _NO_LINK)
    try:
        _check(os.fstat(handle), path, most)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: str | PathLike[str], most: int, *, follow_links: bool = True) -> bytes:
    """The content of a regular file of at most so many bytes; OSError as :func:`open_regular`."""
    with open_regular(path, most, follow_links=follow_links) as file:
        return read_stream(file, most, os.fstat(file.fileno()).st_size + 1)


def check_regular(path: str | PathLike[str]) -> None:
    """For what is opened by others (a database): an OSError if a path that is there is no file."""
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return
    _check(about, path, None)


def read_stream(stream: BinaryIO, most: int, chunk: int = _CHUNK) -> bytes:
    """The rest of a stream; OSError if that is more than ``most`` bytes, of which no more is read."""
    pieces: list[bytes] = []
    left = most
    while left >= 0:
        piece = stream.read(min(chunk, left + 1))
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        left -= len(piece)
    raise _too_large(most)


def read_piped(path: str | PathLike[str], most: int) -> bytes:
    """The content of a regular file, or what comes through a pipe; at most so many bytes.

    Raises
    ------
    OSError
        As :func:`open_regular`, or if nobody writes into the pipe.
    """
    if not stat.S_ISFIFO(os.stat(path).st_mode):
        return read_regular(path, most)
    handle = os.open(path, _READ)
    try:
        if not stat.S_ISFIFO(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no longer the pipe that it was", str(path))
        return _from_pipe(handle, most)
    finally:
        os.close(handle)


def _from_pipe(handle: int, most: int) -> bytes:
    content = bytearray()
    seconds = _WRITER
    while len(content) <= most:
        ready = select.select([handle], [], [], seconds)[0]
        try:
            piece = os.read(handle, min(_CHUNK, most + 1 - len(content)))
        except BlockingIOError:  # there is a writer
            if not ready and seconds == _SILENT:
                raise OSError(
                    errno.ETIMEDOUT, f"nothing has come through this pipe for {_SILENT:g} s"
                ) from None
            piece, seconds = b"", _SILENT
            continue
        if not piece:
            if not content:
                raise OSError(errno.ENODATA, "it is a pipe that nobody writes into")
            return bytes(content)
        content += piece
        seconds = _SILENT
    raise _too_large(most)


def _check(about: os.stat_result, path: str | PathLike[str], most: int | None) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(about.st_mode):
        what = next((name for is_one, name in _KINDS if is_one(about.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {what}, and no file", str(path))
    if most is not None and about.st_size > most:
        raise _too_large(most)


def _too_large(most: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most:,} bytes")
