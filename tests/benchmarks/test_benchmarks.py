"""The benchmarks run; what they say is for `make bench`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

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


def test_the_regression_guard_in_short():
    done = run("epochs.py", "--rivals", "pytorch", "--rounds", "1", "--images", "400")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Ours / the fastest rival's:") == 3
    for setting in "SML":
        assert f"### {setting}\n" in done.stdout


def test_the_cold_start_reaches_its_goal():
    done = run("cold_start.py", "--rivals", "", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("| handwrought"))
    assert "missed" not in row
    assert float(row.split("|")[4].strip("% ")) >= 97.5


def test_inference_in_short():
    done = run("inference.py", "--rounds", "1", "--images", "200")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| onnxruntime, ") >= 1


def test_memory_in_short():
    done = run("memory.py", "--rivals", "pytorch", "--images", "500")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| pytorch |") == 1


def test_growth_in_short():
    done = run("growth.py", "--quick")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| weights |") == 3


def test_engines_in_short():
    done = run("engines.py", "--images", "600")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("sparse |") > 10


def test_the_shipped_model_on_what_it_was_made_for(tmp_path):
    Image.fromarray(np.pad(255 - np.eye(40, dtype=np.uint8) * 255, 20, constant_values=255)).save(
        tmp_path / "one.png"
    )
    (tmp_path / "labels.tsv").write_text("one.png\t1\tdrawn\n", encoding="utf-8")
    done = run("reading.py", "--number", "4", "--fashion", str(tmp_path / "none"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split("MNIST test: ")[1].split("%")[0]) > 99
    assert f"{tmp_path.name}, single digits: " in done.stdout


def test_looks_at_a_few_images():
    done = run("augmented_reading.py", "--images", "300")
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 7
    for _, _, cost, misread, theirs, _ in rows:
        assert 0 < float(cost) < 0.1
        assert int(misread) < 10
        assert 20 < int(theirs) < 80
    assert 1 < float(done.stdout.split("takes ")[1].split()[0]) < 20


def test_the_studio_in_short(browser):
    done = run("studio.py", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    for what in ("first byte", "drawn page", "loaded model", "probabilities"):
        assert f"{what} " in done.stdout


def test_the_estimator_in_short():
    done = run("estimator.py", "--quick")
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    assert [row[1].strip() for row in rows] == ["iris"] * 3 + ["diabetes"] * 3 + [
        "MNIST, 1 epochs"
    ] * 3
    for row in rows:  # the same draws, so the same scores but for rounding
        theirs, ours = (float(cell.split("±")[0]) for cell in row[4:6])
        assert abs(theirs - ours) < 3


def test_the_settings_of_the_record_in_short():
    done = run("record.py", "--images", "4000", "--epochs", "6", "--hidden", "64")
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines()[2:]]
    assert len(rows) == 8
    for _, _, cost, right, shifted, _ in rows:
        assert 0 < float(cost) < 2.3  # ln 10 knows nothing
        assert float(right.strip(" %")) > 20
        assert float(shifted.strip(" %")) > 20
