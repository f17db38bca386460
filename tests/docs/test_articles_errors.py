"""What is wrong in the article, each slip shown by numbers; docs/05-the-articles-errors.md cites
these tests by name."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.nn.equations import follow
from handwrought.nn.faults import FAULTS

STEP = 1e-5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture
def net():
    """Layers of 4, 3, 3 and 3 neurons: with square matrices a wrong index still multiplies."""
    return hw.Network([4, 3, 3, 3], dtype="float64", seed=3)


@pytest.fixture
def trace(net):
    return follow(net, np.array([0.1, 0.9, 0.4, 0.7]), np.array([0.0, 1.0, 0.0]))


def difference(function, at):
    """Central difference of a scalar function of an array, of the array's shape."""
    slope = np.empty_like(at)
    for i in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[i] += STEP
        down[i] -= STEP
        slope[i] = (function(up) - function(down)) / (2 * STEP)
    return slope


def cost_from_z(trace, l):
    """The cost as a function of z^l, the layers above it evaluated by hand."""

    def cost(z):
        a = sigmoid(z)
        for above in range(l + 1, trace.L + 1):
            a = sigmoid(trace.W[above] @ a + trace.b[above])
        return 0.5 * ((a - trace.y) ** 2).sum()

    return cost


def test_01_the_articles_sigmoid_is_the_falling_one_and_its_gradients_alternate_in_sign(net, trace):
    articles = FAULTS["articles-sigmoid"].equations
    z = np.linspace(-5, 5, 11)
    wrong = articles.value(net.activations[0], z)
    np.testing.assert_allclose(wrong, sigmoid(-z), rtol=1e-14)
    assert (np.diff(wrong) < 0).all()

    found = follow(net, trace.x, trace.y, articles)

    def cost(parameters):
        again = follow(net.with_parameters(parameters), trace.x, trace.y, articles)
        return 0.5 * ((again.a[again.L] - again.y) ** 2).sum()

    for l, sign in ((4, -1), (3, +1), (2, -1)):

        def cost_of_weights(W, l=l):
            moved = net.parameters.copy()
            moved[l - 2].weights[...] = W
            return cost(moved)

        np.testing.assert_allclose(
            found.dC_dw[l], sign * difference(cost_of_weights, found.W[l]), rtol=1e-4, atol=1e-10
        )


def test_02_w_jk_runs_from_k_in_the_layer_below_to_j(net, trace):
    moved = net.copy()
    moved.layers[0].weights[2, 1] += 1.0
    change = follow(moved, trace.x, trace.y).z[2] - trace.z[2]
    np.testing.assert_allclose(change, [0, 0, trace.a[1][1]], atol=1e-15)


def test_03_the_weights_of_a_neuron_carry_its_layers_index(trace):
    np.testing.assert_allclose(trace.a[3], sigmoid(trace.W[3] @ trace.a[2] + trace.b[3]))
    other = sigmoid(trace.W[4] @ trace.a[2] + trace.b[3])
    assert np.abs(trace.a[3] - other).max() > 1e-3


def test_04_the_sum_is_the_weighted_input_and_the_activation_is_sigma_of_it(trace):
    total = trace.sum_for_z(3, 1).recomputed()
    assert total == pytest.approx(trace.z[3][1], rel=1e-14)
    assert sigmoid(total) == pytest.approx(trace.a[3][1], rel=1e-14)
    assert abs(total - trace.a[3][1]) > 1e-3


def test_05_differentiating_z_above_by_one_z_keeps_one_term_of_the_sum(trace):
    def z_above(z, k):
        return trace.W[4][k] @ sigmoid(z) + trace.b[4][k]

    for k in range(3):
        slope = difference(lambda z, k=k: z_above(z, k), trace.z[3])
        np.testing.assert_allclose(slope, trace.W[4][k] * trace.σ_prime[3], rtol=1e-8)
        assert abs(slope[0] - (trace.W[4][k] * trace.σ_prime[3]).sum()) > 1e-6


