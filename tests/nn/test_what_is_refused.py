"""What the mathematics refuses at its edge, and what its pieces say of themselves."""

import numpy as np
import pytest

from handwrought.errors import InvalidArgument
from handwrought.nn import network as network_module
from handwrought.nn.activations import ACTIVATIONS, Exponential, activation_named
from handwrought.nn.costs import COSTS, POISSON, cost_named, smoothed
from handwrought.nn.equations import follow
from handwrought.nn.gradient_check import agreeing_digits, check_gradients, derivative_at
from handwrought.nn.initializers import initializer_named
from handwrought.nn.network import Network
from handwrought.nn.parameters import Parameters
from handwrought.nn.workspace import Workspace

NET = Network([3, 4, 2], "tanh", "cross-entropy", dtype="float64")
X = np.random.default_rng(0).random((5, 3))
Y = np.eye(2)[[0, 1, 1, 0, 1]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sizes": [3]}, "at least two whole numbers"),
        ({"sizes": [3, 2.5]}, "at least two whole numbers"),
        ({"sizes": [3, float("inf")]}, "at least two whole numbers"),
        ({"sizes": None}, "at least two whole numbers"),
        ({"dtype": "float16"}, "use 'float32' or 'float64'"),
        ({"seed": -1}, "at least 0"),
        ({"seed": True}, "at least 0"),
        ({"activation": 3}, "give a name"),
        ({"activation": ["tanh", "tanh"]}, "names 2 layers"),
        ({"activation": "tahn"}, "unknown"),
        ({"sizes": [3, 2], "activation": "tahn"}, "unknown"),
        ({"cost": "cross-entropy", "output_activation": "tanh"}, "leaves the range"),
        ({"cost": []}, "unknown"),
        ({"initializer": "zeros"}, "unknown"),
    ],
)
def test_what_makes_no_network_is_refused(arguments, words):
    with pytest.raises(InvalidArgument, match=words):
        Network(**{"sizes": [3, 4, 2], **arguments})


def test_a_network_larger_than_any_memory_is_refused(monkeypatch):
    with pytest.raises(InvalidArgument, match="no memory holds"):
        Network([2**31, 2**31])

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(network_module, "Parameters", full)
    with pytest.raises(InvalidArgument, match="no memory holds"):
        Network([3, 2])


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((2, 3), complex), "real numbers"),
        (np.zeros((2, 4)), "takes"),
        (np.zeros((1, 2, 3)), "takes"),
        (np.full((2, 3), 9, np.uint8), "divide by 255"),
        (np.array([[0, 1, np.nan]]), r"x\[0, 2\] is nan"),
        (np.array([["a", "b", "c"]]), "real numbers"),
    ],
)
def test_inputs_that_are_none_are_refused(x, words):
    with pytest.raises(InvalidArgument, match=words):
        NET.feedforward(x)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.zeros((5, 2), complex), "must hold numbers"),
        (np.array([0, 1, 2, 0, 1]), "labels from 0 to 2"),
        (np.array([0, -1, 1, 0, 1]), "labels from -1"),
        (np.zeros((4, 2)), "need"),
        (np.full((5, 2), np.nan), "not finite"),
        (np.full((5, 2), 1.5), "from 0 to 1"),
        (np.full((5, 2), -0.5), "from 0 to 1"),
    ],
)
def test_targets_that_do_not_fit_are_refused(y, words):
    with pytest.raises(InvalidArgument, match=words):
        NET.backpropagate(X, y)


def test_the_mean_over_no_example_is_refused():
    with pytest.raises(InvalidArgument, match="no example"):
        NET.backpropagate(X[:0], Y[:0])
    with pytest.raises(InvalidArgument, match="no example"):
        check_gradients(NET, X[:0], Y[:0])


def test_one_output_takes_a_list_of_targets_and_one_example_a_row():
    one = Network([3, 1], cost="cross-entropy", dtype="float64")
    targets = np.array([0.0, 1, 1, 0, 1])
    rows = one.backpropagate(X, targets[:, np.newaxis]).vector
    assert np.array_equal(one.backpropagate(X, targets).vector, rows)
    assert np.array_equal(NET.costs(X[0], Y[0]), NET.costs(X[:1], Y[:1]))


