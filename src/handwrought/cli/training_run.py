"""One training from the command line: its folder, its checkpoints, its model."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console

from handwrought.cli.console import tell
from handwrought.cli.keeping import BEST, CHECKPOINT, CONFIG, HISTORY, MODEL, Keeper
from handwrought.cli.streams import complain, printable
from handwrought.cli.watching import StopAfterBatch, watch
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import CannotWrite, InvalidArgument, TrainingDiverged
from handwrought.nn.network import Network
from handwrought.storage.atomic import remove_strays, sync_folder, write_atomically
from handwrought.storage.header import MAX_LABEL
from handwrought.storage.lock import FolderLock
from handwrought.training.best import Best
from handwrought.training.checkpoints import load_checkpoint
from handwrought.training.history import History
from handwrought.training.loop import Training, train
from handwrought.training.observers import early_stopped, remembered
from handwrought.training.plan import Plan
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.tracking import tracked

__all__ = [
    "CHECKPOINT",
    "CHECKPOINT_SECONDS",
    "CONFIG",
    "MODEL",
    "Trained",
    "check_free",
    "output_folder",
    "train_one",
]

CHECKPOINT_SECONDS = 300.0
"""Between two checkpoints, since a large network's takes a moment to be safe on the disk."""

_MOST_LABELS = 1000


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
    best : Path or None
        The model of the best epoch.
    """

    model: Path
    history: list[EpochReport]
    epochs: int
    seconds: float
    problem: BaseException | None
    full: bool
    resumable: bool
    best: Path | None

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
            "best_model": None if self.best is None else str(self.best),
        }

    def leave(self, console: Console) -> int:
        """Say what ended it early; returns the exit code."""
        if isinstance(self.problem, TrainingDiverged):
            complain(self.problem)
            return 1
        if self.problem is None:
            return 0
        lines = [
            f"Stopped after {len(self.history)} of {self.epochs} whole epochs; "
            f"the model saved is the one at that moment."
        ]
        if self.resumable:
            folder = printable(str(self.model.parent))
            lines.append(f"To go on:  handwrought train --resume {folder}")
        tell(console, *lines)
        return 130


def train_one(
    plan: Plan,
    data: Dataset,
    folder: Path | None,
    console: Console,
    *,
    go_on: bool,
    checkpoint_every: float = CHECKPOINT_SECONDS,
    tensorboard: Path | None = None,
) -> Trained:
    """Train as planned and save; with ``go_on``, from the folder's checkpoint.

    ``tensorboard`` gets the curves, in a folder named as the training's.
    """
    network, split = plan.build(data), plan.trained_on(data)
    # Everything that can be wrong is found out before the folder is made.
    training = None if go_on else train(network, split, **plan.arguments(), report_every=1)
    folder = output_folder(folder)
    try:
        with FolderLock(folder), StopAfterBatch() as stop:
            remove_strays(folder, (MODEL, BEST, CONFIG, CHECKPOINT, HISTORY))
            state = None
            if training is None:
                state = _standing(folder)
                training = train(network, split, **plan.arguments(), report_every=1, resume=state)
            else:
                check_free(folder)
                _write_plan(plan, folder)
            examples = split.train if isinstance(split, Dataset) else split
            n = len(examples)
            console.print(_announcement(plan, network.sizes, n, data))
            if state is not None:
                console.print(f"It goes on in epoch {state.epoch}, after mini-batch {state.batch}.")
            elif go_on:
                console.print("No checkpoint had been kept yet: it begins anew.")
            record = {
                **_record(plan),
                "dataset": printable(data.name),
                "images": n,
                "labels": _labels(data),
            }
            curves = tensorboard and tensorboard / folder.resolve().name
            kept = _Kept(folder, record, console, checkpoint_every, curves)
            done = _train(plan, network, examples, training, state, kept, stop)
    except KeyboardInterrupt:
        complain(_left(folder))
        raise
    return done


@dataclass(frozen=True)
class _Kept:
    """How a training is kept."""

    folder: Path
    record: dict[str, Any]
    console: Console
    every: float
    curves: Path | None


def _train(
    plan: Plan,
    network: Network,
    examples: Split,
    training: Training,
    state: TrainingState | None,
    kept: _Kept,
    stop: StopAfterBatch,
) -> Trained:
    """Train to the end, from ``state`` on, and write what there is."""
    started, best = perf_counter(), Best(network)
    if state is not None:
        best.recall(state)
    reports = (
        remembered(training, best)
        if plan.patience is None
        else early_stopped(training, network, patience=plan.patience, best=best)
    )
    if kept.curves is not None:
        reports = tracked(
            reports,
            network,
            kept.curves,
            examples=plan.seen(examples),
            settings=plan.as_json(),
            resumed_at=None if state is None else state.epoch,
        )
    begun = state.epoch - 1 if state is not None else 0
    with closing(History(kept.folder / HISTORY, begun)) as history:
        keeper = Keeper(
            kept.folder,
            training,
            network,
            best,
            history,
            kept.record,
            kept.console,
            kept.every,
            begun,
        )
        problem = watch(reports, plan.training["epochs"], kept.console, keeper.keep, stop)
        model = keeper.finish(problem)
    return Trained(
        model,
        history.reports,
        plan.training["epochs"],
        perf_counter() - started,
        problem,
        plan.full,
        (kept.folder / CHECKPOINT).exists(),
        kept.folder / BEST if best.epoch else None,
    )


def _standing(folder: Path) -> TrainingState | None:
    """Where the folder's training stopped; None where it was killed before its first checkpoint."""
    if not (folder / CHECKPOINT).exists():
        if (folder / MODEL).exists():
            raise InvalidArgument(
                f"{folder} holds a training that has ended, and its {MODEL}: there is nothing to go "
                f"on with"
            )
        return None
    return load_checkpoint(folder / CHECKPOINT)


