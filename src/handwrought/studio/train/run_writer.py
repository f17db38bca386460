"""What a training measures of itself, tells and keeps, each as often as it can be afforded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from handwrought.data.dataset import Dataset
from handwrought.data.representations import represent_split
from handwrought.nn.network import Network
from handwrought.runs.checkpoint import save_checkpoint
from handwrought.storage import save_model
from handwrought.studio.train.live_images import network_images
from handwrought.studio.train.run_folder import (
    CHECKPOINT,
    add_to_history,
    read_history,
    write_history,
)
from handwrought.studio.train.snapshots import moment_path, steps_kept, thinned
from handwrought.training.metrics import SAMPLE, Measurer, Point
from handwrought.training.state import TrainingState

__all__ = ["Keeper", "Now", "finite"]

_MEASURED = 0.4
"""Seconds at least between two points; measuring takes a tenth of the time at most."""
_LOOKED = 0.7
_KEPT = 5.0
_HALF = 200_000
"""Parameters above which a moment is kept as float16."""


@dataclass(frozen=True)
class Now:
    """Where a training stands; the fields are those of a :class:`Point`."""

    step: int
    epoch: float
    cost: float | None
    rate: float
    speed: float


class Keeper:
    """Everything that a run's folder gets while it trains, but its model.

    Parameters
    ----------
    folder : Path
    data : Dataset
        What is trained and validated on, as it is.
    representation : str
        How the network sees it.
    step : int
        Where the training stands: what the folder has of later steps will be lived through again.
    tell : callable
        ``tell(kind, payload=b"", **message)``.
    """

    def __init__(
        self, folder: Path, data: Dataset, representation: str, step: int, tell: Callable[..., None]
    ) -> None:
        self.folder, self.representation, self.tell = folder, representation, tell
        self.images = None if data.validation is None else data.validation.images
        self.validation = (
            None if data.validation is None else represent_split(data.validation, representation)
        )
        self.measurer = Measurer(
            represent_split(data.train[:SAMPLE], representation), self.validation
        )
        self.points = [point for point in read_history(folder)[0] if point.step <= step]
        write_history(folder, self.points)
        (folder / "moments").mkdir(exist_ok=True)
        for kept in steps_kept(folder):
            if kept > step:
                moment_path(folder, kept).unlink(missing_ok=True)
        self._measured = self._looked = self._saved = 0.0
        self._pause_measuring, self._pause_saving = _MEASURED, _KEPT

    def measure(self, network: Network, now: Now, *, force: bool, whole: bool = False) -> bool:
        """A point, if it is time for one or ``force``; returns whether one was made.

        ``whole``: an epoch has ended, and all validation images are measured.
        """
        start = perf_counter()
        last = self.points[-1].step if self.points else None
        # Early on much changes in few steps: then as often as the steps' number grows by a quarter,
        # as long as that is hardly felt.
        soon = now.step >= 1.25 * (last or 0) and self._pause_measuring <= _MEASURED
        if not (force or soon or start - self._measured >= self._pause_measuring):
            return False
        if last == now.step and not whole:
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            costs = self.measurer.costs(network, whole=whole)
            layers = self.measurer.layers(network)
        numbers = [*costs, *(layer.gradient for layer in layers)]
        if not np.isfinite([number for number in numbers if number is not None]).all():
            return False  # on its way to divergence, which the training itself will tell
        point = Point(
            now.step, now.epoch, finite(now.cost), *costs, whole,
            now.rate if now.step else 0.0, now.speed, layers, self.measurer.guess,
        )  # fmt: skip
        self._add(point)
        self.tell("point", point=asdict(point))
        self._measured = perf_counter()
        self._pause_measuring = max(_MEASURED, 9 * (self._measured - start))
        return True

    def _add(self, point: Point) -> None:
        self.points.append(point)
        fewer = thinned(self.points)
        if fewer is self.points:
            add_to_history(self.folder, point)
        else:
            self.points = fewer
            write_history(self.folder, fewer)

    def look(self, network: Network, *, force: bool, whole: bool = False) -> None:
        """Pictures of the first layer and of the most wrong images, if it is time."""
        if not force and perf_counter() - self._looked < max(_LOOKED, self._pause_measuring):
            return
        with np.errstate(over="ignore", invalid="ignore"):
            now = network_images(
                network, self.validation if whole else self.measurer.sample, self.images
            )
        payload = now.weights.tobytes() + now.images.tobytes()
        self.tell("look", payload, shown=len(now.weights), neurons=now.neurons, most=now.most,
                  wrong=now.wrong, n_in=network.n_inputs)  # fmt: skip
        self._looked = perf_counter()

    def remember(self, network: Network, step: int) -> None:
        """The network as it is now, for the scrubber."""
        half = None if network.parameters.vector.size < _HALF else "float16"
        save_model(
            network, moment_path(self.folder, step), stored=half, representation=self.representation
        )
        self.tell("moment", step=step)

    def keep(
        self,
        state: Callable[[], TrainingState],
        save: Callable[[], None],
        step: int,
        *,
        force: bool,
    ) -> None:
        """A checkpoint, and the model by ``save``, if it is time."""
        start = perf_counter()
        if not force and start - self._saved < self._pause_saving:
            return
        save_checkpoint(state(), self.folder / CHECKPOINT)
        save()
        self._saved = perf_counter()
        self._pause_saving = max(_KEPT, 20 * (self._saved - start))
        self.tell("kept", step=step)


def finite(value: float | None) -> float | None:
    """The number, or None where it is none that JSON can hold."""
    return value if value is not None and np.isfinite(value) else None
