"""Each activation beside SciPy, exact numbers, and its own derivative by the complex step."""

import numpy as np
import pytest
from scipy import special
from scipy.stats import norm

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS, EXPONENTIAL, activation_named

ELEMENTWISE = [f for f in (*ACTIVATIONS.values(), EXPONENTIAL) if f.elementwise]
ALL = [*ELEMENTWISE, ACTIVATIONS["softmax"]]
Z = np.array([[-30.0, -2.5, -1, -0.5, -1e-3], [0, 1e-3, 0.5, 1, 30]])
"""Both signs, 0 itself, and numbers on both sides of 1."""
SCIPY = {
    "identity": lambda z: z,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky-relu": lambda z: np.where(z > 0, z, z / 100),
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * norm.cdf(z),
    "exp": np.exp,
    "softmax": lambda z: special.softmax(z, axis=-1),
}


def named(f):
    return f.name


@pytest.mark.parametrize("f", ALL, ids=named)
def test_a_value_is_scipys_in_a_batch_and_alone(f):
    np.testing.assert_allclose(f.value(Z), SCIPY[f.name](Z), rtol=1e-13)
    np.testing.assert_allclose(f.value(Z[1]), SCIPY[f.name](Z[1]), rtol=1e-13)


@pytest.mark.parametrize("f", ELEMENTWISE, ids=named)
def test_a_derivative_is_that_of_the_complex_step(f):
    by_step = f.value(Z + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(f.derivative(Z), by_step, rtol=1e-13)
    dC_da = np.linspace(-2, 3, Z.size).reshape(Z.shape)
    np.testing.assert_allclose(f.backward(dC_da, Z, f.value(Z)), dC_da * by_step, rtol=1e-13)


@pytest.mark.parametrize("f", ALL, ids=named)
def test_a_complex_value_written_into_an_array_is_the_same_and_its_real_part_too(f):
    z = Z + 1e-30j
    out = np.empty_like(z)
    assert f.value(z, out=out) is out
    np.testing.assert_array_equal(out, f.value(z))
    np.testing.assert_allclose(out.real, SCIPY[f.name](Z), rtol=1e-13, atol=1e-59)


@pytest.mark.parametrize("f", ALL, ids=named)
def test_a_complex_backward_is_the_real_one(f):
    dC_da = np.linspace(-2, 3, Z.size).reshape(Z.shape)
    expected = f.backward(dC_da, Z, f.value(Z))
    delta = f.backward(dC_da + 0j, Z + 0j, f.value(Z + 0j))
    np.testing.assert_allclose(delta, expected + 0j, rtol=1e-13)


@pytest.mark.parametrize("f", ALL, ids=named)
def test_a_jacobian_is_that_of_the_complex_step(f):
    z = np.array([-1.5, 0.25, 2])
    columns = [f.value(z + 1e-30j * one).imag / 1e-30 for one in np.eye(3)]
    np.testing.assert_allclose(f.jacobian(z), np.transpose(columns), rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(f.derivative(z), np.diag(f.jacobian(z)), rtol=1e-13)
    g = np.array([0.3, -0.7, 2])
    np.testing.assert_allclose(f.backward(g, z, f.value(z)), f.jacobian(z).T @ g, rtol=1e-13)


@pytest.mark.parametrize("f", ELEMENTWISE, ids=named)
def test_nothing_given_to_an_activation_is_written_into(f):
    z, dC_da = Z.copy(), np.ones_like(Z)
    a = f.value(z)
    before = a.copy()
    f.derivative(z)
    f.backward(dC_da, z, a)
    assert np.array_equal(z, Z)
    assert np.array_equal(a, before)
    assert (dC_da == 1).all()


def test_derivatives_keep_their_digits_where_the_value_is_flat():
    z = np.array([-700.0, -40, 40, 700])
    # σ' = e^{-|z|} and tanh' = 4 e^{-2|z|} to the last digit out there.
    np.testing.assert_allclose(ACTIVATIONS["sigmoid"].derivative(z), np.exp(-abs(z)), rtol=1e-13)
    z = z / 2
    np.testing.assert_allclose(
        ACTIVATIONS["tanh"].derivative(z), 4 * np.exp(-2 * abs(z)), rtol=1e-13
    )
    sigmoid = ACTIVATIONS["sigmoid"]
    ones = np.ones_like(z)
    np.testing.assert_allclose(
        sigmoid.backward(ones, z, sigmoid.value(z)), np.exp(-abs(z)), rtol=1e-8
    )


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "silu", "gelu", "softmax", "relu"])
def test_a_thousand_is_finite_in_complex_numbers_too(name):
    z = np.array([[-1000.0, -50, 0, 50, 1000]])
    f = ACTIVATIONS[name]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = f.value(z + 0j)
    np.testing.assert_allclose(a, f.value(z) + 0j, rtol=1e-13)


def test_at_its_kink_a_rectifiers_slope_is_that_of_its_left():
    z = np.array([[-1e-9, 0.0, 1e-9, 0.5]])
    ones = np.ones_like(z)
    for name, left in (("relu", 0), ("leaky-relu", 0.01)):
        f = ACTIVATIONS[name]
        assert f.kink == 0
        assert f.derivative(z).tolist() == [[left, left, 1, 1]]
        assert f.backward(ones, z, f.value(z)).tolist() == [[left, left, 1, 1]]
        turned = f.value(z + 1j)
        assert turned.imag.tolist() == [[left, left, 1, 1]]


def test_a_soft_maximum_by_hand():
    z = np.log([[1.0, 2, 5], [3, 1, 4]])
    f = ACTIVATIONS["softmax"]
    np.testing.assert_allclose(f.value(z), [[1 / 8, 2 / 8, 5 / 8], [3 / 8, 1 / 8, 4 / 8]])
    # δ_j = a_j (g_j - Σ g a): with g = (8, 0, 0) in the first row, Σ g a = 1.
    g = np.array([[8.0, 0, 0], [0, 8, 0]])
    delta = f.backward(g, z, f.value(z))
    np.testing.assert_allclose(delta, [[7 / 8, -2 / 8, -5 / 8], [-3 / 8, 7 / 8, -4 / 8]])


def test_an_unknown_activation_is_told_with_those_there_are():
    words = (
        r"^activation 'step' is unknown: use one of "
        r"identity, sigmoid, tanh, relu, leaky-relu, silu, gelu, softmax$"
    )
    with pytest.raises(InvalidArgument, match=words):
        activation_named("step")
    with pytest.raises(InvalidArgument, match=r"^activation \['tanh'\] is unknown"):
        activation_named(["tanh"])
    assert activation_named("gelu") is ACTIVATIONS["gelu"]
    assert activation_named(EXPONENTIAL) is EXPONENTIAL
