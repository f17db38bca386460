"""Compiled code is made ready before the first training asks for it."""

import subprocess
import sys

import pytest

from handwrought.studio.server.studio import Studio
from handwrought.studio.train import warm_up

SIGNATURES = """
from handwrought.kernels import fused, sparse_sgd
from handwrought.studio.train.warm_up import main
main()
for each in (sparse_sgd.train_batches, sparse_sgd.nonzero_pixels, fused.adam_move, fused.gather,
             fused.add_rest, fused.gradient_of_rest):
    print(each.__name__, len(each.signatures))
"""


@pytest.mark.slow
def test_it_calls_every_function_that_a_training_may_call(monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba")
    said = subprocess.run(
        [sys.executable, "-c", SIGNATURES], check=True, capture_output=True, text=True
    )
    counts = dict(line.split() for line in said.stdout.splitlines())
    assert len(counts) == 6
    assert set(counts.values()) == {"1"}


def test_without_compiled_code_there_is_nothing_to_make_ready(monkeypatch):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")
    assert warm_up.begin() is None


@pytest.mark.slow
def test_it_ends_with_the_studio(tmp_path):
    begun = []

    def begin():
        begun.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return begun[0]

    studio = Studio(tmp_path, warm_up=begin)
    studio.load()
    studio._loading.join(60)
    studio.close()
    assert begun[0].wait(10) != 0
    begun[0].stdin.close()
    late = Studio(tmp_path, warm_up=begin)
    late.close()
    late.load()
    late._loading.join(60)
    assert len(begun) == 1  # one that is closed begins nothing
