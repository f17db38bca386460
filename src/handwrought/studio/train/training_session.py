"""One training under way: it obeys commands, trains, and tells what happens.

Commands are ``{"do": "run"}``, ``"pause"``, ``"batch"``, ``"epoch"``, ``"stop"``, and
``{"do": "change", "settings": {...}}``.  It tells ``ready``, ``progress`` (at most ten a second),
``point``, ``look`` (with its arrays: weights as int8, then images as uint8), ``moment``,
``changed``, ``refused``, ``brought``, ``kept`` and at last ``end``.
"""

from __future__ import annotations

import queue
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO

import numpy as np

from handwrought.data.catalog import load_dataset
from handwrought.errors import HandwroughtError, TrainingDiverged
from handwrought.nn.network import Network
from handwrought.reading.lesson import LessonTraining
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.runs.folder import CHECKPOINT, CONFIG
from handwrought.runs.training import RunTraining
from handwrought.studio.train.fine_tuning import measure
from handwrought.studio.train.process_messages import tell
from handwrought.studio.train.recorder import Recorder, finite
from handwrought.studio.train.snapshots import due_steps
from handwrought.training.config import TrainingConfig, changeable
from handwrought.training.metrics import Now
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState

__all__ = ["Session"]

_NEWS = 0.1
"""Seconds between two progress messages."""
_REPORT = 0.04
"""Seconds that a report is to take: so soon a command is obeyed."""


