"""The benchmarks run; what they say is for `make bench`."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, BENCHMARKS / script, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_published_results_in_short():
    done = run("published_results.py", "--short", "--rows", "1,5")
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| 784")]
    assert len(rows) == 2
    for row in rows:  # one epoch already is far above what a broken gradient reaches
        assert float(row[5].split("±")[0]) > 80


def test_every_rival_in_short():
    done = run("epochs.py", "--settings", "S", "--images", "500", "--rounds", "1",
               "--rivals", "pytorch,per-example,floor")  # fmt: skip
    assert done.returncode == 0, done.stderr
    for rival in ("handwrought", "pytorch", "per-example", "floor"):
        assert f"| {rival} |" in done.stdout
