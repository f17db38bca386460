"""Each classic mistake is wrong in just the way it says."""

import numpy as np
import pytest

from handwrought.nn.equations import follow
from handwrought.nn.faults import FAULTS
from handwrought.nn.network import Network

X = np.array([0.2, 0.9, -0.4])


def gradients(net, y, name):
    """Right and wrong, layer by layer."""
    right, wrong = follow(net, X, y), follow(net, X, y, FAULTS[name].equations)
    return right, wrong


def test_the_articles_sigmoid_is_the_mirror_image_of_the_right_one():
    net = Network([3, 4, 2], ["sigmoid"], "quadratic", seed=1, dtype="float64")
    right, wrong = gradients(net, 0, "articles-sigmoid")
    np.testing.assert_allclose(wrong.a[2], 1 / (1 + np.exp(right.z[2])), rtol=1e-14)
    s = wrong.a[3]
    np.testing.assert_allclose(s, 1 / (1 + np.exp(wrong.z[3])), rtol=1e-14)
    # s' = -s (1 - s), so s (1 - s) turns the sign of the error at the output.
    np.testing.assert_allclose(wrong.δ[3], (s - [1, 0]) * s * (1 - s), rtol=1e-13)
    a = wrong.a[2]
    np.testing.assert_allclose(
        wrong.δ[2], (net.layers[1].weights.T @ wrong.δ[3]) * a * (1 - a), rtol=1e-13
    )


def test_the_articles_sigmoid_stays_finite_far_out():
    value = FAULTS["articles-sigmoid"].equations.value
    sigmoid = Network([1, 1]).activations[0]
    with np.errstate(over="raise"):
        found = value(sigmoid, np.array([-1000.0, -0.5, 0, 0.5, 1000]))
    np.testing.assert_allclose(
        found, [1, 1 / (1 + np.exp(-0.5)), 0.5, 1 / (1 + np.exp(0.5)), 0], rtol=1e-14
    )


def test_the_articles_sigmoid_leaves_other_activations_as_they_are():
    net = Network([3, 4, 3, 2], ["tanh", "softmax"], "softmax", seed=1, dtype="float64")
    right, wrong = gradients(net, 0, "articles-sigmoid")
    for l in (2, 3, 4):
        np.testing.assert_array_equal(wrong.a[l], right.a[l])
        np.testing.assert_array_equal(wrong.δ[l], right.δ[l])


def test_without_the_slope_at_the_output_the_error_is_the_costs_own():
    net = Network([3, 4, 2], "tanh", "quadratic", seed=1, dtype="float64")
    right, wrong = gradients(net, 0, "missing-sigma-prime-at-output")
    np.testing.assert_array_equal(wrong.δ[3], right.a[3] - [1, 0])
    expected = (net.layers[1].weights.T @ wrong.δ[3]) * (1 - right.a[2] ** 2)
    np.testing.assert_allclose(wrong.δ[2], expected, rtol=1e-13)
    assert not np.shares_memory(wrong.δ[3], wrong.dC_da[3])


def test_without_the_slope_in_hidden_layers_the_error_comes_down_unchanged():
    net = Network([3, 4, 2], "tanh", "quadratic", seed=1, dtype="float64")
    right, wrong = gradients(net, 0, "missing-sigma-prime-in-hidden-layers")
    np.testing.assert_array_equal(wrong.δ[3], right.δ[3])
    np.testing.assert_allclose(wrong.δ[2], net.layers[1].weights.T @ right.δ[3], rtol=1e-14)


@pytest.mark.parametrize("n_above", [2, 4])
def test_weights_not_transposed_send_the_error_to_the_wrong_neurons(n_above):
    net = Network([3, 4, n_above], "tanh", "quadratic", seed=1, dtype="float64")
    right, wrong = gradients(net, 0, "transposed-weights")
    np.testing.assert_array_equal(wrong.δ[3], right.δ[3])
    misread = net.layers[1].weights.ravel().reshape(4, n_above)
    expected = (misread @ right.δ[3]) * (1 - right.a[2] ** 2)
    np.testing.assert_allclose(wrong.δ[2], expected, rtol=1e-13)
    if n_above == 4:
        np.testing.assert_array_equal(misread, net.layers[1].weights)


def test_a_lost_half_doubles_every_gradient():
    net = Network([3, 4, 2], "tanh", "quadratic", seed=1, dtype="float64")
    right, wrong = gradients(net, 0, "lost-half")
    for l in (2, 3):
        np.testing.assert_allclose(wrong.dC_dw[l], 2 * right.dC_dw[l], rtol=1e-13)
        np.testing.assert_allclose(wrong.dC_db[l], 2 * right.dC_db[l], rtol=1e-13)


def test_every_mistake_says_what_it_is():
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.wrong
        assert fault.symptom
