"""``handwrought train``: the main job, watched."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

from handwrought.data.catalog import load_dataset
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.evaluation import Evaluation, evaluate
from handwrought.nn.network import Network
from handwrought.training.loop import EpochReport, train
from handwrought.training.observers import early_stopped

__all__ = ["run"]

MODEL = "model.safetensors"


def run(
    *,
    dataset: str,
    hidden: str,
    activation: str,
    cost: str,
    initializer: str | None,
    seed: int,
    full: bool,
    out: Path | None,
    patience: int | None,
    gallery: bool,
    json_output: bool,
    **settings: Any,
) -> int:
    """Train, save, test, report; returns the exit code."""
    console = Console(stderr=json_output, highlight=False)
    started = perf_counter()
    widths = _hidden_widths(hidden)
    if full and patience is not None:
        raise InvalidArgument(
            "--patience needs the validation images, which --full trains on: leave one out"
        )
    data = load_dataset(dataset)
    network = Network(
        [data.train.n_inputs, *widths, data.train.n_classes],
        activation,
        cost,
        seed=seed,
        initializer=initializer,
    )
    trained_on: Dataset | Split = data.full_train if full else data
    # Everything that can be wrong is found out before the folder is made.
    reports = train(network, trained_on, seed=seed, report_every=200, **settings)
    if patience is not None:
        reports = early_stopped(reports, network, patience=patience)
    folder = _folder(out)

    shape = "-".join(map(str, network.sizes))
    n = len(data.full_train if full else data.train)
    console.print(
        f"Training {shape} ({', '.join(a.name for a in network.activations)}; {cost} cost) "
        f"on {n:,} images of {data.name}, seed {seed}. Ctrl-C stops and keeps the model."
    )
    history: list[EpochReport] = []
    problem = _watch(reports, settings["epochs"], console, history)
    seconds = perf_counter() - started

    path = folder / MODEL
    last = history[-1] if history else None
    record = {
        "dataset": data.name,
        "images": n,
        "seed": seed,
        "initializer": initializer,
        "full": full,
        **settings,
        "epochs_done": len(history),
        "validation_accuracy": last.validation_accuracy if last else None,
    }
    network.save(path, **record)
    (folder / "history.jsonl").write_text(
        "".join(json.dumps(vars(report)) + "\n" for report in history), encoding="utf-8"
    )
    tested = evaluate(network, data.test) if data.test is not None else None
    best = max((r.validation_accuracy or 0 for r in history), default=None)
    if json_output:
        result = {
            "test_accuracy": tested.accuracy if tested else None,
            "test_interval": list(tested.interval) if tested else None,
            "validation_accuracy": last.validation_accuracy if last else None,
            "best_validation_accuracy": None if full else best,
            "cost": last.cost if last else None,
            "epochs": len(history),
            "seconds": seconds,
            "stopped": None if problem is None else problem.__class__.__name__,
            "model": str(path),
        }
        sys.stdout.write(json.dumps(result) + "\n")
    elif tested is not None and data.test is not None:
        _show(console, tested, data.test, data.class_names, gallery)
    console.print(f"The model was saved in {path}", soft_wrap=True)
    if isinstance(problem, TrainingDiverged):
        sys.stderr.write(f"handwrought: {problem}\n")
        return 1
    if problem is not None:
        console.print(
            f"Stopped after {len(history)} of {settings['epochs']} whole epochs; "
            f"the model saved is the one at that moment."
        )
        return 130
    return 0


def _hidden_widths(text: str) -> list[int]:
    try:
        widths = [int(part) for part in text.replace("-", ",").split(",")]
    except ValueError:
        widths = [-1]
    if widths == [0]:
        return []
    if min(widths) < 1:
        raise InvalidArgument(
            f"--hidden is {text!r}: give whole numbers above 0 such as 30 or 100,50; 0 for none"
        )
    return widths


def _folder(out: Path | None) -> Path:
    folder = out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    if (folder / MODEL).exists():
        raise InvalidArgument(
            f"{folder} already holds a {MODEL}: nothing was trained or overwritten; name another "
            f"folder with --out"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidArgument(
            f"--out {folder} cannot be written ({error.strerror}): name another folder"
        ) from None
    return folder


class _Speed(ProgressColumn):
    def render(self, task: Task) -> str:
        return str(task.fields["speed"])


def _watch(
    reports: Any, epochs: int, console: Console, history: list[EpochReport]
) -> BaseException | None:
    """Show the reports as they come; returns what ended the training early, if anything did."""
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
    stop = _StopAfterBatch()
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
                if stop.asked:
                    return KeyboardInterrupt()
    except TrainingDiverged as error:
        return error
    return None


class _StopAfterBatch:
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


def _show(
    console: Console,
    tested: Evaluation,
    test: Split,
    class_names: tuple[str, ...],
    gallery: bool,
) -> None:
    from handwrought.cli.drawing import confusion_table, draw_gallery

    low, high = tested.interval
    console.print(
        f"\nTest accuracy {tested.accuracy:.2%} of {tested.n:,} images "
        f"(95 % interval {low:.2%} to {high:.2%})\n"
    )
    console.print(confusion_table(tested.confusion))
    if not gallery or test.images.ndim != 3:
        return
    # Four that it misreads with the greatest confidence, and eight right ones of all kinds.
    wrong = list(tested.wrong[:4])
    right = [
        int(np.flatnonzero((tested.labels == k) & (tested.predictions == k))[0])
        for k in range(test.n_classes)
        if ((tested.labels == k) & (tested.predictions == k)).any()
    ]
    chosen = (right + wrong)[-12:] if len(wrong) == 4 else right[:12]
    captions = [
        f"says {class_names[tested.predictions[i]]}"
        + (
            ""
            if tested.predictions[i] == tested.labels[i]
            else f", is {class_names[tested.labels[i]]}"
        )
        for i in chosen
    ]
    console.print("\nTwelve test digits, and what the network says:\n")
    console.file.write(
        draw_gallery(
            test.images[chosen], captions, columns=6, colour=console.color_system is not None
        )
        + "\n"
    )
