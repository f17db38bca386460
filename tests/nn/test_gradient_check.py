"""The check itself: what it compares, what it leaves out at kinks, and what it counts."""

import re

import numpy as np
import pytest

from handwrought.errors import InvalidArgument
from handwrought.nn.gradient_check import (
    ArrayCheck,
    GradientCheck,
    agreeing_digits,
    check_gradients,
    derivative_at,
)
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters

NET = Network([3, 4, 5, 2], ["tanh", "sigmoid"], "cross-entropy", seed=1, dtype="float64")
X = np.random.default_rng(0).random((6, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1, 0]]
NAMES = [f"layers[{l}].{kind}" for l in range(3) for kind in ("weights", "biases")]


def on_a_bend(z):
    """One ReLU whose weighted input for x = 1 is z, between one input and one output."""
    net = Network([1, 1, 1], "relu", "quadratic", None, "float64", output_activation="identity")
    net.parameters.vector[:] = [0.5, 2, z - 0.5, 0]
    return net


ONE, TARGET = np.array([[1.0]]), np.array([[1.0]])


@pytest.mark.parametrize(
    ("method", "step", "error"), [("central", 1e-5, 1e-8), ("complex", 1e-30, 1e-14)]
)
def test_all_parameters_are_compared_array_by_array(method, step, error):
    check = check_gradients(NET, X, Y, method=method)
    assert check.method == method
    assert check.step == step
    assert check.max_relative_error < error
    assert check.n_compared == NET.parameters.vector.size
    assert check.skipped_at_kinks == 0
    assert [array.name for array in check.arrays] == NAMES
    gradient = dict(NET.backpropagate(X, Y).arrays())
    for array in check.arrays:
        assert array.indices.tolist() == list(range(gradient[array.name].size))
        assert array.analytic.dtype == array.numeric.dtype == np.float64
        np.testing.assert_array_equal(array.analytic, gradient[array.name].ravel())
        np.testing.assert_allclose(array.numeric, array.analytic, rtol=1e-5)
        difference = np.linalg.norm(array.analytic - array.numeric)
        assert array.relative_error == difference / np.linalg.norm(array.numeric)
        assert array.skipped_at_kinks == 0


def test_a_network_in_single_precision_is_checked_in_double():
    single = NET.copy(np.float32)
    assert check_gradients(single, X, Y, method="complex").max_relative_error < 1e-14
    found = derivative_at(single, X, Y, 0, 2, 1, method="complex")
    wide = single.copy(np.float64).backpropagate(X, Y)
    assert found == pytest.approx(wide[0].weights[2, 1], rel=1e-13)


def test_a_choice_of_entries_is_without_repetition_and_the_seeds_own():
    def chosen(**options):
        arrays = check_gradients(NET, X, Y, max_per_array=10, **options).arrays
        return [array.indices.tolist() for array in arrays]

    first = chosen()
    assert [len(indices) for indices in first] == [10, 4, 10, 5, 10, 2]
    for indices in first:
        assert indices == sorted(set(indices))
    assert first[1] == [0, 1, 2, 3]
    assert first == chosen(seed=0) == chosen()
    assert first != chosen(seed=1)
    gradient = NET.backpropagate(X, Y)
    array = check_gradients(NET, X, Y, max_per_array=10).arrays[2]
    np.testing.assert_array_equal(array.analytic, gradient[1].weights.ravel()[array.indices])
    assert check_gradients(NET, X, Y, max_per_array=1).n_compared == 6


def test_a_step_of_ones_own_is_taken():
    check = check_gradients(NET, X, Y, step=0.5)
    assert check.step == 0.5
    assert 1e-4 < check.max_relative_error < 0.5
    for method, step in (("central", 0.5), ("complex", 0.1)):
        moved = NET.copy(np.complex128)
        costs = []
        for shift in (step, -step) if method == "central" else (step * 1j,):
            moved.parameters.vector[:] = NET.parameters.vector
            moved.layers[1].biases[2] += shift
            a = X + 0j
            for layer, f in zip(moved.layers, (np.tanh, None, None), strict=True):
                z = a @ layer.weights.T + layer.biases
                a = f(z) if f else 1 / (1 + np.exp(-z))
            costs.append(-(Y * np.log(a) + (1 - Y) * np.log(1 - a)).sum(axis=1).mean())
        by_hand = (
            (costs[0] - costs[1]).real / (2 * step) if method == "central" else costs[0].imag / step
        )
        found = derivative_at(NET, X, Y, 1, 2, method=method, step=step)
        assert found == pytest.approx(by_hand, rel=1e-10)


def test_the_derivative_by_each_parameter_is_backpropagations():
    gradient = NET.backpropagate(X, Y)
    for layer, share in enumerate(gradient):
        n_out, n_in = share.weights.shape
        for j in range(n_out):
            found = derivative_at(NET, X, Y, layer, j, method="complex")
            assert found == pytest.approx(share.biases[j], rel=1e-12)
            for k in range(n_in):
                found = derivative_at(NET, X, Y, layer, j, k, method="complex")
                assert found == pytest.approx(share.weights[j, k], rel=1e-12)
    by_differences = derivative_at(NET, X, Y, 0, 2, 1)
    assert by_differences == pytest.approx(gradient[0].weights[2, 1], rel=1e-6)


