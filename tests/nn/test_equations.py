"""The article's algorithm, one example at a time, against numbers reckoned by hand."""

import re

import numpy as np
import pytest

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import activation_named
from handwrought.nn.equations import (
    BP1,
    BP2,
    BP3,
    BP4,
    Equations,
    Sum,
    Term,
    backpropagate,
    follow,
    gradient_by_equations,
    update,
)
from handwrought.nn.network import Network


def by_hand():
    """2-2-1 without curves, so that every quantity is a short decimal."""
    net = Network([2, 2, 1], "identity", "quadratic", None, "float64", output_activation="identity")
    net.layers[0].weights[:], net.layers[0].biases[:] = [[1, 2], [3, 4]], [0.5, -0.5]
    net.layers[1].weights[:], net.layers[1].biases[:] = [[2, -1]], [1]
    return net, np.array([1.0, -1]), np.array([1.0])


def test_an_example_reckoned_by_hand():
    net, x, y = by_hand()
    trace = follow(net, x, y)
    assert trace.L == 3
    assert trace.C == 0.125
    for quantity, expected in (
        (trace.z, {2: [-0.5, -1.5], 3: [1.5]}),
        (trace.a, {1: [1, -1], 2: [-0.5, -1.5], 3: [1.5]}),
        (trace.dC_da, {3: [0.5], 2: [1, -0.5]}),
        (trace.σ_prime, {2: [1, 1], 3: [1]}),
        (trace.δ, {3: [0.5], 2: [1, -0.5]}),
        (trace.dC_db, {2: [1, -0.5], 3: [0.5]}),
        (trace.dC_dw, {2: [[1, -1], [-0.5, 0.5]], 3: [[-0.25, -0.75]]}),
        (trace.W, {2: [[1, 2], [3, 4]], 3: [[2, -1]]}),
        (trace.b, {2: [0.5, -0.5], 3: [1]}),
    ):
        assert {l: array.tolist() for l, array in quantity.items()} == expected
    assert trace.x.tolist() == [1, -1]
    assert trace.y.tolist() == [1]
    assert {l: f.name for l, f in trace.σ.items()} == {2: "identity", 3: "identity"}
    assert trace.network is net


def test_the_terms_of_each_number_by_hand():
    net, x, y = by_hand()
    trace = follow(net, x, y)
    assert trace.sum_for_z(2, 1) == Sum("z^2_1", (Term(0, 3, 1), Term(1, 4, -1)), -1.5, offset=-0.5)
    assert trace.sum_for_δ(3, 0) == Sum("δ^3_0", (Term(0, 1, 0.5),), 0.5)
    assert trace.sum_for_δ(2, 1) == Sum("δ^2_1", (Term(0, -1, 0.5),), -0.5)
    assert trace.sum_for_dC_da(3, 0) == Sum("∂C/∂a^3_0", (Term(0, 1, 0.5),), 0.5)
    assert trace.sum_for_dC_da(2, 0) == Sum("∂C/∂a^2_0", (Term(0, 2, 0.5),), 1)
    assert trace.sum_for_dC_db(2, 1) == Sum("∂C/∂b^2_1", (Term(1, 1, -0.5),), -0.5)
    assert trace.sum_for_dC_dw(2, 1, 0) == Sum("∂C/∂w^2_1,0", (Term(0, -0.5, 1),), -0.5)
    assert trace.sum_for_dC_dw(2, 0, 1) == Sum("∂C/∂w^2_0,1", (Term(1, 1, -1),), -1)


def test_the_error_at_a_softmax_is_a_sum_over_its_neurons():
    net = Network([2, 3], cost="softmax", seed=4, dtype="float64")
    trace = follow(net, np.array([0.2, 0.7]), 1)
    total = trace.sum_for_δ(2, 2)
    assert total.symbol == "δ^2_2"
    assert [term.index for term in total.terms] == [0, 1, 2]
    # ∂C/∂a_k = -y_k/a_k is 0 but at the label, and ∂a_1/∂z_2 = -a_1 a_2: δ_2 = a_2.
    assert [term.product == 0 for term in total.terms] == [True, False, True]
    assert total.value == total.recomputed() == pytest.approx(trace.a[2][2])


def test_the_sum_of_an_error_has_the_slope_as_its_factor():
    net = Network([2, 2, 2], "tanh", "quadratic", seed=1, dtype="float64")
    trace = follow(net, np.array([0.3, 0.9]), 0)
    for l, slope in ((2, 1 - trace.a[2] ** 2), (3, trace.a[3] * (1 - trace.a[3]))):
        for j in range(2):
            total = trace.sum_for_δ(l, j)
            assert total.factor == pytest.approx(slope[j])
            assert total.value == trace.δ[l][j]
            assert total.recomputed() == pytest.approx(total.value)


