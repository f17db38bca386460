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
from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import represent_split
from handwrought.errors import CannotWrite, InvalidArgument, TrainingDiverged
from handwrought.nn.network import Network
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.folder import BEST, CHECKPOINT, CONFIG, FILES, HISTORY, MODEL
from handwrought.runs.history import History
from handwrought.runs.writer import RunWriter
from handwrought.storage.atomic import remove_strays, sync_folder
from handwrought.storage.header import MAX_LABEL
from handwrought.storage.lock import FolderLock
from handwrought.training.best import Best
from handwrought.training.config import TrainingConfig
from handwrought.training.diagnosis import Finding, diagnose
from handwrought.training.metrics import SAMPLE, Measurer, Now, Point
from handwrought.training.observers import early_stopped, remembered
from handwrought.training.plan import build, read_plan, record_of, trained_on, write_plan
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.tensorboard import tracked
from handwrought.training.train import Training, begin_training, go_on

__all__ = [
    "CHECKPOINT",
    "CHECKPOINT_SECONDS",
    "CONFIG",
    "MODEL",
    "Trained",
    "check_free",
    "going_on",
    "output_folder",
    "standing",
    "told",
    "train_one",
]

CHECKPOINT_SECONDS = 300.0
"""Between two checkpoints, since a large network's takes a moment to be safe on the disk."""

_MOST_LABELS = 1000
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
    plan: TrainingConfig,
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
    network, split = build(plan, data), trained_on(plan, data)
    # Everything that can be wrong is found out before the folder is made.
    training = None if go_on else begin_training(network, split, plan, report_every=1)
    folder = output_folder(folder)
    try:
        with FolderLock(folder), StopAfterBatch() as stop:
            remove_strays(folder, FILES)
            state = None
            if training is None:
                state = standing(folder, console)
                training = going_on(network, split, state, console, plan)
            else:
                check_free(folder)
            if not go_on or not (folder / CONFIG).exists() or read_plan(folder / CONFIG) != plan:
                write_plan(plan, folder / CONFIG)
            examples = split.train if isinstance(split, Dataset) else split
            n = len(examples)
            console.print(_announcement(plan, network.sizes, n, data))
            record = {
                **record_of(plan),
                # A file's name, and a header is text in UTF-8.
                "recipe": printable(plan.recipe),
                "dataset": printable(data.name),
                "images": n,
                "class_names": _class_names(data),
            }
            curves = tensorboard and tensorboard / folder.resolve().name
            kept = _Kept(folder, record, console, checkpoint_every, curves)
            done = _train(plan, network, examples, training, state, kept, stop)
    except KeyboardInterrupt:
        complain(_left(folder))
        raise
    done.warn()
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
    plan: TrainingConfig,
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
        best.restore(state)
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
            examples=represent_split(examples, plan.representation),
            settings=plan.as_json(),
            resumed_at=None if state is None else state.epoch,
        )
    begun = state.epoch - 1 if state is not None else 0
    with closing(History(kept.folder / HISTORY, begun)) as history:
        models = _Models(kept, network, best, history, begun)
        writer = RunWriter(
            kept.folder,
            training,
            history,
            lambda: training.state().including(best),
            models.write,
            models.write_best,
            says(kept.console),
            kept.every,
            _measure(plan, network, examples),
        )
        problem = watch(reports, plan.epochs, kept.console, writer.keep, stop)
        model = writer.finish(problem)
    return Trained(
        model,
        history.reports,
        plan.epochs,
        perf_counter() - started,
        problem,
        plan.full,
        (kept.folder / CHECKPOINT).exists(),
        kept.folder / BEST if best.epoch else None,
        [] if problem else _findings(plan, history),
    )


def _findings(plan: TrainingConfig, history: History) -> list[Finding]:
    """What went wrong with a network that reads no better than guessing."""
    found = diagnose(plan, history.points[-1:])
    return found if any(finding.name == "guessing" for finding in found) else []


def _measure(
    plan: TrainingConfig, network: Network, examples: Split
) -> Callable[[EpochReport], Point | None] | None:
    """Measures what the studio shows of an epoch; None where examples have no class each."""
    if examples.labels.ndim != 1:
        return None
    measurer = Measurer(represent_split(examples[:SAMPLE], plan.representation), None)
    batches = -(-len(examples) // plan.batch_size)
    return lambda report: measurer.point(network, Now.of(report, batches), report)


@dataclass
class _Models:
    """The models that a training writes."""

    kept: _Kept
    network: Network
    best: Best
    history: History
    begun: int
    """Epochs that were done when it began, or went on."""
    _best_written: int = 0

    def write(self) -> None:
        last = self.history.reports[-1] if self.history.reports else None
        self._save(self.network, MODEL, last.epoch if last else self.begun,
                   last.validation_accuracy if last else None)  # fmt: skip

    def write_best(self) -> None:
        if self.best.epoch != self._best_written:
            self._save(self.best.restored(), BEST, self.best.epoch, self.best.score)
            self._best_written = self.best.epoch

    def _save(self, network: Network, name: str, epochs: int, accuracy: float | None) -> None:
        network.save(
            self.kept.folder / name,
            **self.kept.record,
            epochs_done=epochs,
            validation_accuracy=accuracy,
        )


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


def going_on(
    network: Network,
    data: Dataset | Split,
    state: TrainingState | None,
    console: Console,
    plan: TrainingConfig,
) -> Training:
    """The training from this state on, or from the beginning."""
    if state is None:
        return begin_training(network, data, plan, report_every=1)
    return told(console, lambda: go_on(network, data, state, plan, report_every=1))


def _left(folder: Path) -> str:
    if not (folder / CHECKPOINT).exists():
        return "left at once, before the first checkpoint"
    return f"left at once; from the last checkpoint goes on:  handwrought train --resume {folder}"


def _announcement(plan: TrainingConfig, sizes: tuple[int, ...], n: int, data: Dataset) -> str:
    names = plan.activation
    view = "" if plan.representation == "as-is" else f" ({plan.representation})"
    recipe = f"Recipe {printable(plan.recipe)}: " if plan.recipe else ""
    return (
        f"{recipe}Training {'-'.join(map(str, sizes))} ({names}; {plan.cost} cost) on "
        f"{n:,} images of {printable(data.name)}{view}, seed {plan.seed}. Ctrl-C stops and keeps the model."
    )


def _class_names(data: Dataset) -> list[str] | None:
    """The classes' names for the model's header, which has room for so many and so long ones."""
    names = data.class_names
    return [printable(name)[:MAX_LABEL] for name in names] if len(names) <= _MOST_LABELS else None


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
