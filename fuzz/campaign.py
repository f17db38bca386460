"""The campaign: every reader under Atheris, and bugs planted in them that must be found.

``python -m fuzz.campaign [--cases N] [--planted-cases N] [--reader NAME]... [--keep FOLDER]``

N cases are shared out among the readers by what a case of each costs.  Prints a table and fails
where a reader did anything but answer or refuse, or a planted bug was not found.  A file that
broke a reader is kept in FOLDER, by default ``build/hostile``.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from fuzz.planted import PLANTED
from fuzz.readers import READERS
from fuzz.seeds import seeds

__all__ = ["Outcome", "attack", "main"]

SHARES = {
    "idx images": 22, "idx labels": 2, "npz": 6, "csv": 18, "picture": 4, "digit folder": 3,
    "collection index": 10, "model": 7, "nielsen": 4, "checkpoint": 6, "recipe": 4, "plan": 5,
    "history": 9,
}  # fmt: skip
"""Per cent of the cases; slow readers get fewer."""
_LONGEST = 6_000


@dataclass(frozen=True)
class Outcome:
    """What one reader went through."""

    cases: int
    branches: int
    """Of all that is watched, libraries included, as libFuzzer counts them."""
    ours: str
    """Of our own files that read, of how many."""
    seconds: float
    broken: Path | None
    words: str


def attack(reader: str, cases: int, folder: Path, planted: str | None = None) -> Outcome:
    """So many files for one reader, in a process of its own; it ends at the first that breaks it."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(seeds(reader)):
        (corpus / f"seed-{i}").write_bytes(seed)
    command = [
        sys.executable, "-m", "fuzz.target", reader, *(["--plant", planted] if planted else []),
        f"-runs={cases}", f"-artifact_prefix={folder}/", f"-max_len={_LONGEST}", "-seed=1",
        "-keep_seed=1", "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    start = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    log = done.stdout + done.stderr
    found = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode and not found:
        raise RuntimeError(f"{reader} could not be attacked:\n{log[-2000:]}")
    covered = re.findall(r"cov: (\d+)", log)
    return Outcome(
        int(re.findall(r"number_of_executed_units: (\d+)", log)[-1]),
        int(covered[-1]) if covered else 0,
        "" if planted or found else _replayed(reader, corpus),
        perf_counter() - start,
        found[0] if found else None,
        next(iter(re.findall(r"exception: ===\s*(\S.*)$", log, re.MULTILINE)), ""),
    )


def _replayed(reader: str, corpus: Path) -> str:
    """Branches of our own files that the corpus reaches, of how many."""
    command = [sys.executable, "-m", "fuzz.replay", reader, str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return " of ".join(done.stdout.split()[-2:])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000_000)
    parser.add_argument("--planted-cases", type=int, default=50_000)
    parser.add_argument("--reader", action="append", choices=list(READERS))
    parser.add_argument("--keep", type=Path, default=Path("build/hostile"))
    asked = parser.parse_args()
    readers = asked.reader or list(READERS)
    broken = total = 0
    if asked.cases:
        print(
            "| reader | cases | branches reached, with libraries | in our files | minutes | broken by |"
        )
        print("|---|---|---|---|---|---|")
    for reader in readers if asked.cases else []:
        with tempfile.TemporaryDirectory() as folder:
            outcome = attack(reader, max(1, asked.cases * SHARES[reader] // 100), Path(folder))
            total += outcome.cases
            if outcome.broken is not None:
                broken += 1
                asked.keep.mkdir(parents=True, exist_ok=True)
                kept = asked.keep / f"{reader.replace(' ', '-')}-{outcome.broken.name}"
                shutil.copy(outcome.broken, kept)
        what = f"{outcome.words} ({kept})" if outcome.broken is not None else "none"
        print(
            f"| {reader} | {outcome.cases:,} | {outcome.branches:,} | {outcome.ours} | "
            f"{outcome.seconds / 60:.1f} | {what} |",
            flush=True,
        )
    if asked.cases:
        print(f"\n{total:,} cases, {broken} readers broken\n")
    missed = 0
    bugs = [bug for bug in PLANTED.values() if bug.reader in readers]
    if asked.planted_cases:
        print("| planted bug | reader | found after cases | as |\n|---|---|---|---|")
        for bug in bugs:
            with tempfile.TemporaryDirectory() as folder:
                outcome = attack(bug.reader, asked.planted_cases, Path(folder), bug.name)
            missed += outcome.broken is None
            when = f"{outcome.cases:,}" if outcome.broken is not None else "**not found**"
            print(f"| {bug.name} | {bug.reader} | {when} | {outcome.words[:80]} |", flush=True)
        print(f"\n{len(bugs) - missed} of {len(bugs)} planted bugs found")
    return 1 if broken or missed else 0


if __name__ == "__main__":
    sys.exit(main())
