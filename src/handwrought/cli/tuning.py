"""A search on the screen: each trial as it ends, Ctrl-C, the table at the end, the best as a recipe."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections import Counter
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from handwrought.cli.console import new_console, tell
from handwrought.cli.progress import StopAfterBatch
from handwrought.cli.streams import printable
from handwrought.cli.testing import share
from handwrought.cli.train import configured
from handwrought.data.catalog import load_dataset
from handwrought.data.dataset import Dataset
from handwrought.data.representations import represent_split
from handwrought.errors import InvalidArgument
from handwrought.search.search import Search, TrialReport, begin_search
from handwrought.search.space import Choice, Space, default_space, planned, read_space
from handwrought.search.study import quiet
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import read_regular
from handwrought.training.config import TrainingConfig
from handwrought.training.recipes import MOST_BYTES, recipe_text
from handwrought.training.reports import EpochReport
from handwrought.training.tensorboard import check_tracking, tracked

__all__ = ["run"]

_ROWS = 10


def run(
    *,
    recipe: str | None,
    dataset: str,
    seed: int,
    settings: list[str],
    space_file: Path | None,
    trials: int,
    timeout: float | None,
    pruner: str,
    images: int | None,
    storage: Path,
    name: str | None,
    out: Path | None,
    tensorboard: Path | None,
    json_output: bool,
) -> int:
    """Search, show, write the best; returns the exit code."""
    for option, value in (("--trials", trials), ("--timeout", timeout), ("--images", images)):
        if value is not None and not value > 0:
            raise InvalidArgument(f"{option} is {value}: it must be above 0")
    console = new_console(stderr=json_output)
    plan = configured(recipe, {"dataset": dataset, "seed": seed, "full": False})
    said = read_space(settings, space_file)
    name = name or f"{plan.recipe or 'plain'}-{Path(dataset).stem}"
    out = out or Path(f"{name}-best.toml")
    _check_place(out, _mark(name, storage))
    track = None
    if tensorboard is not None:
        check_tracking()
        track = _Tracks(tensorboard / name)
    data = load_dataset(dataset)
    if images is not None:
        data = replace(data, train=data.train[:images])
    plan, space = _settled(plan, said, data)
    quiet()
    search = begin_search(plan, space, data, storage=storage, name=name, pruner=pruner, track=track)
    if track is not None:
        track.data = search.data
    console.print(_announcement(search, trials, data), soft_wrap=True)
    stopped = _watch(search, trials, timeout, console)
    best = search.best()
    if best is not None:
        _write(search, best, out, _mark(name, storage))
    if json_output:
        sys.stdout.write(json.dumps(_as_json(search, best, out, stopped)) + "\n")
    return _leave(search, best, out, trials, stopped, console)


def _settled(plan: TrainingConfig, said: Space, data: Dataset) -> tuple[TrainingConfig, Space]:
    """The plan with what is fixed, and what is left to search."""
    fixed = {
        name: each.values[0]
        for name, each in said.items()
        if isinstance(each, Choice) and len(each.values) == 1
    }
    plan = planned(plan, fixed)
    space = {name: each for name, each in said.items() if name not in fixed}
    if space:
        return plan, space
    taken = {name.split(".")[0] for name in fixed}
    taken |= {"relative_learning_rate"} if "learning_rate" in fixed else set()
    space = {n: each for n, each in default_space(plan, data).items() if n not in taken}
    if not space:
        raise InvalidArgument("nothing is left to search: name a range, --set weight_decay=0..1e-3")
    return plan, space


class _Tracks:
    """Writes each trial's curves into a folder of its own."""

    data: Dataset

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, reports: Any, network: Any, plan: TrainingConfig, number: int) -> Any:
        return tracked(
            reports,
            network,
            self.folder / f"trial-{number:03d}",
            examples=represent_split(self.data.train, plan.representation),
            settings=plan.as_json(),
        )


# --- on the screen -----------------------------------------------------------------------------------


def _announcement(search: Search, trials: int, data: Dataset) -> str:
    counts = _counts(search.trials())
    known = f" ({counts} so far)" if counts else ""
    searched = "; ".join(f"{name} {each}" for name, each in search.space.items())
    held_out = 0 if data.validation is None else len(data.validation)
    study, storage = printable(search.study.study_name), printable(str(search.storage))
    return (
        f"Study {study} in {storage}: {trials} trials{known} on "
        f"{len(data.train):,} images, judged on {held_out:,} validation images; test images have no "
        f"part in it.\nSearching {searched}.  Ctrl-C stops and keeps what is known."
    )


