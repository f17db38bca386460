"""A training on the screen: its reports as they come, and Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

from handwrought.errors import TrainingDiverged
from handwrought.training.reports import EpochReport

__all__ = ["StopAfterBatch", "watch"]


class _Speed(ProgressColumn):
    def render(self, task: Task) -> str:
        return str(task.fields["speed"])


def watch(
    reports: Any,
    epochs: int,
    console: Console,
    history: list[EpochReport],
    keep: Callable[[Any, bool], None],
) -> BaseException | None:
    """Show the reports as they come; returns what ended the training early, if anything did.

    ``keep`` is called with each report, and whether the training stops there.
    """
    live = console.is_terminal
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        _Speed(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        console=console,
        disable=not live,
        expand=True,
    )
    stop = StopAfterBatch()
    try:
        with stop, progress, closing(reports):
            task = progress.add_task(f"epoch 1 of {epochs}", total=epochs, speed="")
            for report in reports:
                if isinstance(report, EpochReport):
                    history.append(report)
                    console.print(_line(report))
                    progress.update(
                        task,
                        completed=report.epoch,
                        description=f"epoch {min(report.epoch + 1, epochs)} of {epochs}",
                        speed=f"{report.images_per_second:,.0f} images/s",
                    )
                else:
                    progress.update(
                        task,
                        completed=report.epoch - 1 + report.batch / report.batches,
                        description=f"epoch {report.epoch} of {epochs}  cost {report.cost:.4f}",
                        speed=f"{report.images_per_second:,.0f} images/s",
                    )
                keep(report, stop.asked)
                if stop.asked:
                    return KeyboardInterrupt()
    except TrainingDiverged as error:
        return error
    return None


class StopAfterBatch:
    """Ctrl-C once: finish the report at hand, save, leave; twice: leave at once."""

    asked = False

    def __enter__(self) -> None:
        try:
            self._before = signal.signal(signal.SIGINT, self._handle)
        except ValueError:  # not in the main thread, where signals do not arrive anyway
            self._before = None

    def _handle(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def _line(report: EpochReport) -> str:
    accuracy = (
        ""
        if report.validation_accuracy is None
        else f"  validation {report.validation_accuracy:7.2%}"
    )
    return (
        f"epoch {report.epoch:3d}  cost {report.cost:.5f}{accuracy}  "
        f"{report.images_per_second:9,.0f} images/s"
    )
