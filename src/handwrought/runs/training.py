"""A training that is kept in a run's folder, from its beginning or from where it stood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import represent_split
from handwrought.runs.folder import HISTORY
from handwrought.runs.history import History
from handwrought.runs.models import RunModels, model_record
from handwrought.runs.writer import RunWriter
from handwrought.training.best import Best
from handwrought.training.config import TrainingConfig
from handwrought.training.metrics import SAMPLE, Measurer, Now, Point
from handwrought.training.observers import early_stopped, remembered
from handwrought.training.plan import build, trained_on
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.train import begin_training, go_on

__all__ = ["RunTraining"]


class RunTraining:
    """A network in training as configured; ``reports`` are to be read, and given to the writer.

    Parameters
    ----------
    settings : TrainingConfig
    data : Dataset
    state : TrainingState, optional
        Where it stood.

    Attributes
    ----------
    network : Network
    examples : Split
        What is trained on.
    sample : Split
        The same, in an order in which its first so many are fair to measure by.
    validation : Split or None
    training : Training
    reports : iterator
        Those of the training, watched for the best epoch and for patience that runs out.
    batches : int
        Of an epoch.
    step : int
        Mini-batches that were done when it began here.
    """

    def __init__(
        self, settings: TrainingConfig, data: Dataset, state: TrainingState | None = None
    ) -> None:
        self.settings, self.data = settings, data
        self._begin(state)
        self.batches = -(-len(self.examples) // settings.batch_size)
        self.epochs_done = self.training.position[0] - 1
        self.step = self._step()

    def _begin(self, state: TrainingState | None) -> None:
        settings = self.settings
        self.network = build(settings, self.data)
        split = trained_on(settings, self.data)
        self.examples: Split = split.train if isinstance(split, Dataset) else split
        self.sample = self.examples
        self.validation = split.validation if isinstance(split, Dataset) else None
        self.training = (
            begin_training(self.network, split, settings, report_every=1)
            if state is None
            else go_on(self.network, split, state, settings, report_every=1)
        )
        self.best: Best = Best(self.network)
        if state is not None:
            self.best.restore(state)
        self.reports: Any = (
            remembered(self.training, self.best)
            if settings.patience is None
            else early_stopped(
                self.training, self.network, patience=settings.patience, best=self.best
            )
        )

    def _step(self) -> int:
        """Mini-batches done."""
        epoch, batch = self.training.position
        return (epoch - 1) * self.batches + batch

    def shape(self) -> dict[str, Any]:
        """How large it is, for ``config.json``."""
        return {
            "step": self.step,
            "batches": self.batches,
            "images": len(self.examples),
            "parameters": int(self.network.parameters.vector.size),
            "sizes": [self.network.n_inputs, *self.settings.hidden, self.network.n_outputs],
        }

    def progress(self, last: EpochReport | None) -> dict[str, Any]:
        """How far it is, for ``config.json``."""
        step, epochs = self._step(), self.settings.epochs
        return {
            "step": step,
            "total": epochs * self.batches,
            "epoch": step / self.batches,
            "epochs": epochs,
            "cost": last.cost if last else None,
            "rate": self.training.rate,
            "speed": last.images_per_second if last else 0.0,
            "accuracy": last.validation_accuracy if last else None,
        }

    def keep(
        self,
        folder: Path,
        tell: Callable[[str], None],
        every: float,
        *,
        mend: bool = False,
    ) -> RunWriter:
        """The writer of its folder, which this process holds.

        Parameters
        ----------
        folder : Path
        tell, every
            See :class:`RunWriter`.
        mend : bool
            Whether damaged lines of the log are left out.
        """
        history = History(folder / HISTORY, self.epochs_done, self.step, mend=mend)
        record = model_record(self.settings, self.data, len(self.examples))
        models = RunModels(folder, self.network, self.best, history, record, self.epochs_done)
        return RunWriter(
            folder, self.training, history, lambda: self.training.state().including(self.best),
            models.write, models.write_best, tell, every, self._measure(),
        )  # fmt: skip

    def _measure(self) -> Callable[[EpochReport], Point | None] | None:
        """Measures what the studio shows of an epoch; None where examples have no class each."""
        if self.examples.labels.ndim != 1:
            return None
        sample = represent_split(self.sample[:SAMPLE], self.settings.representation)
        measurer = Measurer(sample, None)
        return lambda report: measurer.point(self.network, Now.of(report, self.batches), report)
