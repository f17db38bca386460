"""The gradient by backpropagation against derivatives that know nothing of it."""

import itertools

import numpy as np
import pytest

from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.nn.equations import follow, gradient_by_equations, update
from handwrought.nn.faults import FAULTS
from handwrought.nn.gradient_check import check_gradients
from handwrought.nn.network import Network

GRID = [
    (activation, cost, output, depth, batch)
    for activation, cost, depth, batch in itertools.product(
        ACTIVATIONS, COSTS, (1, 2, 3, 4), (1, 17)
    )
    for output in sorted(COSTS[cost].outputs)
]


def case(activation, cost, output, depth, batch):
    sizes = [6, 5, 4, 5, 3][:depth] + [3]
    net = Network(sizes, activation, cost, seed=depth, dtype="float64", output_activation=output)
    rng = np.random.default_rng(1)
    return net, rng.random((batch, 6)), rng.integers(0, 3, batch)


def relative(found, expected):
    scale = np.linalg.norm(expected)
    difference = np.linalg.norm(found - expected)
    return difference / scale if scale else difference


@pytest.mark.slow
@pytest.mark.parametrize("setting", GRID, ids=lambda s: "-".join(map(str, s)))
def test_the_gradient_agrees_with_differences_complex_step_and_equations(setting):
    net, x, y = case(*setting)
    assert check_gradients(net, x, y).max_relative_error < 1e-7
    assert check_gradients(net, x, y, method="complex").max_relative_error < 1e-12

    found = net.backpropagate(x, y)
    assert relative(gradient_by_equations(net, x, y).vector, found.vector) < 1e-13


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_mistake_fails_the_check(name):
    net = Network([6, 5, 5, 3], seed=1)
    rng = np.random.default_rng(0)
    before = net.parameters.vector.copy()
    check = check_gradients(
        net,
        rng.random((5, 6)),
        rng.integers(0, 3, 5),
        backpropagate=lambda *args: gradient_by_equations(*args, FAULTS[name].equations),
    )
    assert check.max_relative_error > 1e-3
    assert np.array_equal(net.parameters.vector, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_finite_at_a_thousand(name, dtype):
    z = np.array([[-1000, -50, -1e-3, 0, 1e-3, 50, 1000]], dtype)
    f = ACTIVATIONS[name]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = f.value(z)
        delta = f.backward(np.ones_like(z), z, a)
    assert a.dtype == delta.dtype == dtype
    assert np.isfinite(a).all()
    assert np.isfinite(delta).all()


def test_every_list_of_terms_adds_up_to_its_number():
    net, x, y = case("sigmoid", "softmax", "softmax", 4, 1)
    trace = follow(net, x[0], int(y[0]))
    for l in range(2, trace.L + 1):
        for j in range(len(trace.b[l])):
            for total in (
                trace.sum_for_z(l, j),
                trace.sum_for_δ(l, j),
                trace.sum_for_dC_da(l, j),
                trace.sum_for_dC_db(l, j),
                trace.sum_for_dC_dw(l, j, 0),
            ):
                assert total.recomputed() == pytest.approx(total.value, rel=1e-12, abs=1e-15)


def test_an_update_lowers_the_cost_of_its_example():
    net, x, y = case("sigmoid", "quadratic", "sigmoid", 3, 1)
    trace = follow(net, x[0], int(y[0]))
    moved = update(trace, 0.5)
    assert moved.C < trace.C
    np.testing.assert_allclose(moved.W[2], trace.W[2] - 0.5 * trace.dC_dw[2])