def test_06_eta_3_with_the_half_is_1_5_without_it_and_15_with_a_mean_over_ten_outputs():
    rng = np.random.default_rng(0)
    net = hw.Network([6, 5, 10], dtype="float64", seed=1)
    x, y = rng.random((4, 6)), np.eye(10)[rng.integers(0, 10, 4)]
    costs = {
        3.0: lambda a: 0.5 * ((a - y) ** 2).sum(axis=1).mean(),
        1.5: lambda a: ((a - y) ** 2).sum(axis=1).mean(),
        15.0: lambda a: ((a - y) ** 2).mean(),
    }
    for eta, cost in costs.items():

        def of_vector(vector, cost=cost):
            moved = net.copy()
            moved.parameters.vector[:] = vector
            return cost(moved.feedforward(x))

        step = eta * difference(of_vector, net.parameters.vector)
        np.testing.assert_allclose(
            step, 3.0 * net.backpropagate(x, y).vector, rtol=1e-6, atol=1e-10
        )


def test_07_the_equations_hold_for_one_example_and_the_update_takes_their_mean(net):
    rng = np.random.default_rng(0)
    x, y = rng.random((5, 4)), rng.integers(0, 3, 5)
    single = [follow(net, x_i, int(y_i)) for x_i, y_i in zip(x, y, strict=True)]
    mean = sum(one.dC_dw[3] for one in single) / 5
    np.testing.assert_allclose(net.backpropagate(x, y)[1].weights, mean, rtol=1e-12)

    before = net.layers[1].weights.copy()
    split = hw.Split((x * 255).astype(np.uint8), y.astype(np.uint8), n_classes=3)
    pixels = split.inputs(np.arange(5), np.float64)
    gradient = net.backpropagate(pixels, y)[1].weights.copy()
    next(hw.train(net, split, epochs=1, batch_size=5, learning_rate=0.7))
    np.testing.assert_allclose(net.layers[1].weights, before - 0.7 * gradient, rtol=1e-12)


def test_08_with_softmax_bp1_keeps_its_sum():
    net = hw.Network([4, 3], output_activation="softmax", dtype="float64", seed=0)
    one = follow(net, np.array([0.1, 0.9, 0.4, 0.7]), 1)

    def cost(z):
        a = np.exp(z) / np.exp(z).sum()
        return 0.5 * ((a - one.y) ** 2).sum()

    true = difference(cost, one.z[2])
    np.testing.assert_allclose(one.δ[2], true, rtol=1e-8)
    diagonal_alone = one.dC_da[2] * one.σ_prime[2]
    assert np.linalg.norm(diagonal_alone - true) > 0.1 * np.linalg.norm(true)


@pytest.mark.parametrize("l", [2, 3, 4])
def test_09_delta_is_the_rate_of_change_of_the_cost_and_comes_from_the_layer_above(trace, l):
    np.testing.assert_allclose(trace.δ[l], difference(cost_from_z(trace, l), trace.z[l]), rtol=1e-6)
    if l < trace.L:
        from_above = (trace.W[l + 1].T @ trace.δ[l + 1]) * trace.σ_prime[l]
        np.testing.assert_allclose(trace.δ[l], from_above, rtol=1e-14)


def test_10_accuracy_is_piecewise_constant_in_the_weights_and_the_cost_is_not():
    rng = np.random.default_rng(0)
    net = hw.Network([6, 5, 3], dtype="float64", seed=1)
    x, y = rng.random((200, 6)), rng.integers(0, 3, 200)
    moved = net.copy()
    moved.parameters.vector += 1e-9 * rng.standard_normal(moved.parameters.vector.size)
    assert (moved.predict(x) == net.predict(x)).all()
    assert moved.costs(x, y).mean() != net.costs(x, y).mean()


def test_11_linear_layers_compose_to_one_affine_function_whatever_their_number():
    net = hw.Network([4, 7, 5, 3], "identity", output_activation="identity", dtype="float64")
    c = net.feedforward(np.zeros(4))
    A = np.column_stack([net.feedforward(e) - c for e in np.eye(4)])
    x = np.random.default_rng(0).uniform(-100, 100, (50, 4))
    np.testing.assert_allclose(net.feedforward(x), x @ A.T + c, rtol=1e-10)
    assert hw.load_dataset("mnist").train.n_classes == 10


@pytest.mark.slow
def test_12_what_it_leaves_out_is_here_and_learns():
    data = hw.load_dataset("mnist")
    net = hw.Network([784, 30, 10], seed=0)
    next(hw.train(net, data, epochs=1, batch_size=10, learning_rate=3.0))
    assert hw.evaluate(net, data.validation).accuracy > 0.9
