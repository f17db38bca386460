"""A training on the screen: its reports as they come, and the signals that end it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

from handwrought.cli.streams import printable, reader_is_gone
from handwrought.errors import TrainingDiverged
from handwrought.training.reports import EpochReport

__all__ = ["StopAfterBatch", "says", "watch"]


class _Speed(ProgressColumn):
    def render(self, task: Task) -> str:
        return str(task.fields["speed"])


class StopAfterBatch:
    """Ctrl-C once: finish the report at hand, save, leave; twice: leave at once.

    To be asked to end (SIGTERM), or to lose the terminal (SIGHUP), is the same.

    So is to lose the reader of what is shown (a closed pipe).
    """

    _signalled = False

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._signalled or reader_is_gone()

    def __enter__(self) -> StopAfterBatch:
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        self._before: dict[int, Any] = {}
        for number in numbers:
            if number != signal.SIGINT and signal.getsignal(number) == signal.SIG_IGN:
                continue  # as nohup has it
            try:
                self._before[number] = signal.signal(number, self._handle)
            except ValueError:  # not in the main thread, where signals do not arrive anyway
                break
        return self

    def _handle(self, number: int, frame: Any) -> None:
        if self._signalled:
            raise KeyboardInterrupt
        self._signalled = True

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)


def says(console: Console) -> Callable[[str], None]:
    """Prints a sentence of a training under way."""
    return lambda sentence: console.print(printable(sentence), soft_wrap=True)


def watch(
    reports: Any,
    epochs: int,
    console: Console,
    keep: Callable[[Any, bool], None],
    stop: StopAfterBatch,
) -> BaseException | None:
    """Show the reports as they come; returns what ended the training early, if anything did.

    ``keep`` is called with each report, and whether the training stops there.
    """
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        _Speed(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        console=console,
        disable=not console.is_terminal,
        expand=True,
    )
    try:
        with progress, closing(reports):
            task = progress.add_task(f"epoch 1 of {epochs}", total=epochs, speed="")
            for report in reports:
                _show(report, epochs, console, progress, task)
                asked = stop.asked
                keep(report, asked)
                if asked:
                    return KeyboardInterrupt()
    except TrainingDiverged as error:
        return error
    return None


def _show(report: Any, epochs: int, console: Console, progress: Progress, task: Any) -> None:
    if isinstance(report, EpochReport):
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


def _line(report: EpochReport) -> str:
    accuracy = (
        ""
        if report.validation_accuracy is None
        else f"  validation {report.validation_accuracy:7.2%}"
    )
    speed = f"  {report.images_per_second:9,.0f} images/s" if report.images_per_second else ""
    return f"epoch {report.epoch:3d}  cost {report.cost:.5f}{accuracy}{speed}"
