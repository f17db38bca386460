"""A run: what was wished, how it stands, and what the page is told of it."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from handwrought.errors import HandwroughtError
from handwrought.studio.diagnosis import diagnose
from handwrought.studio.measuring import Point
from handwrought.studio.messages import decode
from handwrought.studio.run_folder import read_history, read_json
from handwrought.studio.wishes import Wish

__all__ = ["ENDS", "Run", "changed", "free_name", "named", "read_run"]

ENDS = ("finished", "stopped", "diverged", "failed")
"""How a training process may say that it ends."""


@dataclass(eq=False)
class Run:
    """One run; its ``status`` is one of starting, running, paused (with a process), finished,
    stopped, diverged, failed or crashed (without)."""

    id: str
    folder: Path
    name: str
    created: float
    wish: Wish
    status: str = "stopped"
    sentence: str = ""
    """What ended it, where that was no wish of anybody."""
    progress: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)
    look: dict[str, Any] | None = None
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    _points: list[Point] | None = None

    @property
    def live(self) -> bool:
        """Whether it has a process."""
        return self.process is not None

    @property
    def points(self) -> list[Point]:
        """What was measured; read from the folder when first asked for."""
        if self._points is None:
            self._points = read_history(self.folder)
        return self._points

    @points.setter
    def points(self, points: list[Point]) -> None:
        self._points = points

    @property
    def accuracy(self) -> float | None:
        """On validation images, when last measured."""
        measured = [point.validation_accuracy for point in self._points or ()]
        known = [accuracy for accuracy in measured if accuracy is not None]
        return known[-1] if known else self.progress.get("accuracy")

    def config(self) -> dict[str, Any]:
        """What ``config.json`` holds."""
        return {
            "name": self.name,
            "created": self.created,
            "wish": asdict(self.wish),
            "status": self.status,
            "sentence": self.sentence,
            "progress": self.progress,
            "shape": self.shape,
        }

    def summary(self) -> dict[str, Any]:
        """What the page is told of every run."""
        diverged = self.sentence if self.status == "diverged" else ""
        return {
            "id": self.id,
            **self.config(),
            "wish": self.wish,
            "rate": self.wish.rate,
            "sizes": self.wish.sizes,
            "accuracy": self.accuracy,
            "findings": diagnose(self.wish, self._points or [], diverged),
        }


def read_run(path: Path) -> Run | None:
    """The run whose config this is; None where that is damaged."""
    values = read_json(path)
    try:
        run = Run(
            path.parent.name,
            path.parent,
            str(values["name"])[:80],
            float(values["created"]),
            decode(Wish, values["wish"]),
            str(values["status"]),
            str(values["sentence"]),
            dict(values["progress"]),
            dict(values["shape"]),
        )
    except (ValueError, KeyError, TypeError, HandwroughtError):
        return None
    if run.status not in (*ENDS, "crashed"):
        run.status = "stopped"
        run.sentence = "The studio ended while it trained; it goes on from its last checkpoint."
    return run


def changed(wish: Wish, changes: dict[str, Any]) -> Wish:
    """The wish with these fields, given as JSON values; checked whole."""
    values = {**asdict(wish), **changes}
    return decode(Wish, {**values, "hidden": list(values["hidden"])})


def named(wish: Wish) -> str:
    """What a run is called until somebody names it."""
    return f"{'-'.join(map(str, wish.sizes))} {wish.activation}, {wish.optimizer}"


def free_name(name: str, taken: set[str]) -> str:
    """The name, or with a number after it where it is taken."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found
