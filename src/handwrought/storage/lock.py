"""One process at a time in a folder: an advisory lock that vanishes with its process."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from datetime import datetime
from pathlib import Path

from handwrought.errors import CannotWrite, FolderInUse
from handwrought.storage.regular import check_regular, read_regular

__all__ = ["FolderLock", "held_by"]

NAME = "lock"
_MOST_BYTES = 4096
_BUSY = (errno.EWOULDBLOCK, errno.EACCES)


class FolderLock:
    """Holds a folder from its making until it is closed, or its process is gone, however.

    The file ``lock`` says who holds it; that it is there means nothing, since the kernel's lock on
    it counts alone.  Where the system has no such locks, nothing is held.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FolderInUse
        If another process holds it; nothing was changed then.
    CannotWrite
        If the folder cannot be written or locked.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        while True:
            try:
                check_regular(self.path)
                self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise CannotWrite.of(folder, error, "name another folder") from None
            try:
                self._take(folder)
                current = self._is_current()
            except BaseException:
                with contextlib.suppress(OSError):
                    os.close(self._handle)
                raise
            if current:
                break
            os.close(self._handle)
        who = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now().isoformat(" ", "seconds"),
        }
        # For others to read, and no more: on a full disk the lock holds without it.
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, 0)
            os.write(self._handle, json.dumps(who).encode())

    def _take(self, folder: Path) -> None:
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _BUSY:
                raise FolderInUse(
                    f"{folder} is in use by {_holder(self.path)}: wait until it ends, or name "
                    f"another folder"
                ) from None
            raise CannotWrite(
                f"{folder} cannot be locked: {error.strerror}; name a folder on another disk"
            ) from None

    def _is_current(self) -> bool:
        """Whether the file locked is the one there now: its last holder may just have deleted it."""
        try:
            return os.path.samestat(os.fstat(self._handle), os.stat(self.path))
        except OSError:
            return False

    def close(self) -> None:
        """Let go, and leave no file behind."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        with contextlib.suppress(OSError):
            os.close(self._handle)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _holder(path: Path) -> str:
    try:
        who = json.loads(read_regular(path, _MOST_BYTES))
        return f"process {who['process']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def held_by(folder: Path) -> str | None:
    """Which process holds a folder, in words; None where none does.  Nothing is changed."""
    try:
        import fcntl

        check_regular(folder / NAME)
        handle = os.open(folder / NAME, os.O_RDWR)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return _holder(folder / NAME) if error.errno in _BUSY else None
    finally:
        os.close(handle)
    return None
