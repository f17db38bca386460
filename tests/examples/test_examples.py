"""The examples show what they say."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_the_neuron_finds_the_best_curve_and_calls_large_eyes_cute():
    dog = runpy.run_path(str(EXAMPLES / "dog.py"))
    size, cute = dog["dogs"]()
    neuron, course = dog["learn"](size, cute, steps=5000)
    assert course[-1] < course[0] / 2
    assert neuron.feedforward(np.array([4.5]))[0] > 0.9
    assert neuron.feedforward(np.array([1.2]))[0] < 0.1
    # At the optimum of the cross-entropy the gradient is zero: the mean answer is the mean truth.
    assert neuron.feedforward(size).mean() == pytest.approx(cute.mean(), abs=1e-3)


@pytest.mark.slow
def test_without_activations_a_deep_network_does_no_better_than_a_line():
    example = runpy.run_path(str(EXAMPLES / "without_activation.py"))
    _, line = example["least_squares"]()
    _, without = example["fitted"]("identity", 1500)
    _, with_tanh = example["fitted"]("tanh", 1500)
    assert without == pytest.approx(line, rel=1e-2)
    assert without >= line * (1 - 1e-9)
    assert with_tanh < line / 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dog.py", "without_activation.py"])
def test_an_example_runs_and_saves_its_picture(tmp_path, name):
    picture = tmp_path / "picture.png"
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, "--picture", picture],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