def test_a_sum_by_the_size_of_its_terms_keeps_all_else():
    total = Sum("s", (Term(0, 1, 2), Term(1, -3, 3), Term(2, 2, -2.5)), 1.5, 0.25, 0.5)
    ordered = Sum("s", (Term(1, -3, 3), Term(2, 2, -2.5), Term(0, 1, 2)), 1.5, 0.25, 0.5)
    assert total.largest_first() == ordered
    assert total.recomputed() == (2 - 9 - 5 + 0.25) * 0.5
    assert (Sum("s", (), 1.0).offset, Sum("s", (), 1.0).factor) == (0, 1)


def test_the_four_equations_by_hand():
    z, dC_da = np.array([-1.0, 2.0]), np.array([3.0, 5.0])
    relu, softmax = activation_named("relu"), activation_named("softmax")
    assert BP1(dC_da, relu, z).tolist() == [0, 5]
    assert BP2(np.array([[1.0, 2], [3, 4]]), np.array([1.0, -1]), relu, z).tolist() == [0, -2]
    p = 1 / (1 + np.exp(3))
    assert BP1(dC_da, softmax, z) == pytest.approx(np.array([-2, 2]) * p * (1 - p))
    δ = np.array([1.0, 2.0])
    assert BP3(δ).tolist() == [1, 2]
    assert not np.shares_memory(BP3(δ), δ)
    assert BP4(δ, np.array([3.0, 4, 5])).tolist() == [[3, 4, 5], [6, 8, 10]]


def test_a_network_in_single_precision_is_followed_in_double():
    single = Network([3, 4, 2], "tanh", "cross-entropy", seed=2)
    x = np.array([0.1, 0.2, 0.3])
    trace, expected = follow(single, x, 1), follow(single.copy(np.float64), x, 1)
    assert trace.network is not single
    assert trace.network.dtype == np.float64
    for l in (2, 3):
        assert trace.z[l].dtype == np.float64
        np.testing.assert_array_equal(trace.dC_dw[l], expected.dC_dw[l])
    assert trace.x.dtype == np.float64
    assert trace.x.tolist() == x.tolist()


def test_a_complex_network_stays_complex_and_its_imaginary_part_is_the_derivative():
    net = Network([3, 4, 2], "tanh", "quadratic", seed=2, dtype="float64")
    x, y = np.array([0.1, 0.2, 0.3]), np.array([0.0, 1.0])
    trace = follow(net, x, y)
    turned = net.copy(np.complex128)
    turned.layers[0].weights[1, 2] += 1e-30j
    a = follow(turned, x.astype(complex), y).a[3]
    assert a.imag @ (a.real - y) / 1e-30 == pytest.approx(trace.dC_dw[2][1, 2], rel=1e-13)
    from_input = follow(net.copy(np.complex128), x + [0, 1e-30j, 0], y)
    assert from_input.network.dtype == np.complex128
    dC_dx = trace.W[2].T @ trace.δ[2]
    reached = from_input.a[3].imag @ (trace.a[3] - y) / 1e-30
    assert reached == pytest.approx(dC_dx[1], rel=1e-13)


def test_a_complex_network_takes_a_list_of_whole_numbers():
    trace = follow(by_hand()[0].copy(np.complex128), [1, -1], [1])
    assert trace.x.dtype == trace.a[3].dtype == np.complex128
    assert trace.C == 0.125


def test_a_label_an_array_of_one_label_and_a_one_hot_row_are_one_target():
    net = Network([3, 4, 2], "tanh", "cross-entropy", seed=2, dtype="float64")
    x = np.array([0.1, 0.2, 0.3])
    for y in (1, np.uint8(1), np.array(1), [0, 1], np.array([0.0, 1])):
        assert follow(net, x, y).y.tolist() == [0, 1]


def test_the_mean_of_the_examples_is_the_batchs_gradient():
    rng = np.random.default_rng(3)
    for activation, cost in (("tanh", "cross-entropy"), ("softmax", "quadratic")):
        net = Network([3, 4, 5, 2], activation, cost, seed=1, dtype="float64")
        x, labels = rng.random((7, 3)), rng.integers(0, 2, 7)
        for y in (labels, np.eye(2)[labels]):
            mean = gradient_by_equations(net, x, y)
            np.testing.assert_allclose(
                mean.vector, net.backpropagate(x, y).vector, rtol=1e-12, atol=1e-15
            )
    single = gradient_by_equations(net.copy(np.float32), x, labels)
    assert single.vector.dtype == np.float64
    assert single.specs == net.specs


