"""Writing a file so that it is whole or not there: temporary file, fsync, rename, fsync.

Each step is one call of :mod:`os`, so that ``benchmarks/reliability`` can kill the process, fail
the call or cut the power at every one of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable
from glob import escape
from pathlib import Path

__all__ = ["remove_strays", "sync_folder", "write_all", "write_atomically"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` by these bytes; a crash at any moment leaves the old file or the new one.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full; the old file is then untouched, or the
        new one is whole in its place.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        handle = os.open(temporary, _NEW, 0o666)
        try:
            write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def write_all(handle: int, content: bytes) -> None:
    """Write to a file descriptor until nothing is left; a full disk may take a part alone."""
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or deleted in a folder last through a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that syncs no folders
            raise
    finally:
        os.close(handle)


def remove_strays(folder: Path, names: Iterable[str]) -> None:
    """Delete the temporary files that a killed process left of these files.

    Only for who holds the folder (:mod:`handwrought.storage.lock`): another's may still be written.
    """
    for name in names:
        for stray in folder.glob(f".{escape(name)}.????????.tmp"):
            with contextlib.suppress(OSError):
                os.unlink(stray)