def test_softmax_needs_distributions():
    with pytest.raises(InvalidArgument, match="probability distribution"):
        Network([3, 2], cost="softmax").backpropagate(X, np.full((5, 2), 0.7))


def test_label_smoothing_lies_from_0_to_1():
    with pytest.raises(InvalidArgument, match=r"label_smoothing is 1\.5"):
        smoothed(Y, 1.5)


def test_smoothed_labels_move_towards_all_alike():
    y = np.array([[0.0, 1, 0, 0], [1, 0, 0, 0]])
    assert np.allclose(smoothed(y, 0.2), [[0.05, 0.85, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05]])
    assert np.array_equal(smoothed(y, 0), y)
    assert np.array_equal(smoothed(y, 1), np.full((2, 4), 0.25))
    for amount in (-0.01, 1.01, float("nan")):
        with pytest.raises(InvalidArgument, match="it must lie from 0 to 1"):
            smoothed(y, amount)
    before, out = y.copy(), np.empty_like(y)
    assert smoothed(y, 0.2, out=out) is out
    assert np.array_equal(y, before)
    assert smoothed(y, 0.2, out=y) is y
    assert np.array_equal(y, out)
    assert smoothed(before.astype(np.float32), 0.1).dtype == np.float32


def test_what_is_written_into_is_what_is_returned():
    z = np.random.default_rng(0).normal(size=(4, 3))
    for name in ACTIVATIONS:
        f, out = activation_named(name), np.empty_like(z)
        assert f.value(z, out=out) is out
        assert np.array_equal(out, f.value(z))
        a, delta = out.copy(), np.empty_like(z)
        assert f.backward(np.ones_like(z), z, a, out=delta) is delta
        assert np.array_equal(delta, f.backward(np.ones_like(z), z, a))
    out = np.empty_like(z)
    assert Exponential().value(z, out=out) is out
    assert np.array_equal(out, np.exp(z))
    a, y = np.full((2, 3), 0.3), np.eye(3)[:2]
    for cost in (*COSTS.values(), POISSON):
        out = np.empty_like(a)
        assert cost.gradient(a, y, out=out) is out
        assert np.array_equal(out, cost.gradient(a, y))


def test_rows_of_a_batch_do_not_touch_each_other():
    """A row far above the others must not take their digits away."""
    z = np.array([[0.0, 1.0], [2000.0, 2001.0]])
    y = np.array([[1.0, 0.0], [0.0, 1.0]])
    softmax, cost = activation_named("softmax"), cost_named("softmax")
    a = softmax.value(z)
    assert np.allclose(a[0], a[1])
    assert np.allclose(cost.value_at(softmax, z, a, y), -np.log([a[0, 0], a[1, 1]]))
    for row in range(2):
        assert np.allclose(softmax.derivative(z)[row], np.diag(softmax.jacobian(z[row])))
        g = np.array([0.3, -0.7])
        delta = softmax.backward(np.tile(g, (2, 1)), z, a)[row]
        assert np.allclose(delta, softmax.jacobian(z[row]).T @ g)


def test_derivatives_keep_the_dtype_of_what_they_are_of():
    for dtype in (np.float32, np.float64):
        z = np.array([[-2.0, 0.0, 3.0]], dtype)
        for name in ACTIVATIONS:
            assert activation_named(name).derivative(z).dtype == dtype, name
            assert activation_named(name).value(z).dtype == dtype, name


def test_cross_entropy_from_z_is_that_from_a():
    z, y = np.array([[-700.0, -1.0, 0.0, 1.0, 700.0]]), np.array([[0.0, 0.2, 0.5, 1, 1]])
    cost, sigmoid = cost_named("cross-entropy"), activation_named("sigmoid")
    by_hand = np.log1p(np.exp(-1)) + 0.2 + np.log(2) + np.log1p(np.exp(-1))
    assert cost.value_at(sigmoid, z, sigmoid.value(z), y)[0] == pytest.approx(by_hand)
    assert cost.value(sigmoid.value(z), y)[0] == pytest.approx(by_hand)


