"""A run from the library: begun, stopped by a break, opened again, the same to the bit."""

from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import FolderInUse, InvalidArgument
from handwrought.runs.config import RunConfig
from handwrought.storage.lock import FolderLock
from handwrought.training.config import TrainingConfig

SETTINGS = TrainingConfig(hidden=(4,), epochs=3, batch_size=20, optimizer="adam", seed=2)


@pytest.fixture(scope="module")
def data():
    mnist = hw.load_dataset("mnist")
    return replace(mnist, train=mnist.train[:200], validation=mnist.validation[:50])


def test_a_run_that_was_broken_out_of_goes_on_to_the_bits_of_a_training_that_was_not(
    tmp_path, data
):
    run = hw.Run.create(tmp_path / "run", SETTINGS)
    for report in run.train(data):
        assert report.epoch == 1
        break
    again = hw.Run.open(tmp_path / "run")
    assert (again.config.status, again.config.settings) == ("stopped", SETTINGS)
    assert [report.epoch for report in again.train(data)] == [2, 3]
    network = hw.Network([784, 4, 10], seed=2)
    reports = list(hw.train(network, data, epochs=3, batch_size=20, optimizer="adam", seed=2))
    np.testing.assert_array_equal(again.network.parameters.vector, network.parameters.vector)
    assert [each.cost for each in again.reports] == [each.cost for each in reports]
    assert [point.step for point in again.points] == [10, 20, 30]
    assert RunConfig.read(tmp_path / "run" / "config.json").status == "finished"
    with pytest.raises(InvalidArgument, match="has ended"):
        next(again.train(data))


def test_a_folder_that_holds_a_run_or_is_held_is_left_alone(tmp_path, data):
    run = hw.Run.create(tmp_path / "run", SETTINGS)
    with pytest.raises(InvalidArgument, match="holds a run already"):
        hw.Run.create(tmp_path / "run", SETTINGS)
    with FolderLock(tmp_path / "run"), pytest.raises(FolderInUse):
        next(run.train(data))
    with pytest.raises(InvalidArgument, match="cannot be read"):
        hw.Run.open(tmp_path / "none")


def test_a_run_that_diverges_says_so_and_keeps_it(tmp_path, data):
    run = hw.Run.create(tmp_path / "run", replace(SETTINGS, optimizer="sgd", learning_rate=1e300))
    with pytest.raises(hw.HandwroughtError, match="the learning rate"):
        list(run.train(data))
    assert hw.Run.open(tmp_path / "run").config.status == "diverged"
