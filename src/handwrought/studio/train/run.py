"""A run: what was asked for, how it stands, and what the page is told of it."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from handwrought.errors import InvalidArgument
from handwrought.runs.config import ENDS, Lesson, RunConfig
from handwrought.runs.folder import CHECKPOINT, CONFIG, HISTORY
from handwrought.runs.history import readable_history
from handwrought.storage.lock import held_by
from handwrought.studio.server.input_names import SIDE
from handwrought.studio.train.training_request import TrainingRequest
from handwrought.training.config import TrainingConfig
from handwrought.training.diagnosis import Finding, diagnose
from handwrought.training.metrics import Point

__all__ = ["Run", "changed", "free_name", "named", "read_run", "run_settings"]


@dataclass(eq=False)
class Run:
    """One run; its ``status`` is one of starting, running, paused (with a process), finished,
    stopped, diverged, failed, crashed or damaged (without)."""

    id: str
    folder: Path
    name: str
    created: float
    settings: TrainingConfig
    lesson: Lesson | None = None
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
    holder: str | None = None
    """Which other process trains it, in words."""
    written: int = 0
    """When its file was, in nanoseconds."""
    _points: list[Point] | None = None

    @property
    def live(self) -> bool:
        """Whether it has a process."""
        return self.process is not None

    @property
    def points(self) -> list[Point]:
        """What was measured; read from the folder when first asked for."""
        if self._points is None:
            entries, self.damage = readable_history(self.folder / HISTORY)
            self._points = [each.point for each in entries if each.point is not None]
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

    def config(self) -> RunConfig:
        """What ``config.json`` holds."""
        return RunConfig(
            self.settings, self.lesson, self.name, self.created, self.status, self.sentence,
            self.progress, self.shape,
        )  # fmt: skip

    def findings(self) -> list[Finding]:
        """What is wrong with it: of its files and of its training."""
        diverged = self.sentence if self.status == "diverged" else ""
        taught = self.lesson is not None
        found = diagnose(self.settings, self._points or [], diverged, taught=taught)
        if self.damage:
            found.insert(0, Finding("damaged", "A file of this run is damaged", self.damage, []))
        return found

    def summary(self) -> dict[str, Any]:
        """What the page is told of every run."""
        sizes, rate = self.shape.get("sizes"), self.settings.learning_rate
        if rate is None:
            from handwrought.training.optimizers import default_learning_rate

            rate = default_learning_rate(self.settings.optimizer, self.settings.cost)
        own = None
        if self.lesson is not None:
            own = {name: asdict(self.lesson)[name] for name in ("source", "share", "rehearsed")}
        return {
            "id": self.id,
            "name": self.name,
            "created": self.created,
            "wish": {**self.settings.as_json(), "own": own},
            "status": self.status,
            "sentence": self.sentence,
            "progress": self.progress,
            "shape": self.shape,
            "rate": rate,
            "sizes": sizes or _sizes(self.settings),
            "accuracy": self.accuracy,
            "damage": self.damage,
            "findings": self.findings(),
        }

    def refresh(self) -> None:
        """Take in what another process has done, such as a command; nothing where it is ours."""
        if self.live:
            return
        before, self.holder = self.holder, held_by(self.folder)
        path = self.folder / CONFIG
        try:
            written = path.lstat().st_mtime_ns
        except OSError:
            return
        if (written, before) == (self.written, self.holder) and self.holder is None:
            return
        self.written, self._points = written, None
        try:
            kept = RunConfig.read(path)
        except InvalidArgument as error:
            self.status = "damaged"
            self.sentence = (
                f"{error}. What it was asked for is not known, so it cannot go on; its model can be "
                f"exported, if it is there."
            )
            return
        self.name, self.created = kept.name or self.name, kept.created
        self.settings, self.lesson = kept.settings, kept.lesson
        self.status, self.sentence = kept.status, kept.sentence
        self.progress, self.shape = dict(kept.progress), dict(kept.shape)
        if self.holder is not None:
            self.status = "running"
            self.sentence = f"It is trained by {self.holder}: use it there."
        elif self.status not in (*ENDS, "crashed"):
            self.status = "stopped"
            self.sentence = "What trained it is gone; it goes on from its last checkpoint."

    def check_may_go_on(self) -> None:
        """Raise InvalidArgument for a run that has nothing to go on with, or that another holds."""
        if self.holder is not None:
            raise InvalidArgument(f"this run is trained by {self.holder}: stop it there first")
        if self.status == "finished" and not (self.folder / CHECKPOINT).exists():
            raise InvalidArgument(
                "this run has ended, and kept nothing to go on with: begin another like it"
            )


def read_run(folder: Path, name: str) -> Run | None:
    """The run in a folder, damaged or not, under this id; None where there is none."""
    if not (folder / CONFIG).exists() and not (folder / CONFIG).is_symlink():
        return None
    run = Run(name, folder, name[:80], 0.0, TrainingConfig())
    run.refresh()
    return None if run.settings.committee is not None else run


def _sizes(settings: TrainingConfig) -> list[int]:
    """Of the layers for 28 x 28 pixels and ten classes: until its process says what they are."""
    from handwrought.data.representations import n_features

    return [n_features((SIDE, SIDE), settings.representation), *settings.hidden, 10]


def run_settings(request: TrainingRequest) -> tuple[TrainingConfig, Lesson | None]:
    """What a request of the page asks for."""
    values = request.as_json()
    own = values.pop("own")
    return TrainingConfig.of(values), None if own is None else Lesson(**own)


def changed(settings: TrainingConfig, changes: dict[str, Any]) -> TrainingConfig:
    """The settings with these fields, given as JSON values; checked whole.

    Where they lie within what the page's form offers, they are to stay there.
    """
    values = {**settings.as_json(), **changes}
    new = TrainingConfig.of(values)
    try:
        TrainingRequest.of_message(settings.as_json())
    except InvalidArgument:
        return new
    TrainingRequest.of_message(values)
    return new


def named(request: TrainingRequest) -> str:
    """What a run is called until somebody names it."""
    return f"{'-'.join(map(str, request.sizes))} {request.activation}, {request.optimizer}"


def free_name(name: str, taken: set[str]) -> str:
    """The name, or with a number after it where it is taken."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found
