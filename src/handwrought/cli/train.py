"""``handwrought train``: the main job, watched."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from handwrought.cli.committee import run_committee
from handwrought.cli.console import new_console
from handwrought.cli.streams import printable
from handwrought.cli.testing import test_model
from handwrought.cli.training_run import CONFIG, train_one
from handwrought.data.catalog import load_dataset
from handwrought.errors import InvalidArgument
from handwrought.training.plan import Plan
from handwrought.training.tracking import check_tracking

__all__ = ["run"]


def run(
    *,
    plan: Plan,
    out: Path | None,
    resume: Path | None,
    committee: int | None,
    member: int | None,
    checkpoint_every: float,
    gallery: bool,
    json_output: bool,
    tensorboard: Path | None = None,
) -> int:
    """Train, save, test, report; returns the exit code."""
    console = new_console(stderr=json_output)
    if resume is not None:
        if out is not None or committee is not None:
            raise InvalidArgument(
                "--resume goes on in its own folder: leave --out, --committee out"
            )
        plan = Plan.read(resume / CONFIG)
    if member is not None and committee is None:
        raise InvalidArgument("--member says which member of a committee: give --committee, too")
    if tensorboard is not None:
        check_tracking()
    data = load_dataset(plan.dataset)
    if committee is not None:
        return run_committee(
            plan, data, out, committee, member, console, checkpoint_every, json_output, tensorboard
        )
    done = train_one(
        plan,
        data,
        resume or out,
        console,
        go_on=resume is not None,
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
