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
from handwrought.cli.training_run import (
    check_free,
    output_folder,
    standing,
    told,
)  # fmt: skip
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.model import Model
from handwrought.reading.fine_tuned import Measured
from handwrought.reading.lesson import LessonTraining, source_model
from handwrought.reading.recognizer import shipped_model
from handwrought.runs.config import Lesson, RunConfig, begin_run, end_run
from handwrought.runs.folder import CHECKPOINT, FILES, MODEL
from handwrought.storage.atomic import remove_strays
from handwrought.storage.lock import FolderLock
from handwrought.training.config import TrainingConfig
from handwrought.training.fine_tuning import arguments

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
    lesson = Lesson(source, source_model(Lesson(source)).digest or "", str(add))
    config = RunConfig(TrainingConfig(**arguments(**settings)), lesson)
    return _run(config, out, checkpoint_every, json_output, go_on=False)


def resume(
    config: RunConfig,
    folder: Path,
    asked: dict[str, Any],
    checkpoint_every: float,
    json_output: bool,
) -> int:
    """Go on with the fine-tuning of a folder; returns the exit code."""
    changed = replace(config.settings, **asked)
    for name in asked:
        if getattr(changed, name) != getattr(config.settings, name) and name not in (
            "epochs", "learning_rate",
        ):  # fmt: skip
            raise InvalidArgument(
                f"--{name.replace('_', '-')} cannot change where a fine-tuning goes on (--epochs, "
                f"--learning-rate can): leave it out, or begin anew with --from --add --out"
            )
    config = replace(config, settings=changed)
    return _run(config, folder, checkpoint_every, json_output, go_on=True)


def _run(
    config: RunConfig,
    out: Path | None,
    checkpoint_every: float,
    json_output: bool,
    *,
    go_on: bool,
) -> int:
    started = perf_counter()
    console = new_console(stderr=json_output)
    # What can be wrong is found out before the folder is made.
    lesson = LessonTraining(config, out if go_on else None)
    folder = output_folder(out)
    with FolderLock(folder), StopAfterBatch() as stop:
        remove_strays(folder, FILES)
        if not go_on:
            check_free(folder)
        state = standing(folder, console) if go_on else None
        before = lesson.measured(lesson.model)
        if state is not None:
            lesson = told(console, lambda: LessonTraining(config, folder, state))
        kept = begin_run(folder, lesson.settings, config.lesson)
        _announce(console, lesson)
        writer = lesson.keep(folder, says(console), checkpoint_every)
        with closing(writer.history) as history:
            problem = watch(lesson.reports, lesson.settings.epochs, console, writer.keep, stop)
            writer.finish(problem)
        last = history.reports[-1] if history.reports else None
        end_run(folder, kept, problem, lesson.progress(last), lesson.shape())
    after = lesson.measured(Model.load(folder / MODEL))
    if json_output:
        source = lesson.lesson.source
        report = {
            "model": str(folder / MODEL),
            "from": str(shipped_model() if source == "shipped" else source),
            "own_digits": {"training": len(lesson.own), "held_out": len(lesson.held_out)},
            "before": {name: m.as_json() for name, m in before.items()},
            "after": {name: m.as_json() for name, m in after.items()},
            "test_accuracy": after["test"].accuracy,
            "validation_accuracy": after["validation"].accuracy,
            "temperature": lesson.temperature,
            "epochs": len(history.reports),
            "kept_epoch": lesson.tuning.kept if problem is None else None,
            "stopped": None if problem is None else problem.__class__.__name__,
            "seconds": perf_counter() - started,
        }
        sys.stdout.write(json.dumps(report) + "\n")
    _show(console, before, after)
    console.print(f"The model was saved in {printable(str(folder / MODEL))}", soft_wrap=True)
    return _leave(problem, lesson.tuning.kept, folder, console)


def _announce(console: Console, lesson: LessonTraining) -> None:
    own = lesson.own
    console.print(
        f"Teaching {lesson.network.architecture} ({printable(lesson.lesson.source)}) "
        f"{len(own)} digits of {printable(lesson.lesson.digits)}, among MNIST's; "
        f"{len(lesson.held_out)} are held out. Ctrl-C stops and keeps the model.",
        soft_wrap=True,
    )
    missing = [str(digit) for digit in range(10) if digit not in own.labels]
    if missing:
        console.print(
            f"There is no {', '.join(missing)} among them: collect some of each digit, or yours may "
            f"be taken for those that are there.",
            soft_wrap=True,
        )


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
