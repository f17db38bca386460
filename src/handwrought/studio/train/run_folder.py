"""What a run keeps in its folder, each file's reader beside its writer.

``config.json`` (name, wish, how it stands), ``history.jsonl`` (a point a line), ``look.json`` (the
last pictures), ``moments/STEP.safetensors`` (the network at that step, for the scrubber),
``checkpoint.safetensors``, ``model.safetensors`` and ``process.log``; where it learns its writer's
own digits, what :mod:`handwrought.studio.train.fine_tuning` adds.

All JSON holds a digest (:mod:`handwrought.storage.sealed`); what was changed or damaged is told, and
taken for nothing else.  Only regular files of the folder itself are read: no link leads out of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from handwrought.errors import DataError, InvalidArgument
from handwrought.studio.server.messages import Length, Within, decode
from handwrought.studio.train.training_request import TrainingRequest
from handwrought.training.metrics import Point

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "HISTORY",
    "LOG",
    "LOOK",
    "MODEL",
    "Config",
    "Look",
    "add_to_history",
    "bytes_of",
    "content_of",
    "folders",
    "is_own",
    "last_words",
    "new_log",
    "read_history",
    "read_json",
    "run_models",
    "write_history",
    "write_json",
]

CONFIG = "config.json"
CHECKPOINT = "checkpoint.safetensors"
MODEL = "model.safetensors"
LOG = "process.log"
HISTORY = "history.jsonl"
LOOK = "look.json"
_LONGEST = 64 << 20
"""Bytes of a file that is read whole; the largest network of the studio has half of them."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


_Count = Annotated[int, Within(0, 10**12)]


@dataclass(frozen=True)
class _Progress:
    step: _Count = 0
    total: _Count = 0
    epoch: float = 0.0
    epochs: _Count = 0
    cost: float | None = None
    rate: float = 0.0
    speed: float = 0.0
    left: float | None = None
    accuracy: float | None = None


@dataclass(frozen=True)
class _Shape:
    step: _Count = 0
    batches: Annotated[int, Within(1, 10**12)] = 1
    images: _Count = 0
    parameters: _Count = 0
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Config:
    """What ``config.json`` holds."""

    name: Annotated[str, Length(1, 120)]
    created: Annotated[float, Within(0, 1e11)]
    wish: TrainingRequest
    status: Literal[
        "starting", "running", "paused", "finished", "stopped", "diverged", "failed", "crashed"
    ]
    sentence: str
    progress: _Progress
    shape: _Shape


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
    """Those of the runs, in the order in which they were made; no links to others."""
    found = sorted(runs.iterdir()) if runs.is_dir() else []
    return [each for each in found if not each.name.startswith(".") and _is(stat.S_ISDIR, each)]


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


def read_history(folder: Path) -> tuple[list[Point], str]:
    """The points measured so far, and a sentence on what is damaged, or no text."""
    from handwrought.storage.sealed import unsealed

    points, damaged = [], []
    try:
        lines = content_of(folder / HISTORY).split(b"\n")
    except FileNotFoundError:
        return [], ""
    except DataError as error:
        return [], f"{error}."
    for number, line in enumerate(lines if lines[-1] else lines[:-1], start=1):
        try:
            points.append(decode(Point, unsealed(line)[0]))
        except (ValueError, RecursionError):
            damaged.append(number)
    if not damaged:
        return points, ""
    which = f"line {damaged[0]}" if len(damaged) == 1 else f"{len(damaged)} lines"
    return (
        points,
        f"In {HISTORY}, {which} of {len(lines) - 1} cannot be read: nothing is shown of it.",
    )


def write_history(folder: Path, points: Sequence[Point]) -> None:
    """These points and no others."""
    from handwrought.storage.atomic import write_atomically

    write_atomically(folder / HISTORY, b"".join(map(_line, points)))


def add_to_history(folder: Path, point: Point) -> None:
    """One point more."""
    handle = os.open(folder / HISTORY, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINK, 0o666)
    with os.fdopen(handle, "ab") as history:
        history.write(_line(point))


def _line(point: Point) -> bytes:
    from handwrought.storage.sealed import sealed

    return sealed(asdict(point)) + b"\n"


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
            found[folder.name] = named, folder / MODEL
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
