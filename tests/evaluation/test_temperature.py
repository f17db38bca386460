"""One temperature makes confidence mean what it says."""

from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.evaluation.calibration import fit_temperature, mean_cost
from handwrought.reading.recognizer import shipped_model


def sharpened(factor):
    """A network whose answers are drawn from its own probabilities, made surer by a factor."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4000, 28, 28)).astype(np.uint8)
    network = hw.Network([784, 10], cost="softmax", seed=0)
    network.layers[0].weights[:] *= 4
    p = hw.Model(network).probabilities(images)
    labels = (p.cumsum(axis=1) > rng.random((len(p), 1))).argmax(axis=1)
    network.parameters.vector[:] *= factor
    return hw.Model(network), hw.Split(images, labels)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_it_is_the_factor_by_which_a_network_is_too_sure(factor):
    model, split = sharpened(factor)
    temperature = fit_temperature(model, split)
    assert temperature == pytest.approx(factor, rel=0.1)
    best = mean_cost(model, split, temperature)
    assert best <= min(mean_cost(model, split, temperature * by) for by in (0.9, 1.0, 1.1))


def test_the_cost_is_that_of_the_models_probabilities():
    model, split = sharpened(1.0)
    p = replace(model, temperature=1.7).probabilities(split.images)
    expected = -np.log(p[np.arange(len(p)), split.labels]).mean()
    assert mean_cost(model, split, 1.7) == pytest.approx(expected)


@pytest.mark.slow
def test_the_shipped_models_temperature_is_the_one_fitted_on_validation():
    model = hw.Model.load(shipped_model())
    fitted = fit_temperature(model, hw.load_dataset("mnist").validation)
    assert model.temperature == pytest.approx(fitted, rel=1e-3)


def test_a_network_is_calibrated_by_what_it_sees():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (500, 28, 28)).astype(np.uint8)
    network = hw.Network([1568, 10], cost="softmax", seed=0)
    model = hw.Model(network, "strokes", temperature=0.6)
    p = model.probabilities(images)
    labels = (p.cumsum(axis=1) > rng.random((500, 1))).argmax(axis=1)
    split = hw.Split(images, labels)
    temperature = fit_temperature(model, split)
    p = replace(model, temperature=temperature).probabilities(images)
    expected = -np.log(p[np.arange(500), split.labels]).mean()
    assert mean_cost(model, split, temperature) == pytest.approx(expected)
    assert expected <= mean_cost(model, split, 1.1 * temperature)
    assert expected <= mean_cost(model, split, 0.9 * temperature)
    with pytest.raises(InvalidArgument, match="1568"):
        fit_temperature(replace(model, representation="as-is"), split)


def test_what_cannot_be_fitted_is_refused():
    model, split = sharpened(1.0)
    with pytest.raises(InvalidArgument, match="there is none"):
        fit_temperature(model, split[:0])
    with pytest.raises(InvalidArgument, match="784"):
        fit_temperature(hw.Model(hw.Network([20, 10])), split)
