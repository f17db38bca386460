"""What a training measures of itself, tells and keeps, each as often as it can be afforded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter

import numpy as np

from handwrought.data.representations import represent_split
from handwrought.nn.network import Network
from handwrought.runs.training import RunTraining
from handwrought.runs.writer import RunWriter
from handwrought.storage import save_model
from handwrought.studio.train.live_images import network_images
from handwrought.studio.train.snapshots import snapshot_path, steps_kept
from handwrought.training.metrics import SAMPLE, Measurer, Now
from handwrought.training.reports import EpochReport

__all__ = ["Recorder", "finite"]

_MEASURED = 0.4
"""Seconds at least between two points; measuring takes a tenth of the time at most."""
_LOOKED = 0.7
_KEPT = 5.0
_HALF = 200_000
"""Parameters above which a snapshot is kept as float16."""


class Recorder:
    """Everything that a run's folder gets while it trains, and the page is told.

    Parameters
    ----------
    writer : RunWriter
    run : RunTraining
        What the folder has of steps after it will be lived through again.
    tell : callable
        ``tell(kind, payload=b"", **message)``.
    """

    def __init__(self, writer: RunWriter, run: RunTraining, tell: Callable[..., None]) -> None:
        self.writer, self.folder, self.tell = writer, writer.folder, tell
        self.representation = run.settings.representation
        self.images, self.validation = None, None
        if run.validation is not None:
            self.images = run.validation.images
            self.validation = represent_split(run.validation, self.representation)
        sample = represent_split(run.sample[:SAMPLE], self.representation)
        self.measurer = Measurer(sample, self.validation)
        self.last = max((point.step for point in writer.history.points), default=None)
        snapshot_path(self.folder, 0).parent.mkdir(exist_ok=True)
        for kept in steps_kept(self.folder):
            if kept > run.step:
                snapshot_path(self.folder, kept).unlink(missing_ok=True)
        self._measured = self._looked = self._saved = 0.0
        self._pause_measuring = _MEASURED
        writer.every = _KEPT

    def measure(
        self, network: Network, now: Now, report: EpochReport | None = None, *, force: bool
    ) -> bool:
        """A point, if it is time for one, or with the report of an epoch; returns whether one was made."""
        start = perf_counter()
        # Early on much changes in few steps: then as often as the steps' number grows by a quarter,
        # as long as that is hardly felt.
        soon = now.step >= 1.25 * (self.last or 0) and self._pause_measuring <= _MEASURED
        due = force or soon or start - self._measured >= self._pause_measuring
        if report is None and (not due or self.last == now.step):
            return False
        point = self.measurer.point(network, now, report)
        if report is not None or point is not None:
            self.writer.add(report, point)
        if point is None:
            return False
        self.last = now.step
        self.tell("point", point=asdict(point))
        self._measured = perf_counter()
        self._pause_measuring = max(_MEASURED, 9 * (self._measured - start))
        return True

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

    def snapshot(self, network: Network, step: int) -> None:
        """The network as it is now, for the scrubber."""
        half = None if network.parameters.vector.size < _HALF else "float16"
        path = snapshot_path(self.folder, step)
        save_model(network, path, stored=half, representation=self.representation)
        self.tell("moment", step=step)

    def checkpoint(self, model: Network, step: int, *, force: bool) -> None:
        """A checkpoint and the model, if it is time."""
        start = perf_counter()
        if not force and start - self._saved < self.writer.every:
            return
        self.writer.checkpoint(model)
        self._saved = perf_counter()
        self.writer.every = max(_KEPT, 20 * (self._saved - start))
        self.tell("kept", step=step)


def finite(value: float | None) -> float | None:
    """The number, or None where it is none that JSON can hold."""
    return value if value is not None and np.isfinite(value) else None
