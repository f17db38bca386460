"""One training from the command line: its folder, its checkpoints, its model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from rich.console import Console

from handwrought.cli.console import tell
from handwrought.cli.progress import StopAfterBatch, says, watch
from handwrought.cli.streams import complain, printable
from handwrought.data.dataset import Dataset
from handwrought.data.representations import represent_split
from handwrought.errors import CannotWrite, InvalidArgument, TrainingDiverged
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import begin_run, end_run
from handwrought.runs.folder import BEST, CHECKPOINT, FILES, HISTORY, MODEL
from handwrought.runs.history import History
from handwrought.runs.training import RunTraining
from handwrought.storage.atomic import remove_strays, sync_folder
from handwrought.storage.lock import FolderLock
from handwrought.training.config import TrainingConfig
from handwrought.training.diagnosis import Finding, diagnose
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.tensorboard import tracked

__all__ = [
    "CHECKPOINT_SECONDS",
    "Trained",
    "check_free",
    "output_folder",
    "standing",
    "told",
    "train_one",
]

CHECKPOINT_SECONDS = 300.0
"""Between two checkpoints, since a large network's takes a moment to be safe on the disk."""

_Made = TypeVar("_Made")


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
    findings : list of Finding
        Where it reads no better than guessing: why, and what may help.
    """

    model: Path
    history: list[EpochReport]
    epochs: int
    seconds: float
    problem: BaseException | None
    full: bool
    resumable: bool
    best: Path | None
    findings: list[Finding]

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
            "diagnosis": self.diagnosis,
        }

    @property
    def diagnosis(self) -> str | None:
        """In a few sentences."""
        mends = {mend.label: mend for finding in self.findings for mend in finding.mends}
        said = " ".join(f"{finding.title}. {finding.sentence}" for finding in self.findings)
        return f"{said} What may help: {'; '.join(mends)}." if mends else said or None

    def warn(self) -> None:
        """Say on standard error what a cost that stayed finite does not show."""
        if self.diagnosis is not None:
            complain(self.diagnosis)

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
    settings: TrainingConfig,
    data: Dataset,
    folder: Path | None,
    console: Console,
    *,
    go_on: bool,
    checkpoint_every: float = CHECKPOINT_SECONDS,
    tensorboard: Path | None = None,
) -> Trained:
    """Train as configured and save; with ``go_on``, from the folder's checkpoint.

    ``tensorboard`` gets the curves, in a folder named as the training's.
    """
    # Everything that can be wrong is found out before the folder is made.
    run = None if go_on else RunTraining(settings, data)
    folder = output_folder(folder)
    try:
        with FolderLock(folder), StopAfterBatch() as stop:
            remove_strays(folder, FILES)
            state = None
            if run is None:
                state = standing(folder, console)
                run = told(console, lambda: RunTraining(settings, data, state))
            else:
                check_free(folder)
            config = begin_run(folder, settings)
            console.print(
                _announcement(settings, run.network.architecture, len(run.examples), data)
            )
            curves = tensorboard and tensorboard / folder.resolve().name
            done = _train(run, folder, console, checkpoint_every, curves, stop)
            last = done.history[-1] if done.history else None
            end_run(folder, config, done.problem, run.progress(last), run.shape())
    except KeyboardInterrupt:
        complain(_left(folder))
        raise
    done.warn()
    return done


def _train(
    run: RunTraining,
    folder: Path,
    console: Console,
    every: float,
    curves: Path | None,
    stop: StopAfterBatch,
) -> Trained:
    """Train to the end, and write what there is."""
    started, settings, reports = perf_counter(), run.settings, run.reports
    if curves is not None:
        reports = tracked(
            reports,
            run.network,
            curves,
            examples=represent_split(run.examples, settings.representation),
            settings=settings.as_json(),
            resumed_at=run.epochs_done + 1 if run.step else None,
        )
    writer = run.keep(folder, says(console), every)
    with closing(writer.history) as history:
        problem = watch(reports, settings.epochs, console, writer.keep, stop)
        model = writer.finish(problem)
    return Trained(
        model,
        history.reports,
        settings.epochs,
        perf_counter() - started,
        problem,
        settings.full,
        (folder / CHECKPOINT).exists(),
        folder / BEST if run.best.epoch else None,
        [] if problem else _findings(settings, history),
    )


def _findings(settings: TrainingConfig, history: History) -> list[Finding]:
    """What went wrong with a network that reads no better than guessing."""
    found = diagnose(settings, history.points[-1:])
    return found if any(finding.name == "guessing" for finding in found) else []


def standing(folder: Path, console: Console) -> TrainingState | None:
    """Where the folder's training stopped; None where it was killed before its first checkpoint."""
    if not (folder / CHECKPOINT).exists():
        if (folder / MODEL).exists():
            raise InvalidArgument(
                f"{folder} holds a training that has ended, and its {MODEL}: there is nothing to go "
                f"on with"
            )
        console.print("No checkpoint had been kept yet: it begins anew.")
        return None
    state = load_checkpoint(folder / CHECKPOINT)
    console.print(f"It goes on in epoch {state.epoch}, after mini-batch {state.batch}.")
    if state.epoch > 1 and not (folder / HISTORY).exists():
        console.print(f"{HISTORY} is gone: it begins with epoch {state.epoch}.")
    return state


def told(console: Console, make: Callable[[], _Made]) -> _Made:
    """What ``make`` gives; what it warns of is said in plain words."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        made = make()
    for warning in said:
        console.print(f"{warning.message}.", soft_wrap=True)
    return made


def _left(folder: Path) -> str:
    if not (folder / CHECKPOINT).exists():
        return "left at once, before the first checkpoint"
    return f"left at once; from the last checkpoint goes on:  handwrought train --resume {folder}"


def _announcement(plan: TrainingConfig, architecture: str, n: int, data: Dataset) -> str:
    names = plan.activation
    view = "" if plan.representation == "as-is" else f" ({plan.representation})"
    recipe = f"Recipe {printable(plan.recipe)}: " if plan.recipe else ""
    return (
        f"{recipe}Training {architecture} ({names}; {plan.cost} cost) on "
        f"{n:,} images of {printable(data.name)}{view}, seed {plan.seed}. Ctrl-C stops and keeps the model."
    )


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
        If the folder holds a model, a checkpoint or a committee.
    """
    if any(folder.glob("member-*")):
        raise InvalidArgument(
            f"{folder} holds a committee: nothing was trained; name another folder with --out"
        )
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
