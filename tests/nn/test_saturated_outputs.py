"""δ^L and the cost far out, beside mpmath's arithmetic of 60 digits (benchmarks/saturation.py)."""

import mpmath as mp
import numpy as np
import pytest
from benchmarks.saturation import PAIRS, cases, errors, exact

import handwrought as hw
from handwrought.nn.activations import ACTIVATIONS, EXPONENTIAL, activation_named
from handwrought.nn.costs import COSTS, POISSON
from handwrought.nn.equations import follow


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("cost", "f"), PAIRS, ids=lambda of: of.name)
def test_a_saturated_output_is_as_sixty_digits_say(cost, f, dtype):
    tried = list(cases(cost, f, dtype, gaps=(1.0, 17.0, 104.0, 750.0)))
    assert len(tried) >= 24
    relative, beside_1, of_C = np.max([errors(cost, f, case) for case in tried], axis=0)
    # A difference a - y has the digits that a has; every other δ has all of its own.
    if f.name != cost.pair and (cost.name, f.name) not in {
        ("quadratic", "sigmoid"),
        ("quadratic", "tanh"),
    }:
        assert relative < (2e-5 if dtype == np.float32 else 1e-12)
    rounding = np.finfo(dtype).eps
    assert beside_1 < 8 * rounding
    assert of_C < 16 * rounding


def test_a_confident_mistake_has_a_moderate_gradient():
    z, y = np.array([[17, 0, -1]], np.float32), np.array([[0, 1, 0]], np.float32)
    cost, f = COSTS["cross-entropy"], ACTIVATIONS["softmax"]
    found = cost.error(f, z, f.value(z), y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[2, -1.7310586, -0.26894142]], rtol=1e-6)
    out = np.empty_like(z)
    assert cost.error(f, z, f.value(z), y, out=out) is out
    assert np.array_equal(out, found)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rate_beyond_all_numbers_has_an_infinite_cost_and_no_warning(dtype):
    z, y = np.array([[750, -750, 0]], dtype), np.array([[3, 0, 1]], dtype)
    a = EXPONENTIAL.value(z)
    assert a.tolist() == [[np.inf, 0, 1]]
    assert POISSON.value_at(EXPONENTIAL, z, a, y).tolist() == [np.inf]
    assert POISSON.error(EXPONENTIAL, z, a, y).tolist() == [[np.inf, 0, 0]]


def test_a_softmax_of_one_output_has_no_slope():
    z, f = np.array([[3.0], [-800.0]]), ACTIVATIONS["softmax"]
    for name, y, value in (("cross-entropy", 1.0, 0), ("cross-entropy", 0.5, np.inf)):
        y = np.full((2, 1), y)
        assert COSTS[name].value_at(f, z, f.value(z), y).tolist() == [value, value]
        assert not COSTS[name].error(f, z, f.value(z), y).any()


@pytest.mark.parametrize("gap", [1.0, 40.0, 400.0, 800.0])
@pytest.mark.parametrize(
    ("cost", "output"),
    [(c, f) for c in ("cross-entropy", "softmax") for f in ("sigmoid", "softmax")],
)
def test_the_articles_equations_are_right_far_out_too(cost, output, gap):
    net = hw.Network([1, 3], cost=cost, output_activation=output, seed=None, dtype="float64")
    net.layers[0].biases[...] = z = np.array([gap, 0.0, -gap])
    for label in range(3):
        trace = follow(net, np.zeros(1), label)
        value, delta = exact(COSTS[cost], activation_named(output), z, np.eye(3)[label])
        np.testing.assert_allclose(trace.δ[2], np.array(delta, float), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(trace.C, float(value), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "softmax"])
@pytest.mark.parametrize(("cost", "f"), PAIRS, ids=lambda of: of.name)
def test_a_network_of_nan_has_a_cost_of_nan(cost, f, activation):
    net = hw.Network([2, 3, 2], activation, cost, output_activation=f)
    net.parameters.vector[...] = np.nan
    assert np.isnan(net.costs(np.ones((4, 2)), np.tile([0.0, 1.0], (4, 1)))).all()


def test_digits_are_learnt_by_cross_entropy_on_softmax():
    digits = hw.load_dataset("mnist").train[:3000]
    net = hw.Network([784, 30, 10], cost="cross-entropy", output_activation="softmax")
    list(hw.train(net, digits, epochs=1, learning_rate=0.3))
    assert hw.evaluate(net, digits).accuracy > 0.75


def test_the_oracle_has_sixty_digits():
    z, y = np.array([750.0, 0.0]), np.array([0.0, 1.0])
    _, delta = exact(COSTS["cross-entropy"], ACTIVATIONS["softmax"], z, y)
    with mp.workdps(60):  # of two outputs δ = 2 (a - y), since 1 - a_0 is a_1
        right = 2 / (1 + mp.exp(mp.mpf(-750)))
        assert abs(delta[0] - right) < mp.mpf(10) ** -59