def test_poissons_cost_is_0_where_rates_are_the_counts_and_finite_at_none():
    y = np.array([[0.0, 1, 4]])
    assert POISSON.value(y + [[1e-300, 0, 0]], y) == pytest.approx(0)
    exponential = Exponential()
    z = np.array([[-2.0, 0.5, 1.0]])
    a = exponential.value(z)
    by_hand = sum(r - k + (k * np.log(k / r) if k else 0) for r, k in zip(a[0], y[0], strict=True))
    assert POISSON.value(a, y)[0] == pytest.approx(by_hand)
    assert POISSON.value_at(exponential, z, a, y)[0] == pytest.approx(by_hand)
    with pytest.raises(InvalidArgument, match="y holds -1: the Poisson cost needs counts"):
        POISSON.check_targets(np.array([[0.0, -1, 2]]))
    POISSON.check_targets(np.zeros((0, 3)))


def test_a_cost_or_an_activation_may_be_given_itself():
    assert cost_named(POISSON) is POISSON
    assert activation_named(activation_named("tanh")).name == "tanh"
    assert cost_named("log-likelihood").name == "softmax"


def test_poissons_cost_by_both_ways_and_its_gradient():
    z = np.random.default_rng(0).normal(size=(6, 3))
    exponential = Exponential()
    a, y = exponential.value(z), np.array([[0.0, 1, 2]] * 6)
    assert np.allclose(POISSON.value(a, y), POISSON.value_at(exponential, z, a, y))
    identity = activation_named("identity")
    assert np.allclose(POISSON.value_at(identity, z, a, y), POISSON.value(a, y))
    h = 1e-6
    numeric = (POISSON.value(a + [h, 0, 0], y) - POISSON.value(a - [h, 0, 0], y)) / (2 * h)
    assert np.allclose(POISSON.gradient(a, y)[:, 0], numeric, rtol=1e-6)
    assert np.allclose(exponential.derivative(z), a)
    assert np.allclose(POISSON.error(exponential, z, a, y), a - y)
    POISSON.check_targets(y)
    with pytest.raises(InvalidArgument, match="counts of at least 0"):
        POISSON.check_targets(-y)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "forward"}, "use 'central' or 'complex'"),
        ({"step": 0}, "above 0"),
        ({"step": float("nan")}, "above 0"),
        ({"max_per_array": 0}, "at least 1"),
    ],
)
def test_a_gradient_check_refuses_what_checks_nothing(options, words):
    with pytest.raises(InvalidArgument, match=words):
        check_gradients(NET, X, Y, **options)


def test_a_gradient_check_of_some_counts_what_it_compared():
    check = check_gradients(NET, X, Y, max_per_array=3)
    assert check.n_compared == 3 + 3 + 3 + 2
    assert check.skipped_at_kinks == 0
    assert check.max_relative_error < 1e-7
    wrong = check_gradients(NET, X, Y, backpropagate=lambda net, x, y: net.parameters.like())
    assert wrong.max_relative_error == pytest.approx(1.0)


def test_derivatives_that_are_all_0_agree_or_are_infinitely_wrong():
    flat = Network([3, 4, 2], "relu", "quadratic", dtype="float64")
    flat.parameters.vector[:] = 0
    flat.layers[0].biases[:] = -1.0  # every hidden neuron is off, and its weights do nothing
    check = check_gradients(flat, X, Y)
    assert check.arrays[0].relative_error == 0
    ones = Parameters(flat.specs, np.float64, np.ones(flat.parameters.vector.size))
    wrong = check_gradients(flat, X, Y, backpropagate=lambda *_: ones)
    assert wrong.arrays[0].relative_error == float("inf")


def test_the_derivative_by_one_parameter_is_backpropagations():
    gradient = NET.backpropagate(X, Y)
    weight = derivative_at(NET, X, Y, 0, 2, 1)
    assert weight == pytest.approx(gradient[0].weights[2, 1], rel=1e-6)
    bias = derivative_at(NET, X, Y, 1, 1, method="complex")
    assert bias == pytest.approx(gradient[1].biases[1], rel=1e-12)


