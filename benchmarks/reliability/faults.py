"""Every fault point: the k-th call fails, for every k until a run is clean (SQLite's method).

Calls of the system fail once, for a while or from then on; memory runs out, and a second Ctrl-C
comes, at every line of what saves: an exception raised where a line is run for the first or second
time, for every such moment.
"""

from __future__ import annotations

import errno
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import calls
from cases import CHECKPOINT, Position, begin, go_on, models, strays, wrongs
from kills import Reference, reference
from trial import Ended, run

import handwrought

CASE = "short"
SOURCE = Path(handwrought.__file__).parent
SAVING = {
    str(SOURCE / name)
    for name in (
        *("runs/writer.py", "runs/training.py", "runs/models.py", "runs/config.py"),
        *("cli/training_run.py", "cli/progress.py"),
        *("storage/atomic.py", "storage/container.py", "storage/lock.py"),
        *("storage/model_file.py", "storage/sealed.py"),
        *("training/best.py", "runs/checkpoint.py", "runs/history.py"),
        "training/observers.py",
    )
}


Fault = Callable[[int, list[str]], dict[str, Any]]
"""What :func:`trial.run` takes, for the k-th point; notes where it was reached."""


@dataclass
class Points:
    """Faults of one kind."""

    tried: int = 0
    borne: int = 0
    """The training came to its end, to the same bits."""
    told: int = 0
    """It ended with one sentence."""
    resumed: int = 0
    wrongs: list[str] = field(default_factory=list)

    def row(self, what: str) -> str:
        """A line of the table."""
        return (
            f"| {what} | {self.tried:,} | {self.borne:,} | {self.told:,} | {self.resumed:,} "
            f"| {len(self.wrongs)} |"
        )


HEAD = """
| what fails | points | training went on to the same bits | ended with one sentence \
| and went on later to the same bits | wrong |
|---|--:|--:|--:|--:|--:|"""


def report(home: Path, *, quick: bool, seed: int, every: int = 1) -> list[str]:
    """Print the table, of every so many points; returns what is wrong."""
    print("\n## Fault points")
    print(HEAD)
    whole = reference(CASE, home)
    faults: dict[str, Fault] = {}
    for number, word in ((errno.ENOSPC, "disk full"), (errno.EIO, "input/output error")):
        for how, length in (("once", 1), ("for 12 calls", 12), ("from then on", 10**9)):
            faults[f"a call, {word}, {how}"] = partial(_at_calls, number, length)
    faults["memory, at a line"] = partial(_at_a_line, MemoryError)
    faults["a second Ctrl-C, at a line"] = partial(_at_a_line, KeyboardInterrupt)
    found: list[str] = []
    for what, fault in faults.items():
        lines = "line" in what
        for start in ("begun", "gone on with"):
            step = (149 if lines else 43) if quick else every
            points = _every(whole, home, fault, start == "gone on with", step)
            print(points.row(f"{what}; training {start}"), flush=True)
            found += [f"{what}; training {start}: {wrong}" for wrong in points.wrongs]
    return found


def _at_calls(number: int, length: int, k: int, reached: list[str]) -> dict[str, Any]:
    return {"act": calls.failing(number, k, k + length - 1, reached)}


def _at_a_line(error: type[BaseException], k: int, reached: list[str]) -> dict[str, Any]:
    return {"before": partial(_raise_at, error, k, reached)}


def _raise_at(error: type[BaseException], at: int, reached: list[str]) -> None:
    """Raise at the ``at``-th moment that a line of what saves is run, counting each twice."""
    count, seen = 0, Counter[tuple[str, int]]()

    def line(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        here = (frame.f_code.co_filename, frame.f_lineno)
        seen[here] += event == "line"
        if event == "line" and seen[here] <= 2:
            count += 1
            if count == at:
                sys.settrace(None)
                reached.append("reached")
                raise error
        return line

    def called(frame: Any, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename in SAVING else None

    sys.settrace(called)


def _every(
    whole: Reference,
    home: Path,
    fault: Fault,
    going_on: bool,
    step: int,
) -> Points:
    points, folder, half = Points(), home / "faulty", home / "half"
    kept = half_a_training(whole, home, half) if going_on else Position()
    k = 1
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if going_on:
            shutil.copytree(half, folder)
        command = go_on(folder) if going_on else begin(CASE, folder)
        reached: list[str] = []
        ended = run(command, home, notes=reached, **fault(k, reached))
        if not ended.notes:
            return points  # there is no k-th: clean
        found = wrongs(folder, max(ended.kept, kept))
        problems = finished(points, ended, found, folder, home, whole, CASE)
        points.wrongs += [f"point {k}: {problem}" for problem in problems]
        k += step


def finished(
    points: Points,
    ended: Ended,
    found: list[str],
    folder: Path,
    home: Path,
    whole: Reference,
    case: str,
) -> list[str]:
    """Judge a training that met a fault, and go on where it did not end; returns what is wrong."""
    points.tried += 1
    problems = [*found, *filter(None, [ended.sentence])]
    if ended.code == 0:
        same = models(folder) == whole.models
        points.borne += same
        return problems if same else [*problems, "other bits"]
    points.told += ended.sentence is None
    again = _again(folder, home, case)
    same = models(folder) == whole.models
    points.resumed += same and not again
    return problems + (again or ([] if same else ["other bits after going on"]))


def half_a_training(
    whole: Reference, home: Path, folder: Path, case: str = CASE, replaced: int = 3
) -> Position:
    """A training that was killed half way, when so many files had been put in place; returns what it
    had kept."""
    shutil.rmtree(folder, ignore_errors=True)
    at = [k for k, name in enumerate(whole.names, 1) if name == "replace"][replaced]
    kept = run(begin(case, folder), home, calls.killing(at)).kept
    if kept == Position():
        raise SystemExit("half a training keeps no checkpoint")
    return kept


def _again(folder: Path, home: Path, case: str) -> list[str]:
    """Go on where that is needed, with nothing failing."""
    ended: Ended | None = None
    if not (folder / "model.safetensors").exists() or (folder / CHECKPOINT).exists():
        begun = (folder / "config.json").exists()
        ended = run(go_on(folder) if begun else begin(case, folder), home)
    if ended is not None and ended.code:
        return [f"went not on: {ended.code} {ended.err!r}"]
    return [f"left over: {left}"] if (left := strays(folder)) else []