def _watch(search: Search, trials: int, seconds: float | None, console: Console) -> bool:
    """Show the trials as they end; returns whether Ctrl-C stopped it."""
    progress = Progress(
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    stop = StopAfterBatch()
    with stop, progress, closing(search.run(trials, seconds)) as reports:
        task = progress.add_task("", total=None)
        for report in reports:
            if isinstance(report, TrialReport):
                console.print(_line(report), soft_wrap=True)
            else:
                told = report.report
                accuracy = (
                    f"  validation {told.validation_accuracy:.2%}"
                    if isinstance(told, EpochReport) and told.validation_accuracy is not None
                    else ""
                )
                where = f"trial {report.number}: epoch {told.epoch} of {told.epochs}"
                progress.update(task, description=where + accuracy)
            if stop.asked:
                return True
    return False


def _line(trial: TrialReport) -> str:
    accuracy = "       -" if trial.accuracy is None else f"{trial.accuracy:8.2%}"
    why = f"  [{trial.state}: {printable(trial.reason)}]" if trial.reason else ""
    return (
        f"trial {trial.number:3d}  validation {accuracy}  epochs {trial.epochs:3d} "
        f"{trial.seconds:6.1f} s  {_settings(trial)}{why}"
    )


def _settings(trial: TrialReport) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in trial.values.items()
    )


def _counts(trials: list[TrialReport]) -> str:
    return ", ".join(f"{n} {state}" for state, n in Counter(t.state for t in trials).items())


def _table(trials: list[TrialReport]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("trial", "validation", "epochs", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("settings", overflow="fold")
    ranked = sorted(
        (t for t in trials if t.state == "complete"), key=lambda t: -(t.accuracy or 0.0)
    )
    for trial in ranked[:_ROWS]:
        table.add_row(
            str(trial.number),
            f"{trial.accuracy:.2%}",
            str(trial.epochs),
            f"{trial.seconds:.1f}",
            _settings(trial),
        )
    return table


def _leave(
    search: Search,
    best: TrialReport | None,
    out: Path,
    trials: int,
    stopped: bool,
    console: Console,
) -> int:
    """The table, the best, and how to go on; returns the exit code."""
    known = search.trials()
    console.print(f"\n{_counts(known) or 'No trials'}.")
    if best is not None and best.accuracy is not None and search.data.validation is not None:
        console.print(_table(known))
        judged = share(best.accuracy, len(search.data.validation)).replace(
            "images", "validation images"
        )
        console.print(f"\nThe best is trial {best.number}: {judged}.", soft_wrap=True)
        console.print(
            printable(
                f"Its recipe was written to {out}.  To train with it:  handwrought train --recipe "
                f"{shlex.quote(str(out))}{_on(search.plan.dataset)}"
            ),
            soft_wrap=True,
        )
    if sum(trial.state not in ("stopped", "running") for trial in known) < trials:
        tell(console, printable(f"To go on:  handwrought {shlex.join(sys.argv[1:])}"))
    if stopped:
        return 130
    if best is None:
        console.print("No trial came to its end, so there is no recipe.")
        return 1
    return 0


def _on(dataset: str) -> str:
    return "" if dataset == "mnist" else f" --dataset {shlex.quote(dataset)}"


def _as_json(search: Search, best: TrialReport | None, out: Path, stopped: bool) -> dict[str, Any]:
    return {
        "study": search.study.study_name,
        "storage": str(search.storage),
        "trials": [asdict(trial) for trial in search.trials()],
        "best": None if best is None else asdict(best),
        "recipe": None if best is None else str(out),
        "stopped": stopped,
    }


# --- the best, as a recipe ---------------------------------------------------------------------------


def _mark(name: str, storage: Path) -> str:
    """The beginning of a recipe that this study wrote, and may write anew."""
    return f"Found by handwrought tune, study {name} in {storage.name}:"


def _check_place(out: Path, mark: str) -> None:
    """Before hours of search: whether there is a place for what they find."""
    if out.exists():
        try:
            ours = read_regular(out, MOST_BYTES).startswith(f"# {mark}".encode())
        except OSError:
            ours = False
        if not ours:
            raise InvalidArgument(
                f"{out} is there already and was not written by this study: name another --out"
            )
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise InvalidArgument(
            f"{out} cannot be written, for {out.parent} is no folder to write in: name another --out"
        )


def _write(search: Search, best: TrialReport, out: Path, mark: str) -> None:
    data, plan = search.data, search.plan_of(best.number)
    judged = 0 if data.validation is None else len(data.validation)
    searched = "; ".join(f"{name} {each}" for name, each in search.space.items())
    comment = (
        f"{mark} trial {best.number} of {_counts(search.trials())}.\n"
        f"{best.accuracy:.2%} of {judged:,} validation images of {data.name}, after training on "
        f"{len(data.train):,};\n"
        f"the best of several looks better than it is, so measure it on the test images, once.\n"
        f"Searched: {searched}"
    )
    found = replace(plan, about=f"the best that a search found on {printable(data.name)}")
    try:
        write_atomically(out, recipe_text(found, printable(comment, keep="\n")).encode())
    except OSError as error:
        raise InvalidArgument(
            f"{out} cannot be written ({error.strerror}); the study is kept: name another --out"
        ) from None
