"""What the studio keeps in a run's folder beside what :mod:`handwrought.runs` does: ``look.json`` (the
last pictures), ``process.log``, and the models of all runs by their names.

All JSON holds a digest (:mod:`handwrought.storage.sealed`); what was changed or damaged is told, and
taken for nothing else.  Only regular files of the folder itself are read: no link leads out of it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from handwrought.errors import DataError, InvalidArgument
from handwrought.runs.folder import CONFIG, MODEL
from handwrought.studio.server.messages import Length, Within, decode

__all__ = [
    "LOG",
    "LOOK",
    "Look",
    "bytes_of",
    "content_of",
    "folders",
    "is_own",
    "last_words",
    "new_log",
    "read_json",
    "run_id",
    "run_models",
    "write_json",
]

LOG = "process.log"
LOOK = "look.json"
_LONGEST = 64 << 20
"""Bytes of a file that is read whole; the largest network of the studio has half of them."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


_Count = Annotated[int, Within(0, 10**12)]


@dataclass(frozen=True)
class Look:
    """What ``look.json`` holds; arrays as base64."""

    shown: _Count
    neurons: _Count
    most: float
    n_in: _Count
    wrong: tuple[Annotated[tuple[float, ...], Length(3, 3)], ...]
    weights: str
    images: str


def folders(runs: Path) -> list[Path]:
    """Those of the runs, in the order in which they were made, a committee's members among them; no
    links to others."""
    found = []
    for folder in sorted(runs.iterdir()) if runs.is_dir() else []:
        if not folder.name.startswith(".") and _is(stat.S_ISDIR, folder):
            members = sorted(folder.glob("member-*"), key=lambda path: (len(path.name), path.name))
            found += [each for each in members if _is(stat.S_ISDIR, each)] or [folder]
    return found


def run_id(runs: Path, folder: Path) -> str:
    """A run's name in messages: its folder's, or its committee's and its own."""
    return ".".join(folder.relative_to(runs).parts)


def is_own(path: Path) -> bool:
    """Whether it is there as a regular file, not a link to another or a device."""
    return _is(stat.S_ISREG, path)


def _is(kind: Any, path: Path) -> bool:
    try:
        return bool(kind(path.lstat().st_mode))
    except (OSError, ValueError):
        return False


def content_of(path: Path) -> bytes:
    """What a file of a run's folder holds.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    DataError
        If it is no regular file, is too long, or cannot be read.
    """
    from handwrought.storage.regular import read_regular

    try:
        return read_regular(path, _LONGEST, follow_links=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def read_json(path: Path, kind: Any = None) -> dict[str, Any] | None:
    """What a file of the folder holds; None where there is none.

    ``kind``: a dataclass that it is fit to be.

    Raises
    ------
    DataError
        If it is damaged.
    """
    from handwrought.storage.sealed import unsealed

    try:
        content = content_of(path)
    except FileNotFoundError:
        return None
    try:
        values, _ = unsealed(content, indent=1)
        if kind is not None:
            decode(kind, values)
    except (ValueError, RecursionError) as error:
        plain = type(error) is ValueError or isinstance(error, InvalidArgument)
        why = str(error) if plain else "it is no JSON that can be read"
        raise DataError(f"{path} is damaged: {why}") from None
    return values


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Whole, or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from handwrought.storage.atomic import write_atomically
    from handwrought.storage.sealed import sealed

    write_atomically(path, sealed(values, indent=1))


def run_models(runs: Path) -> dict[str, tuple[str, Path]]:
    """The models of all runs, the newest first: name and file by the run's id."""
    found = {}
    for folder in reversed(folders(runs)):
        if is_own(folder / MODEL):
            name = None
            with suppress(DataError):
                name = (read_json(folder / CONFIG) or {}).get("name")
            named = name[:80] if isinstance(name, str) and name else folder.name
            found[run_id(runs, folder)] = named, folder / MODEL
    return found


def new_log(folder: Path) -> int:
    """A descriptor to write to it, from its beginning."""
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK
    return os.open(folder / LOG, how, 0o666)


def last_words(folder: Path) -> str:
    """The last line that the training process wrote to its log, shortened."""
    with suppress(OSError, DataError):
        lines = content_of(folder / LOG).decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else ""
    return ""


def bytes_of(folder: Path) -> int:
    """Of all files in it."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total
