"""``handwrought train --from MODEL --add DIR``: a model learns one's own digits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console

from handwrought.cli.console import new_console, tell
from handwrought.cli.streams import complain, printable
from handwrought.cli.training_run import MODEL, check_free, output_folder
from handwrought.cli.watching import StopAfterBatch, watch
from handwrought.data.catalog import load_dataset
from handwrought.data.collection import Collection
from handwrought.errors import DataError, TrainingDiverged
from handwrought.reading.recognizer import shipped_model
from handwrought.reading.tuning import LEAST, Measured, check_teachable, measured, save_tuned
from handwrought.storage import load_model, read_model
from handwrought.storage.lock import FolderLock
from handwrought.training.fine_tuning import fine_tune
from handwrought.training.reports import EpochReport

__all__ = ["run"]


def run(
    *,
    source: str,
    add: Path,
    out: Path | None,
    epochs: int | None,
    learning_rate: float | None,
    seed: int,
    json_output: bool,
) -> int:
    """Teach, calibrate, save, measure before and after; returns the exit code."""
    started = perf_counter()
    console = new_console(stderr=json_output)
    path = shipped_model() if source == "shipped" else Path(source)
    header, network = read_model(path)
    view = header["view"]
    check_teachable(str(path), network, view)
    collection = Collection.open(add, create=False)
    if len(collection) < LEAST:
        raise DataError(
            f"{add} holds {len(collection)} digits: collect at least {LEAST}, better 30 or more"
        )
    own, held_out = collection.split()
    if not len(own):
        raise DataError(f"{add}: all of its digits fell to those held out: collect some more")
    data = load_dataset("mnist")
    asked: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate}
    asked = {name: value for name, value in asked.items() if value is not None}
    tuning = fine_tune(
        network,
        own,
        data,
        **asked,
        strangers=header["record"].get("strangers", 0.0),
        seed=seed,
        report_every=20,
        view=view,
    )
    folder = output_folder(out)
    with FolderLock(folder):
        check_free(folder)
        before = measured(network, data, own, held_out, view)
        console.print(
            f"Teaching {'-'.join(map(str, network.sizes))} ({printable(source)}) {len(own)} digits of "
            f"{printable(str(add))}, among "
            f"MNIST's; {len(held_out)} are held out. Ctrl-C stops and keeps the model.",
            soft_wrap=True,
        )
        missing = [str(digit) for digit in range(10) if digit not in own.labels]
        if missing:
            console.print(
                f"There is no {', '.join(missing)} among them: collect some of each digit, or yours may "
                f"be taken for those that are there.",
                soft_wrap=True,
            )
        history: list[EpochReport] = []

        def keep(report: Any, stopping: bool) -> None:
            if isinstance(report, EpochReport):
                history.append(report)

        with StopAfterBatch() as stop:
            problem = watch(tuning, tuning.epochs, console, keep, stop)
        tuned = {**tuning.settings, "from": printable(source), "epochs_done": len(history)}
        temperature = save_tuned(network, folder / MODEL, header, data, own, tuned)
    after = measured(load_model(folder / MODEL), data, own, held_out, view)
    if json_output:
        report = {
            "model": str(folder / MODEL),
            "from": str(path),
            "own_digits": {"training": len(own), "held_out": len(held_out)},
            "before": {name: m.as_json() for name, m in before.items()},
            "after": {name: m.as_json() for name, m in after.items()},
            "test_accuracy": after["test"].accuracy,
            "validation_accuracy": after["validation"].accuracy,
            "temperature": temperature,
            "epochs": len(history),
            "kept_epoch": tuning.kept if problem is None else None,
            "stopped": None if problem is None else problem.__class__.__name__,
            "seconds": perf_counter() - started,
        }
        sys.stdout.write(json.dumps(report) + "\n")
    _show(console, before, after)
    console.print(f"The model was saved in {printable(str(folder / MODEL))}", soft_wrap=True)
    return _leave(problem, tuning.kept, console)


_NAMES = {
    "held_out": "own digits, held out",
    "own": "own digits, learnt",
    "validation": "MNIST validation",
    "test": "MNIST test",
}


def _show(console: Console, before: dict[str, Measured], after: dict[str, Measured]) -> None:
    console.print()
    for name, title in _NAMES.items():
        console.print(f"{title:<21} before {before[name]}", soft_wrap=True)
        console.print(f"{'':<21} after  {after[name]}", soft_wrap=True)


def _leave(problem: BaseException | None, kept: int, console: Console) -> int:
    if isinstance(problem, TrainingDiverged):
        complain(problem)
        return 1
    if problem is not None:
        tell(console, "Stopped early; the model saved is the one at that moment.")
        return 130
    if not kept:
        console.print("No epoch read validation and your digits better: it is the model given.")
    return 0
