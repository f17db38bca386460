"""Each cost beside SciPy, exact numbers, and its own derivative by the complex step."""

import re

import numpy as np
import pytest
from scipy.special import rel_entr, xlog1py, xlogy

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS, EXPONENTIAL, activation_named
from handwrought.nn.costs import COSTS, POISSON, cost_named, smoothed

A = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
Y = np.array([[0.0, 1, 0], [0.25, 0.5, 0.25]])
SCIPY = {
    "quadratic": lambda a, y: ((a - y) ** 2).sum(-1) / 2,
    "cross-entropy": lambda a, y: -(xlogy(y, a) + xlog1py(1 - y, -a)).sum(-1),
    "softmax": lambda a, y: -xlogy(y, a).sum(-1),
    "poisson": lambda a, y: (a - y + rel_entr(y, a)).sum(-1),
}
ALL = [*COSTS.values(), POISSON]
PAIRS = [(cost, f) for cost in COSTS.values() for f in map(activation_named, sorted(cost.outputs))]
PAIRS.append((POISSON, EXPONENTIAL))


def named(of):
    return of.name


def stepped(function, at):
    """∂/∂(each entry of each row) of a function of rows, by the complex step."""
    columns = [function(at + 1e-30j * one).imag / 1e-30 for one in np.eye(at.shape[-1])]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("cost", ALL, ids=named)
def test_a_cost_is_scipys_for_each_example_of_a_batch_and_alone(cost):
    expected = SCIPY[cost.name](A, Y)
    np.testing.assert_allclose(cost.value(A, Y), expected, rtol=1e-13)
    for a, y, one in zip(A, Y, expected, strict=True):
        assert cost.value(a, y) == pytest.approx(one, rel=1e-13)