class Session:
    """One training and its folder.

    Parameters
    ----------
    folder : Path
    out : binary file
        Where messages go.
    commands : queue of dict
    """

    def __init__(self, folder: Path, out: BinaryIO, commands: queue.Queue[dict[str, Any]]) -> None:
        self.folder, self.out, self.commands = folder, out, commands
        config, path = RunConfig.read(folder / CONFIG), folder / CHECKPOINT
        state = load_checkpoint(path) if path.exists() else None
        self.lesson = LessonTraining(config, folder, state) if config.lesson else None
        self.run: RunTraining = self.lesson or RunTraining(
            config.settings, load_dataset(config.settings.dataset), state
        )
        self.settings, self.step = self.run.settings, self.run.step
        self.network, self.training, self.batches = (
            self.run.network, self.run.training, self.run.batches,
        )  # fmt: skip
        self.averaged = self.network.copy() if self.settings.ema_decay else None
        self.writer = self.run.keep(folder, self._trouble, 1.0, mend=True)
        self.writer.report = _REPORT
        self.recorder = Recorder(self.writer, self.run, self._tell)
        self.due = self._due()
        self.goal = ""  # until the first command says it
        self.speed = self.rate = 0.0
        self._total, self._seen, self._cost = 0.0, 0, None
        self._trained, self._images, self._told = 0.0, 0, 0.0

    def _trouble(self, sentence: str) -> None:
        """What cannot be kept for now stands in the log, which tells it where that was the end."""
        sys.stderr.write(f"{sentence}\n")

    def _due(self) -> frozenset[int]:
        """The steps whose network is kept."""
        return due_steps(self.settings.epochs * self.batches, self.network.parameters.vector.size)

    # --- the loop ----------------------------------------------------------------------------------

    def work(self) -> None:
        """Obey and train until the end."""
        self._tell("ready", **self.run.shape())
        if self.lesson:
            self._tell("brought", brought=measure(self.folder, "before", self.lesson))
        if self.step == 0:
            self.recorder.snapshot(self.network, 0)
        self._show(force=self.recorder.last is None)
        self.recorder.look(self._given(), force=True)
        while True:
            command = self._command()
            if command is None:
                if self._go_on():
                    return
            elif command["do"] == "stop":
                self._stop()
                return
            else:
                self._obey(command)

    def _command(self) -> dict[str, Any] | None:
        """The next command; None where there is something to do without."""
        if self.goal in ("", "pause"):
            if self.goal:
                self._progress(force=True)
            return self.commands.get()
        try:
            return self.commands.get_nowait()
        except queue.Empty:
            return None

    def _obey(self, command: dict[str, Any]) -> None:
        if command["do"] != "change":
            self.goal = command["do"]
            if self.goal == "pause":
                self._show(force=True)
                self.recorder.checkpoint(self._given(), self.step, force=True)
                return
            if self.goal == "batch":
                self.training.report_every = 1
            # The first step may take a while, where fast code is compiled for the first time.
            self._progress(force=True)
            return
        try:
            settings = TrainingConfig.of(command["settings"])
            self.training.change(**{name: getattr(settings, name) for name in changeable()})
        except HandwroughtError as error:
            self._tell("refused", error=str(error))
            return
        self.settings = self.run.settings = settings
        self.due = self._due()
        self._tell("changed", settings=settings.as_json())

    def _go_on(self) -> bool:
        """Train until the next report; returns whether that was the end."""
        start = perf_counter()
        try:
            report = next(self.run.reports)
        except StopIteration:
            self._end("finished", state=self.writer.state())
            return True
        except TrainingDiverged as error:
            self._diverged(error)
            return True
        ended = isinstance(report, EpochReport)
        before, batch = self.step, self.batches if ended else report.batch
        self._note(report, (report.epoch - 1) * self.batches + batch, perf_counter() - start)
        if any(before < due <= self.step for due in self.due):
            self.recorder.snapshot(self._given(), self.step)
        if ended:
            self.rate = report.learning_rate
            self._total, self._seen = 0.0, 0
        pause = self.goal == "batch" or (self.goal == "epoch" and ended)
        self._show(report if ended else None, force=pause)
        self.recorder.checkpoint(self._given(), self.step, force=pause)
        if pause:
            self.goal = "pause"
        else:
            self._progress()
        return False

    def _note(self, report: Any, step: int, seconds: float) -> None:
        """Count what the report tells, and fit how often the next ones come."""
        self.step = step
        if isinstance(report, EpochReport):
            whole = len(self.run.examples)
        else:
            whole = min(report.batch * self.settings.batch_size, len(self.run.examples))
        total = report.cost * whole
        if whole > self._seen:
            self._cost = (total - self._total) / (whole - self._seen)
        self._images += max(0, whole - self._seen)
        self._total, self._seen = total, whole
        self._trained += seconds
        self.rate = self.training.rate
        if self.goal != "batch":
            self.writer.pace(report, seconds)

    def _given(self) -> Network:
        """The network that the training would give if it ended now: its average, where one is
        kept.  That is what is shown, measured and saved."""
        if self.averaged is None or self.training.average is None:
            return self.network
        np.copyto(self.averaged.parameters.numbers, self.training.average)
        return self.averaged

    # --- what is told and kept ---------------------------------------------------------------------

    def _tell(self, kind: str, payload: bytes = b"", **message: Any) -> None:
        try:
            tell(self.out, {"kind": kind, **message}, payload)
        except OSError:  # nobody reads any more: the studio is gone
            self.commands.put({"do": "stop"})

    def _progress(self, *, force: bool = False) -> None:
        now = perf_counter()
        if not force and now - self._told < _NEWS:
            return
        self._told = now
        total = self.settings.epochs * self.batches
        size = len(self.run.examples) / self.batches
        left = (total - self.step) * size / self.speed if self.speed else None
        self._tell(
            "progress",
            running=self.goal != "pause",
            step=self.step,
            total=total,
            epoch=self.step / self.batches,
            epochs=self.settings.epochs,
            cost=finite(self._cost),
            rate=self.rate,
            speed=self.speed,
            left=left,
        )

    def _show(self, report: EpochReport | None = None, *, force: bool) -> None:
        """Points and pictures, as often as can be afforded, and at an epoch's end."""
        speed = self._images / self._trained if self._trained else self.speed
        now = Now(self.step, self.step / self.batches, self._cost, self.rate, speed)
        given = self._given()
        if self.recorder.measure(given, now, report, force=force):
            self.speed = speed
            self._trained, self._images = 0.0, 0
        ended = report is not None
        self.recorder.look(given, force=force or ended, whole=ended)

    # --- the end ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        state = self.writer.state()
        given = self._given().parameters.numbers.copy()
        self.run.reports.close()
        if self.settings.patience is None:  # else it holds the best that it had
            np.copyto(self.network.parameters.numbers, given)
        self._end("stopped", state=state)

    def _diverged(self, error: TrainingDiverged) -> None:
        """Kept is where the epoch began: the network is back there."""
        state = self.training.state()
        vector = self.network.parameters.numbers
        arrays = {name: np.zeros_like(array) for name, array in state.arrays.items()}
        arrays |= {
            name: vector.copy() for name in ("parameters", "good", "average") if name in arrays
        }
        numbers = {**state.numbers, "total": 0.0, "steps": 0.0}
        if "averaged" in numbers:
            numbers["averaged"] = 0.0
        self.step = (error.epoch - 1) * self.batches
        state = replace(state, epoch=error.epoch, batch=0, numbers=numbers, arrays=arrays)
        self._end("diverged", str(error), state=state.including(self.run.best))

    def _end(self, how: str, sentence: str = "", *, state: TrainingState) -> None:
        """The network is what the training has given."""
        self.averaged = None
        if how != "diverged":
            self._show(force=True)
            self.recorder.look(self.network, force=True, whole=True)
            self.recorder.snapshot(self.network, self.step)
        self.writer.stopped = state
        self.writer.finish(None)
        self._tell("kept", step=self.step)
        if self.lesson:
            self._tell("brought", brought=measure(self.folder, "after", self.lesson))
        self.goal = "pause"
        self._progress(force=True)
        self._tell("end", how=how, sentence=sentence)
