"""The stack of layers: what goes in, what comes out, and what it is told with when it may not."""

import re

import numpy as np
import pytest

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import EXPONENTIAL
from handwrought.nn.costs import POISSON
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters

NET = Network([3, 4, 5, 2], ["tanh", "relu"], "cross-entropy", seed=1, dtype="float64")
X = np.random.default_rng(0).random((6, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1, 0]]


def refused(words):
    return pytest.raises(InvalidArgument, match=f"^{re.escape(words)}$")


def by_hand(net, x):
    """Layer after layer in plain NumPy, for networks of tanh, ReLU and sigmoids."""
    functions = {
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }
    a = x
    for layer in net.layers:
        a = functions[layer.activation.name](a @ layer.weights.T + layer.biases)
    return a


def test_feedforward_is_the_layers_one_after_the_other():
    np.testing.assert_allclose(NET.feedforward(X), by_hand(NET, X), rtol=1e-13)


def test_one_example_gives_one_vector_and_none_gives_none():
    one = NET.feedforward(X[2])
    assert one.shape == (2,)
    np.testing.assert_allclose(one, by_hand(NET, X[2:3])[0], rtol=1e-13)
    assert NET.feedforward(X[:1]).shape == (1, 2)
    assert NET.feedforward(X[:0]).shape == (0, 2)


def test_many_examples_go_through_in_parts_that_a_cache_holds():
    parts = []

    class Counted(Network):
        def forward(self, x, states):
            parts.append(len(x))
            return super().forward(x, states)

    net = Counted([2, 3, 1], "tanh", seed=3, dtype="float64")
    x = np.random.default_rng(1).random((2048 + 2048 + 5, 2))
    np.testing.assert_allclose(net.feedforward(x), by_hand(net, x), rtol=1e-12)
    assert parts == [2048, 2048, 5]
    parts.clear()
    net.feedforward(x[:7])
    assert parts == [7]


def test_the_class_of_an_example_is_its_largest_output():
    net = Network([3, 3], "identity", seed=None, output_activation="identity")
    net.layers[0].weights[:] = np.eye(3)
    assert net.predict(np.array([[0, 0.5, 0.2], [1, 0, 0], [0.1, 0.2, 0.3]])).tolist() == [1, 0, 2]
    assert net.predict(np.array([0, 0.5, 0.2])).tolist() == [1]


def test_single_precision_is_kept_from_input_to_gradient():
    """2^24 + 1 is no number of single precision: what keeps more digits ends 1 above."""
    net = Network([1, 1, 1], "identity", seed=None, output_activation="identity")
    net.parameters.vector[:] = [1, 1, 1, -(2.0**24)]  # two weights, then two biases
    x, y = np.array([[2.0**24]]), np.array([[0.0]])
    assert net.feedforward(x).tolist() == [[0]]
    assert net.feedforward(x).dtype == np.float32
    assert net.costs(x, y).tolist() == [0]
    assert net.costs(x, y).dtype == np.float32
    gradient = net.backpropagate(x, y)
    assert not gradient.vector.any()
    assert gradient.vector.dtype == np.float32
    wide = net.copy(np.float64)
    assert wide.feedforward(x).tolist() == [[1]]
    assert wide.backpropagate(x, y).vector.tolist() == [2.0**24, 2.0**24 + 1, 1, 1]


def test_what_goes_in_is_made_of_the_networks_numbers():
    net = Network([3, 2], dtype="float32")
    for x in ([[1, 0, 1]], np.array([[1, 0, 1]], np.uint8), np.array([[True, False, True]])):
        found = net.checked_inputs(x)
        assert found.dtype == np.float32
        assert found.tolist() == [[1, 0, 1]]
    turned = np.asfortranarray(np.random.default_rng(0).random((4, 3)))
    assert net.checked_inputs(turned).flags.c_contiguous
    assert net.checked_inputs(np.zeros((0, 3), np.uint8)).shape == (0, 3)
    for y in (np.array([1, 0]), np.array([[0.0, 1], [1, 0]]), np.array([[0, 1], [1, 0]])):
        found = net.checked_targets(y, 2)
        assert found.dtype == np.float32
        assert found.tolist() == [[0, 1], [1, 0]]


def test_the_costs_of_examples_are_each_ones_own():
    a = by_hand(NET, X)
    expected = -(Y * np.log(a) + (1 - Y) * np.log(1 - a)).sum(axis=1)
    np.testing.assert_allclose(NET.costs(X, Y), expected, rtol=1e-12)
    np.testing.assert_allclose(NET.costs(X, np.argmax(Y, axis=1)), expected, rtol=1e-12)
    assert NET.costs(X[:0], Y[:0]).shape == (0,)


