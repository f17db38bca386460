"""``handwrought train --from MODEL --add DIR``: a model learns one's own digits."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console

from handwrought.cli.training_run import MODEL, check_free, output_folder
from handwrought.cli.watching import StopAfterBatch, watch
from handwrought.data.catalog import load_dataset
from handwrought.data.collection import Collection
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import DataError, InvalidArgument, TrainingDiverged
from handwrought.evaluation import evaluate, wilson_interval
from handwrought.nn.network import Network
from handwrought.reading.calibration import fit_temperature
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import load_model, read_header, save_model
from handwrought.storage.lock import FolderLock
from handwrought.training.fine_tuning import fine_tune
from handwrought.training.reports import EpochReport

__all__ = ["run"]

_LEAST = 8
"""Digits below which there is hardly anything to learn or to measure by."""


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
    console = Console(stderr=json_output, highlight=False)
    path = shipped_model() if source == "shipped" else Path(source)
    network, header = load_model(path), read_header(path)
    _check(path, network, header["view"])
    collection = Collection.open(add, create=False)
    if len(collection) < _LEAST:
        raise DataError(
            f"{add} holds {len(collection)} digits: collect at least {_LEAST}, better 30 or more"
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
    )
    folder = output_folder(out)
    check_free(folder)
    lock = FolderLock(folder)
    before = _measured(network, data, own, held_out)
    console.print(
        f"Teaching {'-'.join(map(str, network.sizes))} ({source}) {len(own)} digits of {add}, among "
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
    temperature = _save(network, folder / MODEL, header, data, own, source, tuning, len(history))
    lock.close()
    after = _measured(load_model(folder / MODEL), data, own, held_out)
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
    console.print(f"The model was saved in {folder / MODEL}", soft_wrap=True)
    return _leave(problem, tuning.kept, console)


@dataclass(frozen=True)
class _Measured:
    right: int
    n: int

    @property
    def accuracy(self) -> float | None:
        return self.right / self.n if self.n else None

    def as_json(self) -> dict[str, Any]:
        interval = list(wilson_interval(self.right, self.n)) if self.n else None
        return {
            "accuracy": self.accuracy,
            "right": self.right,
            "images": self.n,
            "interval": interval,
        }

    def __str__(self) -> str:
        if not self.n:
            return "none yet: collect more"
        low, high = wilson_interval(self.right, self.n)
        return (
            f"{self.right / self.n:8.2%}  {self.right:,} of {self.n:,} "
            f"(95 % interval {low:.2%} to {high:.2%})"
        )


_NAMES = {
    "held_out": "own digits, held out",
    "own": "own digits, learnt",
    "validation": "MNIST validation",
    "test": "MNIST test",
}


def _measured(network: Network, data: Dataset, own: Split, held_out: Split) -> dict[str, _Measured]:
    splits = {"held_out": held_out, "own": own, "validation": data.validation, "test": data.test}
    found = {}
    for name, split in splits.items():
        n = 0 if split is None else len(split)
        right = int(np.trace(evaluate(network, split).confusion)) if split is not None and n else 0
        found[name] = _Measured(right, n)
    return found


def _check(path: Path, network: Network, view: str) -> None:
    if (network.n_inputs, network.n_outputs) != (784, 10):
        raise InvalidArgument(
            f"{path} takes {network.n_inputs} numbers to {network.n_outputs}: your digits need a "
            f"model from 784 to 10"
        )
    if view != "as-is":
        raise InvalidArgument(
            f"{path} is a committee's member that sees digits otherwise ({view}): name a model that "
            f"sees them as they are"
        )


def _save(
    network: Network,
    path: Path,
    header: dict[str, Any],
    data: Dataset,
    own: Split,
    source: str,
    tuning: Any,
    epochs: int,
) -> float:
    """Calibrate the network as it will be stored, and store it; returns its temperature."""
    stored = "float16" if header.get("stored") == "float16" else None
    if stored:
        network.parameters.vector[:] = network.parameters.vector.astype(np.float16)
    validation = data.validation
    assert validation is not None
    seen = Split(
        np.concatenate([validation.images, own.images]),
        np.concatenate([validation.labels, own.labels.astype(validation.labels.dtype)]),
    )
    temperature = fit_temperature(network, seen)
    tuned = {**tuning.settings, "from": source, "digits": len(own), "epochs_done": epochs}
    record = {**header["record"], "fine_tuned": tuned}
    record.pop("validation_accuracy", None)  # that of the model it was
    save_model(
        network, path, stored=stored, temperature=temperature, labels=header["labels"], **record
    )
    return temperature


def _show(console: Console, before: dict[str, _Measured], after: dict[str, _Measured]) -> None:
    console.print()
    for name, title in _NAMES.items():
        console.print(f"{title:<21} before {before[name]}", soft_wrap=True)
        console.print(f"{'':<21} after  {after[name]}", soft_wrap=True)


def _leave(problem: BaseException | None, kept: int, console: Console) -> int:
    if isinstance(problem, TrainingDiverged):
        sys.stderr.write(f"handwrought: {problem}\n")
        return 1
    if problem is not None:
        console.print("Stopped early; the model saved is the one at that moment.")
        return 130
    if not kept:
        console.print("No epoch read validation and your digits better: it is the model given.")
    return 0
