"""Killed at random moments, and at each call of a save: what is left, and what comes of going on."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import calls
from cases import CASES, CHECKPOINT, Position, begin, go_on, models, strays, wrongs
from trial import run


@dataclass
class Reference:
    """A case that nothing interrupted."""

    models: dict[str, bytes]
    seconds: float
    names: list[str]
    """Of its calls."""


@dataclass
class Tally:
    """Kills of one kind."""

    kills: int = 0
    trainings: int = 0
    anew: int = 0
    """Killed before there was a config.json: begun again with the same words."""
    identical: int = 0
    wrongs: list[str] = field(default_factory=list)

    def row(self, what: str) -> str:
        """A line of the table."""
        lost = sum(wrong.startswith("lost") for wrong in self.wrongs)
        broken = sum(wrong.startswith("broken") for wrong in self.wrongs)
        other = len(self.wrongs) - lost - broken
        return (
            f"| {what} | {self.kills:,} | {self.trainings:,} | {self.identical:,} | {lost} "
            f"| {broken} | {other} |"
        )


HEAD = """
| killed | kills | trainings | ended with identical bits | checkpoints lost | files broken | other |
|---|--:|--:|--:|--:|--:|--:|"""


def reference(case: str, home: Path) -> Reference:
    """Run a case without a fault, thrice: the same bits each time."""
    found = []
    for _ in range(3):
        folder = home / "whole"
        shutil.rmtree(folder, ignore_errors=True)
        names: list[str] = []
        ended = run(begin(case, folder), home, calls.counting(names), notes=names)
        if ended.code or strays(folder) or (folder / CHECKPOINT).exists():
            raise SystemExit(f"{case}: {ended}")
        found.append(Reference(models(folder), ended.seconds, ended.notes))
    if found[0].models != found[-1].models:
        raise SystemExit(f"{case} gives other bits each time: nothing can be compared")
    return Reference(found[0].models, median(ref.seconds for ref in found), found[0].names)


def campaign(n: int, home: Path, seed: int) -> dict[str, Tally]:
    """``n`` kills: one half at random moments, one half at calls."""
    chance = random.Random(seed)
    references = {case: reference(case, home) for case in CASES}
    tallies = {"at random moments": Tally()}
    while tallies["at random moments"].kills < n - n // 2:
        case = chance.choice(list(CASES))
        _random_kills(case, references[case], home, chance, tallies["at random moments"])
    points = [
        (case, name, at, within)
        for case, ref in references.items()
        for at, name in enumerate(ref.names, 1)
        for within in ((False, True) if name == "write" else (False,))
    ]
    chosen = chance.sample(points, min(n // 2, len(points)))
    chosen += chance.choices(points, k=n // 2 - len(chosen))
    for case, name, at, within in sorted(chosen):
        kind = f"{'within' if within else 'before'} {name}"
        act = calls.killing(at, within=within)
        _aimed_kill(case, references[case], home, act, tallies.setdefault(kind, Tally()))
    return tallies


def planted(n: int, home: Path, seed: int) -> Tally:
    """The same aimed kills of a training that writes in place: the campaign must find it out."""
    chance, case, tally = random.Random(seed), "sgd", Tally()
    whole = reference(case, home)
    names: list[str] = []
    shutil.rmtree(home / "killed", ignore_errors=True)
    act = calls.counting(names)
    ended = run(begin(case, home / "killed"), home, act, before=write_in_place, notes=names)
    writes = [at for at, name in enumerate(ended.notes, 1) if name == "write"]
    for at in chance.sample(writes, min(n, len(writes))):
        act = calls.killing(at, within=True)
        _aimed_kill(case, whole, home, act, tally, before=write_in_place)
    return tally


def write_in_place() -> None:
    """What many a program does to save a file."""
    from handwrought.runs import checkpoint

    def write(path: Path, content: bytes) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.write(handle, content)
        os.close(handle)

    checkpoint.write_atomically = write


def _random_kills(
    case: str, whole: Reference, home: Path, chance: random.Random, tally: Tally
) -> None:
    """One training, killed up to three times on its way."""
    folder = home / "killed"
    shutil.rmtree(folder, ignore_errors=True)
    promised = Position()
    for _ in range(chance.randint(1, 3)):
        delay = chance.uniform(0, 1.1 * whole.seconds)
        ended = run(_next(case, folder, tally), home, kill_after=delay)
        promised = max(promised, ended.kept)
        if ended.code == 0:
            break
        tally.kills += 1
        tally.wrongs += wrongs(folder, promised)
        if (folder / "model.safetensors").exists() and not (folder / CHECKPOINT).exists():
            break
    _finish(case, whole, home, folder, tally)


def _aimed_kill(
    case: str, whole: Reference, home: Path, act: calls.Act, tally: Tally, before: object = None
) -> None:
    folder = home / "killed"
    shutil.rmtree(folder, ignore_errors=True)
    ended = run(begin(case, folder), home, act, before=before)  # type: ignore[arg-type]
    if ended.code != -9:
        return
    tally.kills += 1
    found = wrongs(folder, ended.kept)
    tally.wrongs += found
    if not found:
        _finish(case, whole, home, folder, tally)
    else:
        tally.trainings += 1


def _next(case: str, folder: Path, tally: Tally) -> list[str]:
    """What a user would type now."""
    if (folder / "config.json").exists():
        return go_on(folder)
    tally.anew += folder.exists()
    return begin(case, folder)


def _finish(case: str, whole: Reference, home: Path, folder: Path, tally: Tally) -> None:
    """Go on to the end, and compare."""
    tally.trainings += 1
    if (folder / CHECKPOINT).exists() or not (folder / "model.safetensors").exists():
        ended = run(_next(case, folder, tally), home)
        if ended.code or ended.sentence:
            tally.wrongs.append(f"went not on: {ended.code} {ended.err}")
            return
        if left := strays(folder):
            tally.wrongs.append(f"left over: {left}")
    if models(folder) == whole.models:
        tally.identical += 1
    else:
        tally.wrongs.append(f"{case}: other bits")


def total(tallies: dict[str, Tally]) -> Tally:
    """All kinds together."""
    numbers = Counter[str]()
    everything = Tally()
    for tally in tallies.values():
        numbers.update(
            kills=tally.kills, trainings=tally.trainings, anew=tally.anew, identical=tally.identical
        )
        everything.wrongs += tally.wrongs
    everything.kills, everything.trainings = numbers["kills"], numbers["trainings"]
    everything.anew, everything.identical = numbers["anew"], numbers["identical"]
    return everything
