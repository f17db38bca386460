"""A run: the folder of a training, to be begun, looked into and gone on with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import closing
from os import PathLike
from pathlib import Path

from handwrought.data.catalog import load_dataset
from handwrought.data.dataset import Dataset
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.nn.network import Network
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import RunConfig, begin_run, end_run
from handwrought.runs.folder import CHECKPOINT, CONFIG, FILES, HISTORY, MODEL
from handwrought.runs.history import read_history
from handwrought.runs.training import RunTraining
from handwrought.storage import load_model
from handwrought.storage.atomic import remove_strays
from handwrought.storage.lock import FolderLock
from handwrought.training.config import TrainingConfig
from handwrought.training.metrics import Point
from handwrought.training.reports import EpochReport

__all__ = ["Run"]


class Run:
    """A training in a folder, which command line and studio show and go on with, too::

        for report in hw.Run.create("runs/first", TrainingConfig(hidden=(100,))).train(): ...
        for report in hw.Run.open("runs/first").train(): ...    # and on, to the same bits

    Attributes
    ----------
    folder : Path
    config : RunConfig
        What it is asked for, and how it stood when it was opened.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder, self.config = folder, config

    @classmethod
    def create(cls, folder: str | PathLike[str], settings: TrainingConfig) -> Run:
        """A new one; InvalidArgument where the folder holds one already."""
        folder = Path(folder)
        if any((folder / name).exists() for name in FILES):
            raise InvalidArgument(f"{folder} holds a run already: open it, or name another folder")
        folder.mkdir(parents=True, exist_ok=True)
        with FolderLock(folder):
            return cls(folder, begin_run(folder, settings, status="stopped"))

    @classmethod
    def open(cls, folder: str | PathLike[str]) -> Run:
        """One that is kept; InvalidArgument where there is none."""
        return cls(Path(folder), RunConfig.read(Path(folder) / CONFIG))

    @property
    def reports(self) -> list[EpochReport]:
        """Of each epoch so far."""
        entries = read_history(self.folder / HISTORY)
        return [each.report for each in entries if each.report is not None]

    @property
    def points(self) -> list[Point]:
        """What was measured so far."""
        return [e.point for e in read_history(self.folder / HISTORY) if e.point is not None]

    @property
    def network(self) -> Network:
        """As it was when the training ended or was stopped."""
        return load_model(self.folder / MODEL)

    def train(self, data: Dataset | None = None, *, every: float = 300.0) -> Iterator[EpochReport]:
        """Begin or go on; the reports of epochs, lazily.  Whoever breaks out of them stops it.

        Parameters
        ----------
        data : Dataset, optional
            By default the one that its settings name.
        every : float
            Seconds from one checkpoint to the next.

        Raises
        ------
        InvalidArgument
            If it has ended, or is a committee or a fine-tuning, which the command line trains.
        FolderInUse
            If another process trains it.
        """
        settings = self.config.settings
        if settings.committee is not None or self.config.lesson is not None:
            raise InvalidArgument(f"go on with it:  handwrought train --resume {self.folder}")
        with FolderLock(self.folder):
            remove_strays(self.folder, FILES)
            path = self.folder / CHECKPOINT
            if not path.exists() and (self.folder / MODEL).exists():
                raise InvalidArgument(f"{self.folder} holds a training that has ended")
            state = load_checkpoint(path) if path.exists() else None
            run = RunTraining(settings, data or load_dataset(settings.dataset), state)
            config = begin_run(self.folder, settings)
            writer = run.keep(self.folder, warnings.warn, every)
            problem: BaseException | None = None
            with closing(writer.history) as history:
                try:
                    for report in run.reports:
                        writer.keep(report, stopping=False)
                        if isinstance(report, EpochReport):
                            yield report
                except TrainingDiverged as error:
                    problem = error
                except BaseException as error:  # whoever reads them has stopped
                    problem, writer.stopped = error, writer.state()
                    run.reports.close()
                writer.finish(problem)
            last = history.reports[-1] if history.reports else None
            end_run(self.folder, config, problem, run.progress(last), run.shape())
        if problem is not None:
            raise problem
