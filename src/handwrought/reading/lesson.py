"""A model that is taught its writer's own digits, in a run's folder: what it begins with, how it reads
before and after, and how it is kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from handwrought.data.catalog import load_dataset
from handwrought.data.collection import Collection
from handwrought.data.dataset import Split
from handwrought.errors import DataError, HandwroughtError, InvalidArgument
from handwrought.model import Model
from handwrought.nn.network import Network
from handwrought.reading.fine_tuned import LEAST, Measured, measured, save_fine_tuned
from handwrought.reading.recognizer import check_reads_digits, shipped_model
from handwrought.runs.config import Lesson, RunConfig
from handwrought.runs.digits import DIGITS, SOURCE, read_digits
from handwrought.runs.folder import BEST, HISTORY, MODEL
from handwrought.runs.history import History
from handwrought.runs.training import RunTraining
from handwrought.runs.writer import RunWriter
from handwrought.text import printable
from handwrought.training.best import Best
from handwrought.training.config import TrainingConfig, renamed
from handwrought.training.fine_tuning import begin_fine_tuning
from handwrought.training.metrics import SAMPLE
from handwrought.training.state import TrainingState

__all__ = ["LessonTraining", "own_digits", "source_model", "taught"]


class LessonTraining(RunTraining):
    """A fine-tuning that is kept, as another training; it ends with its best epoch.

    Parameters
    ----------
    config : RunConfig
        With a lesson.
    folder : Path or None
        The run's, if there is one: it may hold copies of the model and of the digits.
    state : TrainingState, optional
    """

    def __init__(
        self, config: RunConfig, folder: Path | None = None, state: TrainingState | None = None
    ) -> None:
        assert config.lesson is not None
        self.lesson, self.folder = config.lesson, folder
        self.model = source_model(self.lesson, folder)
        check_reads_digits(self.lesson.source, self.model)
        self.own, self.held_out = own_digits(self.lesson, folder)
        self.temperature = 1.0
        settings = taught(config.settings, self.model)
        super().__init__(settings, load_dataset("mnist"), state)

    def _begin(self, state: TrainingState | None) -> None:
        lesson, self.network = self.lesson, self.model.network
        self.validation = self.data.validation
        self.tuning = begin_fine_tuning(
            self.network, self.own, self.data, self.settings, lesson.share, lesson.rehearsed,
            report_every=1, resume=state,
        )  # fmt: skip
        self.best = self.tuning.best
        if state is not None and "best" not in state.arrays and self.folder is not None:
            _restore_best(self.best, self.folder / BEST)
        self.training, self.examples = self.tuning.training, self.tuning.examples
        self.reports = self.tuning
        order = np.random.default_rng(self.settings.seed).permutation(len(self.examples))
        self.sample = self.examples[order[:SAMPLE]]

    def measured(self, model: Model) -> dict[str, Measured]:
        """How many images of each kind a model reads right."""
        return measured(model, self.data, self.own, self.held_out)

    def keep(
        self, folder: Path, tell: Callable[[str], None], every: float, *, mend: bool = False
    ) -> RunWriter:
        """The writer of its folder, as :meth:`RunTraining.keep` makes it."""
        history = History(folder / HISTORY, self.epochs_done, self.step, mend=mend)

        def save(network: Network | None = None) -> None:
            done = history.reports[-1].epoch if history.reports else self.epochs_done
            source = printable(self.lesson.source)
            tuned = {**self.tuning.settings, "from": source, "epochs_done": done}
            # What is stored rounds its weights, and the network in training is to keep its own.
            model = self.model if network is None else replace(self.model, network=network.copy())
            self.temperature = save_fine_tuned(model, folder / MODEL, self.data, self.own, tuned)

        return RunWriter(
            folder, self.training, history, self.tuning.state, save, _no_best, tell, every,
            self._measure(),
        )  # fmt: skip


def _restore_best(best: Best, path: Path) -> None:
    """The studio kept it in a file of its own, before; without one, no epoch was better so far."""
    with suppress(HandwroughtError, KeyError, ValueError, TypeError):
        model = Model.load(path)
        epoch, score = int(model.record["epoch"]), float(model.record["worth"])
        best.vector[...] = model.network.parameters.numbers
        best.epoch, best.score = epoch, score


def _no_best() -> None:
    """The model at the end is that of the best epoch."""


def taught(settings: TrainingConfig, model: Model) -> TrainingConfig:
    """The settings with the network that the model is, and with what it sees."""
    network = model.network
    _, *hidden, _ = network.sizes
    shape: dict[str, Any] = {
        "dataset": "mnist",
        "images": None,
        "representation": model.representation,
        "hidden": tuple(hidden),
        "cost": network.cost.name,
        "initializer": None,
    }
    if hidden:
        shape["activation"] = network.activations[0].name
    if settings.augmentation is not None:
        shape["outliers"] = renamed(model.record).get("outliers", 0.0)
    return replace(settings, **shape)


def source_model(lesson: Lesson, folder: Path | None = None) -> Model:
    """The model to be taught: the run's copy of it, or the one that is named.

    Raises
    ------
    InvalidArgument
        If that is another model than it was.
    """
    if folder is not None and (folder / SOURCE).is_file():
        return Model.load(folder / SOURCE)
    model = Model.load(shipped_model() if lesson.source == "shipped" else lesson.source)
    if lesson.model and model.digest != lesson.model:
        raise InvalidArgument(
            f"{lesson.source} is another model than the one that was taught in {folder}: put that "
            f"one back, or begin anew with --from --add --out"
        )
    return model


def own_digits(lesson: Lesson, folder: Path | None = None) -> tuple[Split, Split]:
    """The digits to learn and those held out: the run's copies of them, or the folder's.

    Raises
    ------
    DataError
        If there are too few, or one cannot be read.
    """
    if folder is not None and (folder / DIGITS).is_file():
        return read_digits(folder / DIGITS)
    collection = Collection.open(Path(lesson.digits), create=False)
    if len(collection) < LEAST:
        raise DataError(
            f"{lesson.digits} holds {len(collection)} digits: collect at least {LEAST}, better 30 "
            f"or more"
        )
    own, held_out = collection.split()
    if not len(own):
        raise DataError(
            f"{lesson.digits}: all of its digits fell to those held out: collect some more"
        )
    return own, held_out