def test_the_last_layers_activation_decides_how_a_cost_is_reckoned():
    """From z, where ln a has lost its digits: so it must be the output's pair, not a hidden one's."""
    net = Network([1, 1, 1, 1], ["tanh", "identity"], "cross-entropy", None, "float64")
    net.parameters.vector[:] = [1, 1, 1, 0, 0, -800]
    assert net.costs(np.array([[0.0]]), np.array([[1.0]])).tolist() == [800]


def test_the_gradient_is_the_mean_of_the_examples_or_what_their_shares_make_of_it():
    each = [
        NET.backpropagate(x[np.newaxis], y[np.newaxis]).vector for x, y in zip(X, Y, strict=True)
    ]
    np.testing.assert_allclose(
        NET.backpropagate(X, Y).vector, np.mean(each, axis=0), rtol=1e-12, atol=1e-16
    )
    share = np.array([0.5, 0, -1, 2, 0.25, 1])
    states = NET.workspace(6).rows(6)
    gradient = NET.parameters.like()
    NET.forward(X, states)
    NET.backward(X, Y, states, gradient, share[:, np.newaxis])
    np.testing.assert_allclose(gradient.vector, share @ each, rtol=1e-12, atol=1e-16)


def test_a_network_begins_with_seed_0_sigmoids_and_the_quadratic_cost_in_single_precision():
    net = Network([3, 4, 2])
    same = Network([3, 4, 2], "sigmoid", "quadratic", 0, "float32")
    assert repr(net) == repr(same)
    np.testing.assert_array_equal(net.parameters.vector, same.parameters.vector)
    other = Network([3, 4, 2], seed=1).parameters.vector
    assert not np.array_equal(net.parameters.vector, other)


def test_layers_are_drawn_from_the_input_up_each_as_suits_it():
    net = Network([400, 300, 200, 2], ["relu", "tanh"], seed=5, dtype="float64")
    deviations = [layer.weights.std() for layer in net.layers]
    assert deviations == pytest.approx(
        [np.sqrt(2 / 400), np.sqrt(1 / 300), np.sqrt(1 / 200)], rel=0.1
    )
    assert not net.layers[0].biases.any()
    assert len(np.unique(net.layers[1].biases)) == 200
    before = net.parameters.vector.copy()
    net.initialize(6, "normal")
    assert net.layers[0].weights.std() == pytest.approx(1, rel=0.02)
    assert net.layers[0].biases.std() == pytest.approx(1, rel=0.2)
    net.initialize(5)
    assert np.array_equal(net.parameters.vector, before)


def test_a_copy_has_its_own_numbers_and_another_network_may_share_them():
    twin = NET.copy()
    assert twin.dtype == np.float64
    assert np.array_equal(twin.parameters.vector, NET.parameters.vector)
    assert not np.shares_memory(twin.parameters.vector, NET.parameters.vector)
    assert NET.copy("float32").dtype == np.float32
    parameters = Parameters(NET.specs, np.float64)
    around = NET.with_parameters(parameters)
    assert around.parameters is parameters
    assert type(around) is type(NET)
    assert (around.sizes, around.cost, around.activations) == (NET.sizes, NET.cost, NET.activations)
    around.layers[1].weights[2, 3] = 7
    assert parameters[1].weights[2, 3] == 7


def test_a_network_is_written_with_its_record_and_read_again(tmp_path):
    from handwrought.storage import read_header

    path = tmp_path / "net.safetensors"
    NET.save(path, dataset="points")
    back = Network.load(path)
    assert isinstance(back, Network)
    assert repr(back) == repr(NET)
    assert np.array_equal(back.parameters.vector, NET.parameters.vector)
    assert read_header(path)["record"]["dataset"] == "points"


def test_one_output_takes_whole_numbers_as_targets_and_not_as_labels():
    net = Network([3, 1], "tanh", "quadratic", dtype="float64", output_activation="identity")
    assert net.checked_targets(np.array([3, -1, 2]), 3).tolist() == [[3], [-1], [2]]
    assert net.checked_targets(np.array([5]), 1).tolist() == [[5]]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_booleans_are_the_labels_0_and_1_and_never_a_mask(n):
    x = np.random.default_rng(0).normal(size=(n, 4))
    above = x[:, 0] > 0
    rows = np.stack([~above, above], axis=1).astype(float)
    net = Network([4, 3, 2], cost="softmax", dtype="float64")
    np.testing.assert_array_equal(net.costs(x, above), net.costs(x, rows))
    np.testing.assert_array_equal(
        net.backpropagate(x, above).vector, net.backpropagate(x, rows).vector
    )
    one = Network([4, 3, 1], cost="cross-entropy", dtype="float64")
    np.testing.assert_array_equal(one.costs(x, above), one.costs(x, above[:, np.newaxis] * 1.0))