def _write_plan(plan: Plan, folder: Path) -> None:
    try:
        write_atomically(folder / CONFIG, json.dumps(plan.as_json(), indent=1).encode())
    except OSError as error:
        raise CannotWrite.of(folder / CONFIG, error, "name another folder with --out") from None


def _left(folder: Path) -> str:
    if not (folder / CHECKPOINT).exists():
        return "left at once, before the first checkpoint"
    return f"left at once; from the last checkpoint goes on:  handwrought train --resume {folder}"


def _announcement(plan: Plan, sizes: tuple[int, ...], n: int, data: Dataset) -> str:
    names = plan.network["activation"]
    view = "" if plan.view == "as-is" else f" ({plan.view})"
    recipe = f"Recipe {printable(plan.recipe)}: " if plan.recipe else ""
    return (
        f"{recipe}Training {'-'.join(map(str, sizes))} ({names}; {plan.network['cost']} cost) on "
        f"{n:,} images of {printable(data.name)}{view}, seed {plan.seed}. Ctrl-C stops and keeps the model."
    )


def _labels(data: Dataset) -> list[str] | None:
    """The classes' names for the model's header, which has room for so many and so long ones."""
    names = data.class_names
    return [printable(name)[:MAX_LABEL] for name in names] if len(names) <= _MOST_LABELS else None


def _record(plan: Plan) -> dict[str, Any]:
    """How it was trained, for the model's header: flat, without what the header says anyway."""
    values = plan.as_json()
    network, training = values.pop("network"), values.pop("training")
    del values["dataset"]
    if plan.recipe:  # a file's name, and a header is text in UTF-8
        values["recipe"] = printable(plan.recipe)
    return {**values, **training, "initializer": network["initializer"]}


def output_folder(out: Path | None) -> Path:
    """The folder for a model, made; without a name, one named by the time.

    Raises
    ------
    CannotWrite
        If it cannot be made.
    """
    folder = out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:
            sync_folder(path.parent)
    except OSError as error:
        raise CannotWrite.of(f"--out {folder}", error, "name another folder") from None
    return folder


def check_free(folder: Path) -> None:
    """See to it that nothing is overwritten.

    Raises
    ------
    InvalidArgument
        If the folder holds a model or a checkpoint.
    """
    if (folder / CHECKPOINT).exists():
        raise InvalidArgument(
            f"{folder} holds a stopped training: go on with --resume {folder}, or name another "
            f"folder with --out"
        )
    if (folder / MODEL).exists():
        raise InvalidArgument(
            f"{folder} already holds a {MODEL}: nothing was trained or overwritten; name another "
            f"folder with --out"
        )
