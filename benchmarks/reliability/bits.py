"""Every bit of every file of a training, changed: refused in a sentence, or without any effect.

Each bit goes through the function that reads the file; one that it takes is gone on with by the
command line itself, and the models' bytes are compared.  A sample goes through the command line in
any case, where the exit code and the one sentence are looked at, too.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cases import CHECKPOINT, begin, go_on, models
from faults import half_a_training
from kills import Reference, reference
from trial import run

from handwrought.errors import HandwroughtError
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.runs.history import History
from handwrought.storage import load_model

CASE = "adam"
MODELS = ("model.safetensors", "best.safetensors")

HEAD = """
| file | bits | refused when read | without effect | by the command | refused in one sentence \
| the same models | wrong |
|---|--:|--:|--:|--:|--:|--:|--:|"""


@dataclass
class Bits:
    """The bits of one file."""

    tried: int = 0
    refused: int = 0
    """By the function that reads it."""
    without_effect: int = 0
    run: int = 0
    """By the command line."""
    told: int = 0
    """It left with exit code 2 and one sentence."""
    same: int = 0
    """It went on to the same models."""
    wrongs: list[str] = field(default_factory=list)

    def row(self, what: str) -> str:
        """A line of the table."""
        return (
            f"| {what} | {self.tried:,} | {self.refused:,} | {self.without_effect:,} "
            f"| {self.run:,} | {self.told:,} | {self.same:,} | {len(self.wrongs):,} |"
        )


def report(home: Path, *, quick: bool, seed: int) -> list[str]:
    """Print the table, with a sample of the bits where that is asked for; returns what is wrong."""
    print("\n## Bits")
    print(HEAD)
    whole, half, ended = reference(CASE, home), home / "half", home / "ended"
    half_a_training(whole, home, half, CASE, 8)
    shutil.rmtree(ended, ignore_errors=True)
    run(begin(CASE, ended), home)
    # So that the training stands in its second epoch, and its log has a line.
    epochs = load_checkpoint(half / CHECKPOINT).epoch - 1
    assert epochs, "the half training has no line in its log"
    readers: dict[str, tuple[Path, Callable[[Path], Any]]] = {
        CHECKPOINT: (half, load_checkpoint),
        "config.json": (half, RunConfig.read),
        "history.jsonl": (half, partial(_log, epochs)),
        **dict.fromkeys(MODELS, (ended, load_model)),
    }
    chance, found = random.Random(seed), []
    for name, (folder, read) in readers.items():
        bits = _changed(name, folder, read, whole, home, chance, quick)
        print(bits.row(name), flush=True)
        found += [f"{name}: {wrong}" for wrong in bits.wrongs]
    print("\nThe control: a checkpoint of format 1, whose header no digest covered.\n")
    print(HEAD.strip())
    _uncovered(half / CHECKPOINT)
    control = _changed(CHECKPOINT, half, load_checkpoint, whole, home, chance, quick, header=True)
    print(control.row(CHECKPOINT))
    blind = [] if control.wrongs else ["the campaign did not see a header that nothing covers"]
    return found + blind


def _log(epochs: int, path: Path) -> None:
    History(path, epochs).close()


def _changed(
    name: str,
    folder: Path,
    read: Callable[[Path], Any],
    whole: Reference,
    home: Path,
    chance: random.Random,
    quick: bool,
    *,
    header: bool = False,
) -> Bits:
    bits, path = Bits(), home / "bits" / name
    path.parent.mkdir(exist_ok=True)
    content = (folder / name).read_bytes()
    length = 8 + int.from_bytes(content[:8], "little") if header else len(content)
    every = range(8 * length)
    chosen = sorted(chance.sample(every, min(len(every), 2000))) if quick else every
    by_command = set(chance.sample(list(chosen), 5 if quick else 50))
    for at in chosen:
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        bits.tried += 1
        try:
            read(path)
        except HandwroughtError as error:
            bits.refused += "\n" not in str(error)
            taken = False
        else:
            taken = True
        if (taken or at in by_command) and name not in MODELS:
            _by_command(bits, at, name, bytes(changed), folder, whole, home, taken=taken)
        elif taken:
            bits.wrongs.append(f"bit {at} is taken")
        if header and len(bits.wrongs) >= 20:
            break  # the control has been seen
    return bits


def _by_command(
    bits: Bits,
    at: int,
    name: str,
    changed: bytes,
    folder: Path,
    whole: Reference,
    home: Path,
    *,
    taken: bool,
) -> None:
    """Go on with a training one file of which has a bit changed."""
    going = home / "going"
    shutil.rmtree(going, ignore_errors=True)
    shutil.copytree(folder, going)
    (going / name).write_bytes(changed)
    ended = run(go_on(going), home)
    bits.run += 1
    if ended.code == 0 and models(going) == whole.models:
        bits.same += 1
        bits.without_effect += taken
    elif ended.code == 2 and ended.sentence is None:
        bits.told += 1
        if taken:
            bits.refused += 1
    else:
        bits.wrongs.append(f"bit {at}: exit code {ended.code}, {ended.err[-200:]!r}")


def _uncovered(path: Path) -> None:
    """Make it what the first format was."""
    from safetensors.numpy import save

    from handwrought.runs.checkpoint import _digest_of_format_1

    state = load_checkpoint(path)
    settings = {
        key: value
        for key, value in state.settings.items()
        if key not in ("activations", "cost", "dtype", "data")
    }
    header = {
        "format": 1,
        "settings": {**settings, "engine": "plain"},
        "epoch": state.epoch,
        "batch": state.batch,
        "numbers": dict(state.numbers),
        "digest": _digest_of_format_1(state.arrays),
    }
    path.write_bytes(save(dict(state.arrays), {"handwrought-checkpoint": json.dumps(header)}))
