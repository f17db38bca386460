"""The figures of docs/reliability.md, in short: each campaign finds nothing, and its control does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def printed():
    """What all five campaigns print, a part each."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "reliability", "--quick"],
        capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("\n## ")[1:]


def figures(part):
    """Each row of a part's tables: its name, and the cells after."""
    rows = [line.strip("|").split("|") for line in part.splitlines() if line[:2] == "| "]
    return [[cell.strip() for cell in row] for row in rows]


def numbers(row):
    return [int(cell.replace(",", "")) for cell in row[1:]]


def test_killed_at_any_moment_a_training_goes_on_to_the_same_bits(printed):
    rows = figures(printed[0])
    total, control = rows[[row[0] for row in rows].index("**all**")], rows[-1]
    kills, trainings, identical, lost, broken, other = numbers(total)
    assert kills >= 20
    assert identical == trainings
    assert lost == broken == other == 0
    *_, lost, broken, _ = numbers(control)
    assert lost + broken > 0


def test_a_fault_at_any_point_is_borne_or_told_and_nothing_is_lost(printed):
    rows = [row for row in figures(printed[1]) if "training" in row[0] and row[0] != "what fails"]
    assert len(rows) == 16
    for row in rows:
        tried, borne, told, resumed, wrong = numbers(row)
        assert tried > 0
        assert borne + told == tried, row
        assert resumed == told
        assert wrong == 0


def test_a_power_cut_leaves_the_old_checkpoint_or_the_new_one(printed):
    begun, gone_on, *controls = [row for row in figures(printed[3]) if row[1][0].isdigit()]
    for row in (begun, gone_on):
        assert int(row[2]) > 30
        assert row[3:5] == ["0", "0"]
        same, tried = map(int, re.findall(r"\d+", row[5]))
        assert same == tried > 0
    assert len(controls) == 2
    for row in controls:
        assert int(row[3].replace(",", "")) + int(row[4].replace(",", "")) > 0


def test_full_read_only_and_vanished_disks_lose_nothing(printed):
    rows = [row for row in figures(printed[2]) if row[0] != "disk"]
    assert len(rows) == 4
    untried = [row for row in rows if row[1].startswith("not tried")]
    for row in rows:
        if row not in untried:
            tried, borne, told, resumed, wrong = numbers(row)
            assert borne + told == tried > 0
            assert resumed == told
            assert wrong == 0
    if untried:
        pytest.skip(f"{len(untried)} of 4: {untried[0][1]}")


def test_a_bit_changed_in_any_file_is_refused_or_has_no_effect(printed):
    rows = [row for row in figures(printed[4]) if row[0] != "file"]
    *files, control = rows
    assert [row[0] for row in files] == [
        *("checkpoint.safetensors", "config.json", "history.jsonl"),
        *("model.safetensors", "best.safetensors"),
    ]
    for row in files:
        bits, refused, without_effect, run, told, same, wrong = numbers(row)
        assert bits == refused + without_effect > 1000
        assert run == told + same
        assert wrong == 0
    assert numbers(control)[-1] > 0
