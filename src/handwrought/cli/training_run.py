"""One training from the command line: its folder, its checkpoints, its model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console

from handwrought.cli.watching import watch
from handwrought.data.dataset import Dataset
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.storage.atomic import write_atomically
from handwrought.training.checkpoints import load_checkpoint, save_checkpoint
from handwrought.training.loop import Training, train
from handwrought.training.observers import early_stopped
from handwrought.training.plan import Plan
from handwrought.training.reports import EpochReport

__all__ = ["CHECKPOINT", "CONFIG", "MODEL", "Trained", "output_folder", "train_one"]

MODEL = "model.safetensors"
CONFIG = "config.json"
CHECKPOINT = "checkpoint.safetensors"
HISTORY = "history.jsonl"

_CHECKPOINT_SECONDS = 300
"""Between two checkpoints, since a large network's takes a moment to be safe on the disk."""


@dataclass(frozen=True)
class Trained:
    """A training that has come to an end.

    Attributes
    ----------
    model : Path
    history : list of EpochReport
    epochs : int
        Epochs asked for.
    seconds : float
    problem : exception or None
        What ended it early.
    full : bool
    resumable : bool
    """

    model: Path
    history: list[EpochReport]
    epochs: int
    seconds: float
    problem: BaseException | None
    full: bool
    resumable: bool

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        last = self.history[-1] if self.history else None
        best = max((r.validation_accuracy or 0 for r in self.history), default=None)
        return {
            "validation_accuracy": last.validation_accuracy if last else None,
            "best_validation_accuracy": None if self.full else best,
            "cost": last.cost if last else None,
            "epochs": len(self.history),
            "seconds": self.seconds,
            "stopped": None if self.problem is None else self.problem.__class__.__name__,
            "model": str(self.model),
        }

    def leave(self, console: Console) -> int:
        """Say what ended it early; returns the exit code."""
        if isinstance(self.problem, TrainingDiverged):
            Console(stderr=True, highlight=False).print(
                f"handwrought: {self.problem}", soft_wrap=True
            )
            return 1
        if self.problem is None:
            return 0
        console.print(
            f"Stopped after {len(self.history)} of {self.epochs} whole epochs; "
            f"the model saved is the one at that moment."
        )
        if self.resumable:
            console.print(f"To go on:  handwrought train --resume {self.model.parent}")
        return 130


def train_one(
    plan: Plan, data: Dataset, folder: Path | None, console: Console, *, go_on: bool
) -> Trained:
    """Train as planned and save; with ``go_on``, from the folder's checkpoint."""
    started = perf_counter()
    network, split = plan.build(data), plan.trained_on(data)
    epochs = plan.training["epochs"]
    state = load_checkpoint(folder / CHECKPOINT) if go_on and folder is not None else None
    # Everything that can be wrong is found out before the folder is made.
    training = train(network, split, **plan.arguments(), report_every=200, resume=state)
    reports: Any = training
    if plan.patience is not None:
        if go_on:
            raise InvalidArgument(
                "a training with --patience cannot go on: what it waited for is not kept"
            )
        reports = early_stopped(reports, network, patience=plan.patience)
    folder = output_folder(folder, go_on=go_on)
    history = _read_history(folder / HISTORY, state.epoch - 1) if state is not None else []
    write_atomically(folder / CONFIG, json.dumps(plan.as_json(), indent=1).encode())

    n = len(split.train if isinstance(split, Dataset) else split)
    console.print(_announcement(plan, network.sizes, n, data))
    with (folder / HISTORY).open("w", encoding="utf-8") as log:
        log.writelines(json.dumps(vars(report)) + "\n" for report in history)
        keeper = _Keeper(training, folder, log)
        problem = watch(reports, epochs, console, history, keeper.keep)
    write = problem is not None and plan.patience is None
    if write and isinstance(problem, KeyboardInterrupt):
        save_checkpoint(keeper.state, folder / CHECKPOINT)
    last = history[-1] if history else None
    network.save(
        folder / MODEL,
        **_record(plan),
        dataset=data.name,
        images=n,
        epochs_done=len(history),
        seconds=round(sum(report.seconds for report in history), 1),
        validation_accuracy=last.validation_accuracy if last else None,
    )
    if problem is None:
        (folder / CHECKPOINT).unlink(missing_ok=True)
    return Trained(
        folder / MODEL,
        history,
        epochs,
        perf_counter() - started,
        problem,
        plan.full,
        (folder / CHECKPOINT).exists(),
    )


class _Keeper:
    """Writes the log and, now and then, a checkpoint."""

    def __init__(self, training: Training, folder: Path, log: Any) -> None:
        self.training, self.folder, self.log = training, folder, log
        self.saved = perf_counter()
        self.state: Any = None

    def keep(self, report: Any, stopping: bool) -> None:
        """After each report, while the training waits."""
        if isinstance(report, EpochReport):
            self.log.write(json.dumps(vars(report)) + "\n")
            self.log.flush()
            if perf_counter() - self.saved > _CHECKPOINT_SECONDS and report.epoch < report.epochs:
                save_checkpoint(self.training.state(), self.folder / CHECKPOINT)
                self.saved = perf_counter()
        if stopping:
            self.state = self.training.state()


def _announcement(plan: Plan, sizes: tuple[int, ...], n: int, data: Dataset) -> str:
    names = plan.network["activation"]
    view = "" if plan.view == "as-is" else f" ({plan.view})"
    recipe = f"Recipe {plan.recipe}: " if plan.recipe else ""
    return (
        f"{recipe}Training {'-'.join(map(str, sizes))} ({names}; {plan.network['cost']} cost) on "
        f"{n:,} images of {data.name}{view}, seed {plan.seed}. Ctrl-C stops and keeps the model."
    )


def _record(plan: Plan) -> dict[str, Any]:
    """How it was trained, for the model's header: flat, without what the header says anyway."""
    values = plan.as_json()
    network, training = values.pop("network"), values.pop("training")
    del values["dataset"]
    return {**values, **training, "initializer": network["initializer"]}


def _read_history(path: Path, epochs: int) -> list[EpochReport]:
    """The reports of the epochs that the checkpoint has seen."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [EpochReport(**json.loads(line)) for line in lines[:epochs]]
    except (OSError, ValueError, TypeError, RecursionError):
        return []


def output_folder(out: Path | None, *, go_on: bool = False) -> Path:
    """The folder for a model, made and writable; without a name, one named by the time."""
    folder = out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    if (folder / MODEL).exists() and not go_on:
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