@pytest.mark.parametrize("z", [5e-6, -5e-6])
def test_a_difference_across_a_bend_is_left_out(z):
    net = on_a_bend(z)
    assert np.isnan(derivative_at(net, ONE, TARGET, 0, 0, 0))
    assert np.isnan(derivative_at(net, ONE, TARGET, 0, 0))
    check = check_gradients(net, ONE, TARGET)
    assert [array.skipped_at_kinks for array in check.arrays] == [1, 1, 0, 0]
    assert [array.indices.tolist() for array in check.arrays] == [[], [], [0], [0]]
    assert [len(array.analytic) for array in check.arrays] == [0, 0, 1, 1]
    assert check.skipped_at_kinks == 2
    assert check.n_compared == 2
    assert check.max_relative_error < 1e-6
    finer = check_gradients(net, ONE, TARGET, step=1e-6)
    assert finer.skipped_at_kinks == 0
    assert finer.max_relative_error < 1e-4


def test_of_a_bends_two_sides_the_complex_step_stays_on_its_own():
    for z, slope in ((5e-6, 2 * (1e-5 - 1)), (-5e-6, 0)):
        found = derivative_at(on_a_bend(z), ONE, TARGET, 0, 0, method="complex")
        assert found == pytest.approx(slope, rel=1e-12)
        check = check_gradients(on_a_bend(z), ONE, TARGET, method="complex")
        assert check.n_compared == 4
        assert check.skipped_at_kinks == 0


def test_a_bend_further_up_counts_and_one_further_down_does_not():
    net = Network([1, 1, 1, 1], ["relu", "relu"], "quadratic", None, "float64")
    net.parameters.vector[:] = [1, 1, 1, 5e-6 - 1, 1, 0]
    # Only the first layer is on its bend: its parameters are left out, the others are not.
    check = check_gradients(net, ONE, TARGET)
    assert [array.skipped_at_kinks for array in check.arrays] == [1, 1, 0, 0, 0, 0]
    net.parameters.vector[:] = [1, 1, 1, 0, 5e-6 - 1, 0]
    # The second is on its own, and what is below moves it across too.
    check = check_gradients(net, ONE, TARGET)
    assert [array.skipped_at_kinks for array in check.arrays] == [1, 1, 1, 1, 0, 0]


def test_a_check_changes_nothing_of_the_network():
    before = NET.parameters.vector.copy()
    check_gradients(NET, X, Y)
    derivative_at(NET, X, Y, 1, 0)
    assert np.array_equal(NET.parameters.vector, before)


def test_what_is_checked_gets_a_network_in_double_precision_and_arrays():
    seen = []

    def backpropagate(network, x, y):
        seen.append((network.dtype, x, y))
        return network.backpropagate(x, y)

    check_gradients(
        NET.copy(np.float32), X.tolist(), np.argmax(Y, axis=1), backpropagate=backpropagate
    )
    (dtype, x, y) = seen[0]
    assert dtype == x.dtype == y.dtype == np.float64
    assert x.tolist() == X.tolist()
    assert y.tolist() == Y.tolist()


def test_a_gradient_in_other_numbers_is_compared_in_double_precision():
    check = check_gradients(
        NET,
        X,
        Y,
        backpropagate=lambda net, x, y: Parameters(
            net.specs, numbers=net.backpropagate(x, y).vector.astype(np.float32)
        ),
    )
    assert all(array.analytic.dtype == np.float64 for array in check.arrays)
    assert 1e-9 < check.max_relative_error < 1e-6


def test_errors_and_counts_of_a_check_are_those_of_its_arrays():
    def array(error, n, skipped):
        return ArrayCheck("a", error, np.arange(n), np.zeros(n), np.zeros(n), skipped)

    check = GradientCheck("central", 1e-5, (array(0.25, 3, 1), array(0.5, 2, 0), array(9, 0, 4)))
    assert check.max_relative_error == 0.5
    assert check.n_compared == 5
    assert check.skipped_at_kinks == 5
    assert GradientCheck("central", 1e-5, (array(0, 0, 4),)).max_relative_error == np.inf


def test_leading_digits_that_agree():
    assert agreeing_digits(2.5, 2.5) == 16
    assert agreeing_digits(0.0, 0.0) == 16
    assert agreeing_digits(1.0, 1 + 2**-52) == 15
    assert agreeing_digits(1234.0, 1235.0) == agreeing_digits(-1235.0, -1234.0) == 3
    assert agreeing_digits(1e-200, 1.02e-200) == 1
    assert agreeing_digits(1.0, 0.0) == agreeing_digits(0.0, -3.0) == 0
    assert agreeing_digits(1.0, -1.0) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "forward"}, "method is 'forward': use 'central' or 'complex'"),
        ({"step": 0}, "step is 0: it must be a number above 0"),
        ({"step": -1e-5}, "step is -1e-05: it must be a number above 0"),
        ({"max_per_array": 0}, "max_per_array is 0: it must be at least 1"),
    ],
)
def test_an_option_out_of_range_is_told(options, words):
    with pytest.raises(InvalidArgument, match=f"^{re.escape(words)}$"):
        check_gradients(NET, X, Y, **options)


def test_a_check_of_no_example_is_told():
    with pytest.raises(InvalidArgument, match=r"^x holds no example: there is nothing to check$"):
        check_gradients(NET, X[:0], Y[:0])


def test_a_gradient_of_another_depth_is_refused_and_not_compared_in_part():
    with pytest.raises(ValueError, match="zip"):
        check_gradients(
            NET, X, Y, backpropagate=lambda *_: Network([3, 4, 5], dtype="float64").parameters
        )
