"""``handwrought train --committee N``: members that see the digits differently, and their vote."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

from rich.console import Console

from handwrought.cli.testing import averages_known, share, test_committee, test_model
from handwrought.cli.training_run import output_folder, train_one
from handwrought.data.dataset import Dataset
from handwrought.data.representations import REPRESENTATIONS
from handwrought.errors import InvalidArgument
from handwrought.runs.config import RunConfig
from handwrought.runs.folder import CHECKPOINT, CONFIG, MODEL
from handwrought.training.config import TrainingConfig

__all__ = ["member_representations", "run_committee"]

_MOST = 100


def member_representations(first: str) -> list[str]:
    """In which representations members see pictures, in turn: this one, then the others of its kind, be it of
    pixels or of strokes."""
    strokes = REPRESENTATIONS[first].strokes
    return [
        first,
        *(n for n, each in REPRESENTATIONS.items() if each.strokes == strokes and n != first),
    ]


def run_committee(
    plan: TrainingConfig,
    data: Dataset,
    out: Path | None,
    n: int,
    member: int | None,
    console: Console,
    checkpoint_every: float,
    json_output: bool,
    tensorboard: Path | None = None,
) -> int:
    """Train the members that are not there yet, one after the other, and test their mean."""
    if not 2 <= n <= _MOST:
        raise InvalidArgument(f"--committee is {n}: give a number of members from 2 to {_MOST}")
    if member is not None and not 1 <= member <= n:
        raise InvalidArgument(f"--member is {member}: the committee has members 1 to {n}")
    if out is None:
        raise InvalidArgument("--committee needs a folder for its members: name one with --out")
    if member is None:
        _keep_plan(replace(plan, committee=n), out)
    representations: list[Any] = (
        member_representations(plan.representation) if data.train.images.ndim == 3 else ["as-is"]
    )
    for i in range(1, n + 1) if member is None else (member,):
        folder = out / f"member-{i}"
        own = replace(
            plan,
            seed=plan.seed + i - 1,
            representation=representations[(i - 1) % len(representations)],
        )
        if (folder / CONFIG).exists() and RunConfig.read(folder / CONFIG).settings != own:
            raise InvalidArgument(
                f"{folder} holds a member that was trained otherwise: name another --out"
            )
        if (folder / MODEL).exists() and not (folder / CHECKPOINT).exists():
            continue
        done = train_one(
            own,
            data,
            folder,
            console,
            go_on=(folder / CHECKPOINT).exists(),
            checkpoint_every=checkpoint_every,
            tensorboard=tensorboard and tensorboard / out.resolve().name,
        )
        if done.problem is not None:
            return done.leave(console)
        tested = test_model(done.model, data, own)
        if tested.result is not None:
            console.print(
                f"Member {i} ({own.representation}): test accuracy "
                f"{share(tested.result.accuracy, tested.result.n)}"
            )
    if member is not None or data.test is None:
        return 0
    report = test_committee(out, data.test, console, averages_known(plan))
    if json_output:
        sys.stdout.write(json.dumps(report) + "\n")
    return 0


def _keep_plan(plan: TrainingConfig, out: Path) -> None:
    """What ``--resume`` goes on with; of a larger committee than before, where it grows."""
    folder = output_folder(out)
    if (folder / CONFIG).exists():
        kept = RunConfig.read(folder / CONFIG).settings
        if kept.committee is None or replace(kept, committee=plan.committee) != plan:
            raise InvalidArgument(
                f"{out} holds a committee that was trained otherwise, or another training: name "
                f"another --out"
            )
        if kept.committee >= (plan.committee or 0):
            return
    RunConfig(plan, name=folder.resolve().name[:80], created=time()).write(folder / CONFIG)
