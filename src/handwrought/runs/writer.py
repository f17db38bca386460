"""What a training keeps in its folder while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from handwrought.errors import CannotWrite
from handwrought.nn.network import Network
from handwrought.runs.checkpoint import save_checkpoint
from handwrought.runs.folder import CHECKPOINT, MODEL
from handwrought.runs.history import History
from handwrought.training.metrics import Point
from handwrought.training.reports import BatchReport, EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.train import Training

__all__ = ["RunWriter"]


@dataclass(eq=False)
class RunWriter:
    """Writes the log, now and then a checkpoint, and the models at the end.

    What cannot be written while the training runs is told, and tried again with the next checkpoint:
    a disk that is full for a while ends no training.

    Attributes
    ----------
    folder : Path
        Held by this process.
    training : Training
    history : History
    state : callable
        Gives where the training stands, with whatever else a checkpoint keeps.
    write_model : callable
        Writes the model: the network in training, or one that it is given.
    write_best : callable
        Writes that of the best epoch, if there is a better one than it has written.
    tell : callable
        Tells a sentence on what cannot be written.
    every : float
        Seconds from one checkpoint to the next.
    measure : callable, optional
        The point at an epoch's end.
    report : float
        Seconds from one report to the next: so soon whoever watches is obeyed.
    """

    folder: Path
    training: Training
    history: History
    state: Callable[[], TrainingState]
    write_model: Callable[..., None]
    write_best: Callable[[], None]
    tell: Callable[[str], None]
    every: float
    measure: Callable[[EpochReport], Point | None] | None = None
    report: float = 0.2
    stopped: TrainingState | None = None
    """Where the training stood when it was stopped."""
    _batch: int = 0
    _troubled: bool = False
    _saved: float = field(default_factory=perf_counter)
    _began: float = field(default_factory=perf_counter)

    def keep(self, report: Any, stopping: bool) -> None:
        """After each report, while the training waits."""
        self.pace(report, perf_counter() - self._began)
        if isinstance(report, EpochReport):
            self.add(report, self.measure(report) if self.measure else None)
        if stopping:
            self.stopped = self.state()
        elif perf_counter() - self._saved >= self.every:
            self.checkpoint()
        self._began = perf_counter()

    def add(self, report: EpochReport | None = None, point: Point | None = None) -> None:
        """A line for the log."""
        self.history.add(report, point)
        self._try(self.history.write)

    def checkpoint(self, model: Network | None = None) -> None:
        """Keep where the training stands, the best so far and, if it is given, the model now."""

        def save() -> None:
            self._save_checkpoint(self.state())
            self.write_best()
            if model is not None:
                self.write_model(model)

        if self._try(save):
            self._troubled = False
        self._saved = perf_counter()

    def finish(self, problem: BaseException | None) -> Path:
        """Write what there is at the end; returns the model's path.

        Raises
        ------
        CannotWrite
            If anything of it cannot be written; the last checkpoint is kept then.
        """
        state = self.stopped
        keep = self.history.sync if state is None else lambda: self._save_checkpoint(state)
        tasks: list[Callable[[], Any]] = [keep, self.write_best, self.write_model]
        errors = [error for task in tasks if (error := _attempt(task))]
        if errors:
            if problem is None:  # perhaps there is room for this, and nothing to train again
                _attempt(lambda: self._save_checkpoint(self.state()))
            raise CannotWrite(f"{errors[0]}. {_remedy(self.folder)}") from None
        if state is None and problem is None:
            with suppress(OSError):  # a checkpoint too many does no harm
                (self.folder / CHECKPOINT).unlink(missing_ok=True)
        return self.folder / MODEL

    # --- now and then ---------------------------------------------------------------------------------

    def pace(self, report: Any, seconds: float) -> None:
        """Fit how many mini-batches make a report, since the last one took so many seconds."""
        if not isinstance(report, BatchReport):
            self._batch = 0
            return
        now = self.training.report_every or 1
        soon = min(self.report, self.every)
        wanted = round(soon * (report.batch - self._batch) / max(seconds, 1e-6))
        # Early on much changes in few steps: reports are never far apart then.
        step = (report.epoch - 1) * report.batches + report.batch
        wanted = max(1, min(wanted, 4 * now, 1 + step // 10, report.batches))
        if not 0.5 < wanted / now < 2:
            self.training.report_every = wanted
        self._batch = report.batch

    def _save_checkpoint(self, state: TrainingState) -> None:
        self.history.sync()  # a checkpoint's epochs are in the log
        save_checkpoint(state, self.folder / CHECKPOINT)

    def _try(self, task: Callable[[], Any]) -> bool:
        error = _attempt(task)
        if error is not None and not self._troubled:
            self._troubled = True  # until a checkpoint is written
            with suppress(OSError):  # the screen may be as full as the disk
                self.tell(f"{error}. The training goes on, and tries again after {self.every:g} s.")
        return error is None


def _attempt(task: Callable[[], Any]) -> CannotWrite | None:
    try:
        task()
    except CannotWrite as error:
        return error
    except MemoryError as error:
        return CannotWrite.of("a checkpoint or model", error, "free some")
    return None


def _remedy(folder: Path) -> str:
    if (folder / CHECKPOINT).exists():
        return f"The last checkpoint is whole; to go on:  handwrought train --resume {folder}"
    return "No checkpoint could be kept"
