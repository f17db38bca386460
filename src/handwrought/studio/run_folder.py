"""What a run keeps in its folder, each file's reader beside its writer.

``config.json`` (name, wish, how it stands), ``history.jsonl`` (a point a line), ``look.json`` (the
last pictures), ``moments/STEP.safetensors`` (the network at that step, for the scrubber),
``checkpoint.safetensors``, ``model.safetensors`` and ``process.log``; where it learns its writer's
own digits, what :mod:`handwrought.studio.own_digits` adds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from handwrought.studio.measuring import Point

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "HISTORY",
    "LOG",
    "MODEL",
    "add_to_history",
    "bytes_of",
    "last_words",
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


def read_history(folder: Path) -> list[Point]:
    """The points measured so far; what a crash cut short is passed over."""
    points = []
    with suppress(OSError):
        for line in (folder / HISTORY).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                points.append(Point.of(json.loads(line)))
    return points


def write_history(folder: Path, points: Sequence[Point]) -> None:
    """These points and no others."""
    from handwrought.storage.atomic import write_atomically

    lines = "".join(json.dumps(asdict(point)) + "\n" for point in points)
    write_atomically(folder / HISTORY, lines.encode())


def add_to_history(folder: Path, point: Point) -> None:
    """One point more."""
    with (folder / HISTORY).open("a", encoding="utf-8") as history:
        history.write(json.dumps(asdict(point)) + "\n")


def read_json(path: Path) -> Any:
    """What a file of the folder holds; None where it is not there or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, values: Any) -> None:
    """Whole, or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from handwrought.storage.atomic import write_atomically

    write_atomically(path, json.dumps(values, indent=1).encode())


def run_models(runs: Path) -> dict[str, tuple[str, Path]]:
    """The models of all runs, the newest first: name and file by the run's id."""
    found = {}
    for folder in sorted(runs.iterdir(), reverse=True) if runs.is_dir() else []:
        if (folder / MODEL).is_file() and not folder.name.startswith("."):
            config = read_json(folder / CONFIG)
            name = config.get("name") if isinstance(config, dict) else None
            found[folder.name] = str(name or folder.name)[:80], folder / MODEL
    return found


def last_words(folder: Path) -> str:
    """The last line that the training process wrote to its log, shortened."""
    with suppress(OSError):
        lines = (folder / LOG).read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else ""
    return ""


def bytes_of(folder: Path) -> int:
    """Of all files in it."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total