def test_counts_may_be_fitted_with_rates():
    net = Network([3, 2], cost=POISSON, dtype="float64", output_activation=EXPONENTIAL)
    np.testing.assert_allclose(
        net.feedforward(X), np.exp(X @ net.layers[0].weights.T + net.layers[0].biases)
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"sizes": [3]},
            "sizes is [3]: give at least two whole numbers of at least 1, such as [784, 30, 10]",
        ),
        (
            {"sizes": [3, 0]},
            "sizes is [3, 0]: give at least two whole numbers of at least 1, such as [784, 30, 10]",
        ),
        ({"dtype": "int32"}, "dtype is 'int32': use 'float32' or 'float64'"),
        ({"seed": -1}, "seed is -1: it must be a whole number of at least 0"),
        ({"seed": 1.5}, "seed is 1.5: it must be a whole number of at least 0"),
        ({"seed": False}, "seed is False: it must be a whole number of at least 0"),
        ({"activation": 3}, "activation is 3: give a name, or one for each layer"),
        (
            {"activation": ["tanh", "tanh"]},
            "activation names 2 layers, but the network has 1 hidden layers",
        ),
        (
            {"output_activation": "tanh", "cost": "cross-entropy"},
            "output_activation 'tanh' leaves the range of the cross-entropy cost: "
            "use one of sigmoid, softmax",
        ),
        (
            {"initializer": "zeros"},
            "initializer 'zeros' is unknown: use one of normal, lecun_normal, glorot, he",
        ),
        (
            {"sizes": [2**31, 2**31]},
            "sizes is [2147483648, 2147483648]: no memory holds so many weights; "
            "make the layers smaller",
        ),
    ],
)
def test_what_makes_no_network_is_told_in_one_sentence(arguments, words):
    with refused(words):
        Network(**{"sizes": [3, 4, 2], **arguments})


def test_sizes_that_can_be_read_only_once_are_refused():
    with pytest.raises(InvalidArgument, match="at least two whole numbers"):
        Network(iter([3, 2]))


def test_whole_numbers_of_numpy_make_a_network():
    net = Network(np.array([3, 4, 2]), seed=np.int64(7))
    assert net.sizes == (3, 4, 2)
    assert (net.n_inputs, net.n_outputs) == (3, 2)
    assert Network((1, 1)).sizes == (1, 1)
    assert np.array_equal(net.parameters.vector, Network([3, 4, 2], seed=7).parameters.vector)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((2, 3), complex), "x has dtype complex128: it must hold real numbers"),
        (np.zeros((2, 4)), "x has shape (2, 4): this network takes (n, 3)"),
        (np.zeros(4), "x has shape (4,): this network takes (n, 3)"),
        (np.zeros((1, 2, 3)), "x has shape (1, 2, 3): this network takes (n, 3)"),
        (
            np.full((2, 3), 2, np.uint8),
            "x holds uint8 pixels up to 2: divide by 255, so that they run from 0 to 1",
        ),
        (
            np.array([[0, 1, 2], [0, np.nan, np.inf]]),
            "x[1, 1] is nan: every input must be a finite number",
        ),
    ],
)
def test_inputs_that_are_none_are_told_in_one_sentence(x, words):
    with refused(words):
        NET.feedforward(x)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.zeros((6, 2), complex), "y has dtype complex128: it must hold numbers"),
        (
            np.array([0, 1, 2, 0, 1, 0]),
            "y has labels from 0 to 2: this network has classes 0 to 1",
        ),
        (
            np.array([0, 1, -1, 0, 1, 0]),
            "y has labels from -1 to 1: this network has classes 0 to 1",
        ),
        (
            np.zeros((6, 3)),
            "y has shape (6, 3): 6 examples of this network need (6, 2), or (6,) integer labels",
        ),
        (
            np.zeros(6),
            "y has shape (6,): 6 examples of this network need (6, 2), or (6,) integer labels",
        ),
        (
            np.array([0, 1]),
            "y has shape (2,): 6 examples of this network need (6, 2), or (6,) integer labels",
        ),
    ],
)
def test_targets_that_do_not_fit_are_told_in_one_sentence(y, words):
    for with_targets in (NET.costs, NET.backpropagate):
        with refused(words):
            with_targets(X, y)


def test_the_mean_over_none_is_told():
    with refused("x holds no example: the mean over none is undefined"):
        NET.backpropagate(X[:0], Y[:0])


def test_numbers_and_states_of_another_depth_are_refused():
    with pytest.raises(ValueError, match="zip"):
        NET.with_parameters(Network([3, 4, 2]).parameters)
    states = NET.workspace(6).rows(6)
    with pytest.raises(ValueError, match="zip"):
        NET.forward(X, states[:-1])
