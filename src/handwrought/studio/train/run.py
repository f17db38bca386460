"""A run: what was wished, how it stands, and what the page is told of it."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from handwrought.errors import DataError
from handwrought.studio.server.messages import decode
from handwrought.studio.train.run_folder import CONFIG, Config, read_history, read_json
from handwrought.studio.train.training_request import TrainingRequest
from handwrought.training.diagnosis import Finding, diagnose
from handwrought.training.metrics import Point

__all__ = ["ENDS", "Run", "changed", "free_name", "named", "read_run"]

ENDS = ("finished", "stopped", "diverged", "failed")
"""How a training process may say that it ends."""


@dataclass(eq=False)
class Run:
    """One run; its ``status`` is one of starting, running, paused (with a process), finished,
    stopped, diverged, failed, crashed or damaged (without)."""

    id: str
    folder: Path
    name: str
    created: float
    wish: TrainingRequest
    status: str = "stopped"
    sentence: str = ""
    """What ended it, where that was no wish of anybody."""
    progress: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)
    look: dict[str, Any] | None = None
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    damage: str = ""
    """What of its measurements cannot be read; known once they were."""
    _points: list[Point] | None = None

    @property
    def live(self) -> bool:
        """Whether it has a process."""
        return self.process is not None

    @property
    def points(self) -> list[Point]:
        """What was measured; read from the folder when first asked for."""
        if self._points is None:
            self._points, self.damage = read_history(self.folder)
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

    def findings(self) -> list[Finding]:
        """What is wrong with it: of its files and of its training."""
        diverged = self.sentence if self.status == "diverged" else ""
        taught = self.wish.own is not None
        found = diagnose(self.wish, self._points or [], diverged, taught=taught)
        if self.damage:
            found.insert(0, Finding("damaged", "A file of this run is damaged", self.damage, []))
        return found

    def summary(self) -> dict[str, Any]:
        """What the page is told of every run."""
        return {
            "id": self.id,
            **self.config(),
            "wish": self.wish,
            "rate": self.wish.rate,
            "sizes": self.wish.sizes,
            "accuracy": self.accuracy,
            "damage": self.damage,
            "findings": self.findings(),
        }


def read_run(folder: Path) -> Run | None:
    """The run in a folder, damaged or not; None where there is none."""
    try:
        values = read_json(folder / CONFIG, Config)
    except DataError as error:
        return Run(
            folder.name, folder, folder.name[:80], 0.0, TrainingRequest(), "damaged",
            f"{error}. What it was asked for is not known, so it cannot go on; its model can be "
            f"exported, if it is there.",
        )  # fmt: skip
    if values is None:
        return None
    kept = decode(Config, values)
    run = Run(folder.name, folder, kept.name, kept.created, kept.wish, kept.status, kept.sentence,
              values["progress"], values["shape"])  # fmt: skip
    if run.status not in (*ENDS, "crashed"):
        run.status = "stopped"
        run.sentence = "The studio ended while it trained; it goes on from its last checkpoint."
    return run


def changed(wish: TrainingRequest, changes: dict[str, Any]) -> TrainingRequest:
    """The wish with these fields, given as JSON values; checked whole."""
    return decode(TrainingRequest, {**asdict(wish), **changes})


def named(wish: TrainingRequest) -> str:
    """What a run is called until somebody names it."""
    return f"{'-'.join(map(str, wish.sizes))} {wish.activation}, {wish.optimizer}"


def free_name(name: str, taken: set[str]) -> str:
    """The name, or with a number after it where it is taken."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found
