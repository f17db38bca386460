"""``handwrought train --from MODEL --add DIR``: a model learns one's own digits."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console

from handwrought.cli.console import new_console, tell
from handwrought.cli.progress import StopAfterBatch, says, watch
from handwrought.cli.streams import complain, printable
from handwrought.cli.training_run import check_free, output_folder, standing, told
from handwrought.data.catalog import load_dataset
from handwrought.data.collection import Collection
from handwrought.errors import DataError, InvalidArgument, TrainingDiverged
from handwrought.model import Model
from handwrought.reading.fine_tuned import LEAST, Measured, measured, save_fine_tuned
from handwrought.reading.recognizer import check_reads_digits, shipped_model
from handwrought.runs.folder import CHECKPOINT, CONFIG, FILES, HISTORY, MODEL
from handwrought.runs.history import History
from handwrought.runs.writer import RunWriter
from handwrought.storage.atomic import remove_strays
from handwrought.storage.lock import FolderLock
from handwrought.training.config import renamed
from handwrought.training.fine_tuning import FineTuning, FineTuningPlan, arguments, fine_tune
from handwrought.training.state import TrainingState

__all__ = ["resume", "run"]


def run(
    *,
    source: str,
    add: Path,
    out: Path | None,
    settings: dict[str, Any],
    checkpoint_every: float,
    json_output: bool,
) -> int:
    """Teach, calibrate, save, measure before and after; returns the exit code."""
    plan = FineTuningPlan(source, _model(source).digest or "", str(add), settings)
    return _run(plan, out, checkpoint_every, json_output, go_on=False)


def resume(
    plan: FineTuningPlan,
    folder: Path,
    asked: dict[str, Any],
    checkpoint_every: float,
    json_output: bool,
) -> int:
    """Go on with the fine-tuning of a folder; returns the exit code."""
    now = {**arguments(), "dataset": "mnist", **plan.settings}
    for name, value in asked.items():
        if now.get(name) != value and name not in ("epochs", "learning_rate"):
            raise InvalidArgument(
                f"--{name.replace('_', '-')} cannot change where a fine-tuning goes on (--epochs, "
                f"--learning-rate can): leave it out, or begin anew with --from --add --out"
            )
    changed = replace(plan, settings={**plan.settings, **asked})
    return _run(changed, folder, checkpoint_every, json_output, go_on=True)


def _model(source: str) -> Model:
    return Model.load(shipped_model() if source == "shipped" else source)


def _run(
    plan: FineTuningPlan,
    out: Path | None,
    checkpoint_every: float,
    json_output: bool,
    *,
    go_on: bool,
) -> int:
    started = perf_counter()
    console = new_console(stderr=json_output)
    model = _model(plan.source)
    network = model.network
    if model.digest != plan.model:
        raise InvalidArgument(
            f"{plan.source} is another model than the one that was taught in {out}: put that one "
            f"back, or begin anew with --from --add --out"
        )
    check_reads_digits(plan.source, model)
    collection = Collection.open(Path(plan.add), create=False)
    if len(collection) < LEAST:
        raise DataError(
            f"{plan.add} holds {len(collection)} digits: collect at least {LEAST}, better 30 or more"
        )
    own, held_out = collection.split()
    if not len(own):
        raise DataError(f"{plan.add}: all of its digits fell to those held out: collect some more")
    data = load_dataset("mnist")

    def begun(state: TrainingState | None) -> FineTuning:
        return fine_tune(
            network,
            own,
            data,
            **plan.settings,
            outliers=renamed(model.record).get("outliers", 0.0),
            report_every=20,
            representation=model.representation,
            resume=state,
        )

    tuning = begun(None)  # what can be wrong is found out before the folder is made
    folder = output_folder(out)
    with FolderLock(folder), StopAfterBatch() as stop:
        remove_strays(folder, FILES)
        if not go_on:
            check_free(folder)
        state = standing(folder, console) if go_on else None
        before = measured(model, data, own, held_out)
        if state is not None:
            tuning = told(console, lambda: begun(state))
        if not go_on or FineTuningPlan.read(folder / CONFIG) != plan:
            plan.write(folder / CONFIG)
        console.print(
            f"Teaching {network.architecture} ({printable(plan.source)}) {len(own)} "
            f"digits of {printable(plan.add)}, among MNIST's; {len(held_out)} are held out. Ctrl-C "
            f"stops and keeps the model.",
            soft_wrap=True,
        )
        missing = [str(digit) for digit in range(10) if digit not in own.labels]
        if missing:
            console.print(
                f"There is no {', '.join(missing)} among them: collect some of each digit, or yours may "
                f"be taken for those that are there.",
                soft_wrap=True,
            )
        begun_at = state.epoch - 1 if state is not None else 0
        temperature = 1.0

        def save() -> None:
            nonlocal temperature
            done = history.reports[-1].epoch if history.reports else begun_at
            tuned = {**tuning.settings, "from": printable(plan.source), "epochs_done": done}
            temperature = save_fine_tuned(model, folder / MODEL, data, own, tuned)

        with closing(History(folder / HISTORY, begun_at)) as history:
            writer = RunWriter(
                folder, tuning.training, history, tuning.state, save, _no_best, says(console),
                checkpoint_every,
            )  # fmt: skip
            problem = watch(tuning, tuning.epochs, console, writer.keep, stop)
            writer.finish(problem)
        epochs = len(history.reports)
    after = measured(Model.load(folder / MODEL), data, own, held_out)
    if json_output:
        report = {
            "model": str(folder / MODEL),
            "from": str(shipped_model() if plan.source == "shipped" else plan.source),
            "own_digits": {"training": len(own), "held_out": len(held_out)},
            "before": {name: m.as_json() for name, m in before.items()},
            "after": {name: m.as_json() for name, m in after.items()},
            "test_accuracy": after["test"].accuracy,
            "validation_accuracy": after["validation"].accuracy,
            "temperature": temperature,
            "epochs": epochs,
            "kept_epoch": tuning.kept if problem is None else None,
            "stopped": None if problem is None else problem.__class__.__name__,
            "seconds": perf_counter() - started,
        }
        sys.stdout.write(json.dumps(report) + "\n")
    _show(console, before, after)
    console.print(f"The model was saved in {printable(str(folder / MODEL))}", soft_wrap=True)
    return _leave(problem, tuning.kept, folder, console)


def _no_best() -> None:
    """The model at the end is that of the best epoch."""


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


def _leave(problem: BaseException | None, kept: int, folder: Path, console: Console) -> int:
    if isinstance(problem, TrainingDiverged):
        complain(problem)
        return 1
    if problem is not None:
        tell(console, "Stopped early; the model saved is the one at that moment.")
        if (folder / CHECKPOINT).exists():
            tell(console, f"To go on:  handwrought train --resume {printable(str(folder))}")
        return 130
    if not kept:
        console.print("No epoch read validation and your digits better: it is the model given.")
    return 0
