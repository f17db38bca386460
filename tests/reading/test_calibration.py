"""One temperature makes confidence mean what it says."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.reading.calibration import fit_temperature, mean_cost
from handwrought.reading.recognizer import Recognizer, shipped_model
from handwrought.storage import read_model


def sharpened(factor):
    """A network whose answers are drawn from its own probabilities, made surer by a factor."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4000, 28, 28)).astype(np.uint8)
    network = hw.Network([784, 10], cost="softmax", seed=0)
    network.layers[0].weights[:] *= 4
    p = Recognizer(network).probabilities(images)
    labels = (p.cumsum(axis=1) > rng.random((len(p), 1))).argmax(axis=1)
    network.parameters.vector[:] *= factor
    return network, hw.Split(images, labels)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_it_is_the_factor_by_which_a_network_is_too_sure(factor):
    network, split = sharpened(factor)
    temperature = fit_temperature(network, split)
    assert temperature == pytest.approx(factor, rel=0.1)
    best = mean_cost(network, split, temperature)
    assert best <= min(mean_cost(network, split, temperature * by) for by in (0.9, 1.0, 1.1))


def test_the_cost_is_that_of_the_recognizers_probabilities():
    network, split = sharpened(1.0)
    p = Recognizer(network, temperature=1.7).probabilities(split.images)
    expected = -np.log(p[np.arange(len(p)), split.labels]).mean()
    assert mean_cost(network, split, 1.7) == pytest.approx(expected)


def test_the_shipped_models_temperature_is_the_one_fitted_on_validation():
    header, network = read_model(shipped_model())
    fitted = fit_temperature(network, hw.load_dataset("mnist").validation, header["representation"])
    assert header["calibration"]["temperature"] == pytest.approx(fitted, rel=1e-3)


def test_a_network_is_calibrated_by_what_it_sees():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (500, 28, 28)).astype(np.uint8)
    network = hw.Network([1568, 10], cost="softmax", seed=0)
    p = Recognizer(network, temperature=0.6, representation="strokes").probabilities(images)
    labels = (p.cumsum(axis=1) > rng.random((500, 1))).argmax(axis=1)
    split = hw.Split(images, labels)
    temperature = fit_temperature(network, split, "strokes")
    p = Recognizer(network, temperature=temperature, representation="strokes").probabilities(images)
    expected = -np.log(p[np.arange(500), split.labels]).mean()
    assert mean_cost(network, split, temperature, "strokes") == pytest.approx(expected)
    assert expected <= mean_cost(network, split, 1.1 * temperature, "strokes")
    assert expected <= mean_cost(network, split, 0.9 * temperature, "strokes")
    with pytest.raises(ModelFileError, match="784 to 10"):
        fit_temperature(network, split)


def test_what_cannot_be_fitted_is_refused():
    network, split = sharpened(1.0)
    with pytest.raises(InvalidArgument, match="there is none"):
        fit_temperature(network, split[:0])
    with pytest.raises(ModelFileError, match="784 to 10"):
        fit_temperature(hw.Network([20, 10]), split)