@pytest.mark.parametrize("cost", ALL, ids=named)
def test_a_gradient_is_that_of_the_complex_step(cost):
    np.testing.assert_allclose(
        cost.gradient(A, Y), stepped(lambda a: cost.value(a, Y), A), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize(("cost", "f"), PAIRS, ids=lambda of: of.name)
def test_a_cost_from_z_is_that_from_a_and_its_error_is_its_derivative(cost, f):
    z = np.array([[0.3, 1.2, 2.0], [0.7, 0.4, 0.1]]) - (0.0 if f.name != "sigmoid" else 1.0)
    a = f.value(z)
    if cost.name in ("cross-entropy", "softmax") and f.name in ("sigmoid", "softmax"):
        assert ((a > 0) & (a < 1)).all()
    by_z = cost.value_at(f, z, a, Y)
    np.testing.assert_allclose(by_z, SCIPY[cost.name](a, Y), rtol=1e-12)
    for row in range(2):
        assert cost.value_at(f, z[row], a[row], Y[row]) == pytest.approx(by_z[row], rel=1e-13)
    numeric = stepped(lambda z: cost.value_at(f, z, f.value(z), Y), z)
    np.testing.assert_allclose(cost.error(f, z, a, Y), numeric, rtol=1e-12, atol=1e-15)
    out = np.empty_like(a)
    assert cost.error(f, z, a, Y, out=out) is out
    np.testing.assert_array_equal(out, cost.error(f, z, a, Y))


def test_a_cost_of_a_pair_is_exact_where_the_activation_is_flat():
    y = np.array([[1.0, 0]])
    z = np.array([[-900.0, 900.0]])
    sigmoid, softmax = ACTIVATIONS["sigmoid"], ACTIVATIONS["softmax"]
    # -ln σ(-900) = 900, though σ(-900) is 0; both neurons are as wrong.
    assert COSTS["cross-entropy"].value_at(sigmoid, z, sigmoid.value(z), y).tolist() == [1800]
    assert COSTS["softmax"].value_at(softmax, z, softmax.value(z), y).tolist() == [1800]
    counts = np.array([[3.0]])
    far = np.array([[-800.0]])
    rate = EXPONENTIAL.value(far)
    by_hand = 0 - 3 + 3 * (np.log(3) + 800)
    assert POISSON.value_at(EXPONENTIAL, far, rate, counts) == pytest.approx(by_hand, rel=1e-14)


def test_the_logarithm_of_a_sigmoid_keeps_its_small_digits():
    z, y = np.array([[-60.0], [0.5]]), np.array([[0.0], [0.0]])
    sigmoid = ACTIVATIONS["sigmoid"]
    found = COSTS["cross-entropy"].value_at(sigmoid, z, sigmoid.value(z), y)
    np.testing.assert_allclose(found, [np.exp(-60), np.log(1 + np.exp(0.5))], rtol=1e-13)


def test_an_error_of_a_pair_has_no_fraction_in_it():
    z, y = np.array([[-900.0, 900]]), np.array([[1.0, 0]])
    for cost in COSTS.values():
        f = activation_named(cost.pair)
        a = f.value(z)
        assert np.array_equal(cost.error(f, z, a, y), a - y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cost", ALL, ids=named)
def test_a_cost_and_its_gradient_keep_the_dtype(cost, dtype):
    a, y = A.astype(dtype), Y.astype(dtype)
    assert cost.value(a, y).dtype == dtype
    assert cost.gradient(a, y).dtype == dtype
    f = activation_named(cost.pair) if cost is not POISSON else EXPONENTIAL
    assert cost.value_at(f, a, a, y).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_outputs_of_0_and_1_alone_a_cost_says_what_the_limit_is(dtype):
    a, y = np.array([[0, 1]], dtype), np.array([[1, 0]], dtype)
    for name, gradient in (("cross-entropy", [-np.inf, np.inf]), ("softmax", [-np.inf, 0])):
        cost = COSTS[name]
        assert (cost.value(a, y).tolist(), cost.value(a, a).tolist()) == ([np.inf], [0])
        assert cost.gradient(a, y).tolist() == [gradient]
    assert COSTS["cross-entropy"].gradient(a, a).tolist() == [[1, -1]]
    assert COSTS["softmax"].gradient(a, a).tolist() == [[0, -1]]
    assert POISSON.value(a, y).tolist() == [np.inf]
    assert POISSON.gradient(a, y).tolist() == [[-np.inf, 1]]


@pytest.mark.parametrize(("cost", "f"), PAIRS, ids=lambda of: of.name)
def test_no_cost_makes_a_number_of_a_nan(cost, f):
    z, y = np.array([[0.5, np.nan, -1], [0, 1, 2]]), np.eye(3)[[0, 2]]
    a = f.value(z)
    for found in (cost.value(a, y), cost.value_at(f, z, a, y)):
        assert np.isnan(found).tolist() == [True, False]
    assert np.isnan(cost.gradient(a, y)[0, 1])
    delta = cost.error(f, z, a, y)
    # The slope of ReLU is 0 or 1 whatever z is, but its value is not.
    assert f.name in ("relu", "leaky-relu") or np.isnan(delta[0, 1])
    assert np.isfinite(delta[1]).all()


def test_targets_that_are_no_numbers_are_refused_by_every_cost():
    words = "y holds a value that is not finite: targets must be numbers"
    for cost in ALL:
        for value in (np.nan, np.inf):
            with pytest.raises(InvalidArgument, match=f"^{words}$"):
                cost.check_targets(np.array([[0, 1], [value, 0]]))
        cost.check_targets(np.eye(2))
        cost.check_targets(np.zeros((0, 2)))


def test_cross_entropy_refuses_targets_beyond_0_and_1():
    cost = COSTS["cross-entropy"]
    cost.check_targets(np.array([[0, 0.5, 1], [1, 1, 1]]))
    for y, span in (([0.5, 1.25], "0.5 to 1.25"), ([-0.25, 1], "-0.25 to 1")):
        words = f"y runs from {span}: cross-entropy needs targets from 0 to 1"
        with pytest.raises(InvalidArgument, match=f"^{re.escape(words)}$"):
            cost.check_targets(np.array([y]))


def test_log_likelihood_refuses_rows_that_are_no_distribution():
    cost = COSTS["softmax"]
    words = (
        "y has a row that is not a probability distribution (entries of at least 0 that sum to "
        "1), which the softmax cost needs: give integer labels or one-hot rows"
    )
    cost.check_targets(np.array([[0.5, 0.5], [0, 1], [0.3, 0.70005]]))
    cost.check_targets(np.array([0.5, 0.5]))
    for y in ([[0.5, 0.5], [0.5, 0.5002]], [[0.5, 0.5], [0.4, 0.5]], [[1.5, -0.5], [1, 0]]):
        with pytest.raises(InvalidArgument, match=f"^{re.escape(words)}$"):
            cost.check_targets(np.array(y))


def test_poisson_refuses_counts_below_0():
    POISSON.check_targets(np.array([[0.0, 3, 1e6]]))
    with pytest.raises(
        InvalidArgument, match=r"^y holds -0\.5: the Poisson cost needs counts of at least 0$"
    ):
        POISSON.check_targets(np.array([[0, 1], [2, -0.5]]))


def test_an_unknown_cost_is_told_with_those_there_are():
    words = "^cost 'hinge' is unknown: use one of quadratic, cross-entropy, softmax$"
    with pytest.raises(InvalidArgument, match=words):
        cost_named("hinge")
    with pytest.raises(InvalidArgument, match=r"^cost \['softmax'\] is unknown"):
        cost_named(["softmax"])
    assert cost_named("quadratic") is COSTS["quadratic"]
    assert cost_named("log-likelihood") is cost_named("softmax") is COSTS["softmax"]
    assert cost_named("categorical-cross-entropy") is COSTS["softmax"]
    assert cost_named("binary-cross-entropy") is COSTS["cross-entropy"]


def test_smoothing_by_hand():
    y = np.array([[0.0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]], np.float32)
    found = smoothed(y, 0.5)
    assert found.tolist() == (y / 2 + 0.125).tolist()
    assert found.dtype == np.float32
    assert smoothed(y[0], 0.5).tolist() == [0.125, 0.625, 0.125, 0.125]
    with pytest.raises(InvalidArgument, match=r"^label_smoothing is -1: it must lie from 0 to 1$"):
        smoothed(y, -1)