def test_each_example_of_a_batch_has_its_trace():
    net, x, y = by_hand()
    traces = backpropagate(net, np.array([x, 2 * x]), np.array([y, y]))
    assert [trace.x.tolist() for trace in traces] == [[1, -1], [2, -2]]
    assert [trace.C for trace in traces] == [0.125, follow(net, 2 * x, y).C]


@pytest.mark.parametrize(
    ("x", "y", "shapes"),
    [
        (np.zeros(2), np.zeros(1), "(2,) and y (1,)"),
        (np.zeros((0, 2)), np.zeros((0, 1)), "(0, 2) and y (0, 1)"),
        (np.zeros((0, 2)), np.zeros(0), "(0, 2) and y (0,)"),
        (np.zeros((3, 2)), np.zeros((2, 1)), "(3, 2) and y (2, 1)"),
        (np.zeros((2, 2)), np.float64(1), "(2, 2) and y ()"),
        (np.zeros((2, 2)), np.zeros((2, 1, 1)), "(2, 2) and y (2, 1, 1)"),
        (np.zeros((2, 2, 1)), np.zeros((2, 1)), "(2, 2, 1) and y (2, 1)"),
    ],
)
def test_examples_without_a_target_each_are_refused(x, y, shapes):
    words = f"x has shape {shapes}: give at least one example, and a target for each"
    for follows in (backpropagate, gradient_by_equations):
        with pytest.raises(InvalidArgument, match=f"^{re.escape(words)}$"):
            follows(by_hand()[0], x, y)


def test_a_batch_is_no_example():
    with pytest.raises(InvalidArgument, match=r"^x has shape \(5, 2\): give one example, \(2,\)$"):
        follow(by_hand()[0], np.zeros((5, 2)), 0)


@pytest.mark.parametrize(
    ("l", "j", "k", "words"),
    [
        (1, 0, 0, "layer 1 has no weights: choose from 2 to 3"),
        (4, 0, 0, "layer 4 has no weights: choose from 2 to 3"),
        (2, 2, 0, "neuron 2 is not in layer 2: it has 0 to 1"),
        (2, -1, 0, "neuron -1 is not in layer 2: it has 0 to 1"),
        (3, 1, 0, "neuron 1 is not in layer 3: it has 0 to 0"),
        (3, 0, 2, "neuron 2 is not in layer 2: it has 0 to 1"),
        (2, 0, -1, "neuron -1 is not in layer 1: it has 0 to 1"),
    ],
)
def test_a_neuron_that_is_not_there_is_told_with_those_that_are(l, j, k, words):
    net, x, y = by_hand()
    trace = follow(net, x, y)
    with pytest.raises(InvalidArgument, match=f"^{words}$"):
        trace.sum_for_dC_dw(l, j, k)
    if "layer 1:" in words or (l, k) == (3, 2):
        return
    for numbers in (trace.sum_for_z, trace.sum_for_δ, trace.sum_for_dC_da, trace.sum_for_dC_db):
        with pytest.raises(InvalidArgument, match=f"^{words}$"):
            numbers(l, j)


def test_a_step_by_hand():
    net, x, y = by_hand()
    before = net.parameters.vector.copy()
    moved = update(follow(net, x, y), 0.5)
    assert moved.W[2].tolist() == [[0.5, 2.5], [3.25, 3.75]]
    assert moved.b[2].tolist() == [0, -0.25]
    assert moved.W[3].tolist() == [[2.125, -0.625]]
    assert moved.b[3].tolist() == [0.75]
    assert moved.x.tolist() == x.tolist()
    assert moved.y.tolist() == y.tolist()
    assert np.array_equal(net.parameters.vector, before)


def test_a_step_by_wrong_equations_goes_on_with_them():
    net, x, y = by_hand()
    wrong = Equations(BP3=lambda δ: 7 * δ)
    trace = follow(net, x, y, wrong)
    assert trace.equations is wrong
    assert trace.dC_db[3].tolist() == [3.5]
    moved = update(trace, 0.5)
    assert moved.equations is wrong
    assert moved.b[3].tolist() == [1 - 0.5 * 3.5]
    assert np.array_equal(moved.dC_db[3], 7 * moved.δ[3])
    assert [one.equations for one in backpropagate(net, x[np.newaxis], y, wrong)] == [wrong]
    right = follow(net, x, y)
    assert right.equations == Equations()


def test_an_example_that_is_none_is_not_followed():
    net, _, y = by_hand()
    with pytest.raises(InvalidArgument, match=r"x\[0, 1\] is nan"):
        follow(net, np.array([0, np.nan]), y)
    with pytest.raises(InvalidArgument, match="divide by 255"):
        follow(net, np.array([0, 255], np.uint8), y)
