"""The models that a training writes into its folder, and what their headers say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handwrought.data.dataset import Dataset
from handwrought.nn.network import Network
from handwrought.runs.folder import BEST, MODEL
from handwrought.runs.history import History
from handwrought.storage.header import MAX_LABEL
from handwrought.text import printable
from handwrought.training.best import Best
from handwrought.training.config import TrainingConfig
from handwrought.training.plan import record_of

__all__ = ["RunModels", "model_record"]

_MOST_CLASSES = 1000
"""Whose names a header has room for, and for so long ones."""


def model_record(config: TrainingConfig, data: Dataset, images: int) -> dict[str, Any]:
    """What a model's header says of its training on so many images, its classes among it."""
    names = data.class_names
    labels = (
        [printable(name)[:MAX_LABEL] for name in names] if len(names) <= _MOST_CLASSES else None
    )
    record = record_of(config)
    record["recipe"] = printable(config.recipe)  # a file's name, and a header is text in UTF-8
    return {**record, "dataset": printable(data.name), "images": images, "class_names": labels}


@dataclass
class RunModels:
    """Writes the model of a training, and that of its best epoch.

    Attributes
    ----------
    folder : Path
    network : Network
    best : Best
    history : History
    record : dict
    begun : int
        Epochs that were done when it began, or went on.
    """

    folder: Path
    network: Network
    best: Best
    history: History
    record: dict[str, Any]
    begun: int
    _best_written: int = 0

    def write(self, network: Network | None = None) -> None:
        """The network as it is now, or one in its place."""
        last = self.history.reports[-1] if self.history.reports else None
        done = (last.epoch, last.validation_accuracy) if last else (self.begun, None)
        self._save(network or self.network, MODEL, *done)

    def write_best(self) -> None:
        """That of the best epoch, where it has not been written."""
        if self.best.epoch != self._best_written:
            self._save(self.best.restored(), BEST, self.best.epoch, self.best.score)
            self._best_written = self.best.epoch

    def _save(self, network: Network, name: str, epochs: int, accuracy: float | None) -> None:
        network.save(
            self.folder / name, **self.record, epochs_done=epochs, validation_accuracy=accuracy
        )
