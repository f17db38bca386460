"""Reliability as figures: killed, failed at every call, disks full, power cut, bits changed.

    python benchmarks/reliability [kills] [faults] [disk] [power] [bits] [--quick]

Each part prints a table and, where anything was lost, broken or other than promised, what; then the
exit code is 1.  ``--quick`` takes a sample of each in a few seconds; without it everything is tried.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

# A child of a process with threads would hang; and nothing is to be compiled for so little.
os.environ.update(
    OPENBLAS_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
    HANDWROUGHT_KERNELS="numpy",
    COLUMNS="200",
)

PARTS = ("kills", "faults", "disk", "power", "bits")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="a sample, in seconds")
    parser.add_argument("--kills", type=int, metavar="N", help="1,000; with --quick 20")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="fault points: every N-th alone"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what chance decides")
    found = parser.parse_args()
    for part in found.parts:
        if part not in PARTS:
            parser.error(f"{part!r} is none of {', '.join(PARTS)}")
    return found


def main() -> int:
    """Run the parts asked for; returns the exit code."""
    asked = _arguments()
    # Memory: to the process that is killed, a disk is no safer, and slower.
    shared = Path("/dev/shm")
    place = shared if shared.is_dir() and os.access(shared, os.W_OK) else None
    wrongs: list[str] = []
    with tempfile.TemporaryDirectory(dir=place, prefix="handwrought-reliability-") as name:
        home = Path(name)
        _warm_up(home)
        for part in asked.parts or PARTS:
            started = time.perf_counter()
            if part == "kills":
                wrongs += _kills(asked, home)
            else:
                more = {"every": asked.every} if part == "faults" else {}
                module = __import__(part)
                wrongs += module.report(home, quick=asked.quick, seed=asked.seed, **more)
            print(f"\n({time.perf_counter() - started:.0f} s)", flush=True)
    for wrong in wrongs:
        print(f"wrong: {wrong}")
    return 1 if wrongs else 0


def _warm_up(home: Path) -> None:
    """Import all that a run imports, by one run here."""
    import typer.main
    from cases import CASES, begin, prepare

    import handwrought.cli

    prepare(home)
    for case in CASES:
        out, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115
        sys.argv = ["handwrought", *begin(case, home / f"warm-{case}")]
        try:
            handwrought.cli.main()
        except SystemExit as leaving:
            if leaving.code:
                raise
        finally:
            sys.stdout.close()
            sys.stdout = out
    # Made from its parameters once, and not in each child: that is half of a trial.
    handwrought.cli.app = typer.main.get_command(handwrought.cli.app)  # type: ignore[assignment]


def _kills(asked: argparse.Namespace, home: Path) -> list[str]:
    import kills

    n = asked.kills or (20 if asked.quick else 1000)
    tallies = kills.campaign(n, home, asked.seed)
    everything = kills.total(tallies)
    print("\n## Killed")
    print(kills.HEAD)
    for what in sorted(tallies, key=lambda what: (what != "at random moments", what)):
        print(tallies[what].row(what))
    print(everything.row("**all**"))
    print(
        f"\n{everything.anew} kills came before anything had been kept: the same command began anew."
    )
    control = kills.planted(5 if asked.quick else 50, home, asked.seed)
    print("\nThe control: the same kills, had checkpoints been written in place.\n")
    print(kills.HEAD)
    print(control.row("within write"))
    blind = [] if control.wrongs else ["the campaign did not see checkpoints written in place"]
    return everything.wrongs + blind


if __name__ == "__main__":
    sys.exit(main())
