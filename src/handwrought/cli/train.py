"""``handwrought train``: the main job, watched."""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from handwrought.cli.committee import run_committee
from handwrought.cli.console import new_console
from handwrought.cli.streams import complain, printable
from handwrought.cli.testing import test_model
from handwrought.cli.training_run import train_one
from handwrought.data.catalog import load_dataset
from handwrought.data.dataset import Dataset
from handwrought.errors import InvalidArgument
from handwrought.runs.config import RunConfig
from handwrought.runs.folder import CONFIG
from handwrought.training.config import TrainingConfig
from handwrought.training.plan import gone_on
from handwrought.training.recipes import load_recipe
from handwrought.training.tensorboard import check_tracking

__all__ = ["configured", "resume", "run"]


def configured(recipe: str | None, asked: dict[str, Any]) -> TrainingConfig:
    """What was asked for by name, then what the recipe says, then the defaults."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", DeprecationWarning)
        config = load_recipe(recipe) if recipe else TrainingConfig()
    for each in said:
        complain(str(each.message))
    return replace(config, **asked)


def run(
    *,
    plan: TrainingConfig,
    out: Path | None,
    committee: int | None,
    member: int | None,
    checkpoint_every: float,
    gallery: bool,
    json_output: bool,
    tensorboard: Path | None = None,
) -> int:
    """Train, save, test, report; returns the exit code."""
    console = new_console(stderr=json_output)
    if member is not None and committee is None:
        raise InvalidArgument("--member says which member of a committee: give --committee, too")
    if tensorboard is not None:
        check_tracking()
    data = load_dataset(plan.dataset)
    if committee is not None:
        return run_committee(
            plan, data, out, committee, member, console, checkpoint_every, json_output, tensorboard
        )
    return _train(
        plan, data, out, console, checkpoint_every, gallery, json_output, tensorboard, go_on=False
    )


def resume(
    folder: Path,
    *,
    asked: dict[str, Any],
    checkpoint_every: float,
    gallery: bool,
    json_output: bool,
    tensorboard: Path | None = None,
) -> int:
    """Go on with what a folder holds: a training, a committee, or a fine-tuning.

    Parameters
    ----------
    folder : Path
    asked : dict
        The options of a training that were given by name.
    """
    config = RunConfig.read(folder / CONFIG)
    if config.lesson is not None:
        from handwrought.cli.fine_tune import resume as go_on

        if tensorboard is not None:
            raise InvalidArgument("--tensorboard has no part in a fine-tuning: leave it out")
        return go_on(config, folder, asked, checkpoint_every, json_output)
    console = new_console(stderr=json_output)
    plan = gone_on(config.settings, asked)
    if tensorboard is not None:
        check_tracking()
    data = load_dataset(plan.dataset)
    if plan.committee is not None:
        return run_committee(
            replace(plan, committee=None),
            data,
            folder,
            plan.committee,
            None,
            console,
            checkpoint_every,
            json_output,
            tensorboard,
        )
    return _train(
        plan, data, folder, console, checkpoint_every, gallery, json_output, tensorboard, go_on=True
    )


def _train(
    plan: TrainingConfig,
    data: Dataset,
    folder: Path | None,
    console: Console,
    checkpoint_every: float,
    gallery: bool,
    json_output: bool,
    tensorboard: Path | None,
    *,
    go_on: bool,
) -> int:
    done = train_one(
        plan,
        data,
        folder,
        console,
        go_on=go_on,
        checkpoint_every=checkpoint_every,
        tensorboard=tensorboard,
    )
    tested = test_model(done.model, data, plan)
    if json_output:
        sys.stdout.write(json.dumps({**done.as_json(), **tested.as_json()}) + "\n")
    else:
        tested.show(console, data, gallery)
    console.print(f"The model was saved in {printable(str(done.model))}", soft_wrap=True)
    if tensorboard is not None:
        curves = printable(str(tensorboard))
        console.print(f"The curves:  tensorboard --logdir {curves}", soft_wrap=True)
        if done.resumable:
            console.print(f"They go on where --tensorboard {curves} is said again.")
    return done.leave(console)