def test_digits_that_agree():
    assert agreeing_digits(0.5, 0.5) == 16
    assert agreeing_digits(1.0, 1.001) == 3
    assert agreeing_digits(1.0, -1.0) == 0


def test_a_trace_refuses_layers_and_neurons_that_are_not_there():
    trace = follow(NET, X[0], 1)
    for arguments, words in (
        ((1, 0), "layer 1 has no weights"),
        ((4, 0), "choose from 2 to 3"),
        ((2, 4), "neuron 4 is not in layer 2"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            trace.sum_for_z(*arguments)
    with pytest.raises(InvalidArgument, match="neuron 3 is not in layer 1"):
        trace.sum_for_dC_dw(2, 0, 3)
    with pytest.raises(InvalidArgument, match="give one example"):
        follow(NET, X, Y)


def test_the_error_of_an_output_neuron_is_a_sum_of_one_term():
    trace = follow(NET, X[0], 1)
    total = trace.sum_for_δ(3, 1)
    assert len(total.terms) == 1
    assert total.recomputed() == pytest.approx(trace.δ[3][1])


def test_the_terms_of_a_sum_by_their_size():
    total = follow(NET, X[0], 1).sum_for_z(2, 0).largest_first()
    sizes = [abs(term.product) for term in total.terms]
    assert sizes == sorted(sizes, reverse=True)
    assert total.recomputed() == pytest.approx(total.value)


def test_parameters_look_into_a_vector_that_fits():
    parameters = NET.parameters
    assert len(parameters) == 2
    assert parameters.weights.size == 3 * 4 + 4 * 2
    assert np.shares_memory(parameters.weights, parameters.vector)
    with pytest.raises(InvalidArgument, match="layers ask for"):
        Parameters(NET.specs, numbers=np.zeros(3))
    with pytest.raises(InvalidArgument, match="byte order"):
        Parameters(NET.specs, numbers=np.zeros(26, ">f8"))


def test_a_workspace_lends_rows_and_no_more_than_it_has():
    space = Workspace(NET.layers, 5, np.float64, dropout=[True, False])
    assert space.rows(3) is space.rows(3)
    assert space.rows(3)[0].z.shape == (3, 4)
    with pytest.raises(ValueError, match="does not fit"):
        space.rows(6)


def test_dropout_leaves_out_and_hands_on():
    space = Workspace(NET.layers, 5, np.float64, dropout=[True, False])
    states = space.rows(5)
    states[0].keep[:] = [0, 2, 0, 2]
    NET.forward(np.ascontiguousarray(X), states)
    assert not states[0].output[:, [0, 2]].any()
    assert np.array_equal(states[0].output[:, 1], 2 * states[0].a[:, 1])
    gradient = NET.parameters.like()
    NET.backward(X, Y, states, gradient)
    assert not gradient[0].biases[[0, 2]].any()
    part = Workspace(NET.layers, 2, np.float64, dropout=[True, False]).rows(2)
    plain = NET.workspace(2).rows(2)
    for mine, theirs in zip((part[0], plain[0]), (states[0], states[0]), strict=True):
        mine.take(theirs, np.array([4, 1]))
        assert np.array_equal(mine.a, theirs.a[[4, 1]])
    assert np.array_equal(part[0].kept, states[0].kept[[4, 1]])
    assert plain[0].kept is None


def test_pieces_say_what_they_are():
    assert repr(NET) == "<Network 3-4-2 (tanh, sigmoid), cross-entropy cost, float64>"
    assert repr(NET.layers[0]) == "<Dense 3 -> 4 tanh>"
    assert repr(NET.parameters) == "<Parameters of 2 layers: 26 float64>"
    assert repr(COSTS["softmax"]) == "<cost softmax>"
    assert repr(activation_named("gelu")) == "<activation gelu>"


def test_every_initializer_keeps_its_promise():
    rng = np.random.default_rng(0)
    weights, biases = initializer_named("glorot")(rng, 300, 100)
    bound = np.sqrt(6 / 400)
    assert np.abs(weights).max() <= bound
    assert weights.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert not biases.any()
