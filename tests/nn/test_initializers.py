"""Where weights and biases come from: spreads of many draws, and each layer's own choice."""

import numpy as np
import pytest

from handwrought import Network
from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.initializers import INITIALIZERS, default_initializer, initializer_named


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("normal", 1, 1),
        ("lecun_normal", 1 / 20, 1),
        ("glorot", np.sqrt(2 / (400 + 300)), 0),
        ("he", np.sqrt(2 / 400), 0),
    ],
)
def test_the_spread_of_an_initializer(name, weights, biases):
    w, b = initializer_named(name)(np.random.default_rng(0), 400, 300)
    assert w.shape == (300, 400)
    assert b.shape == (300,)
    assert w.dtype == b.dtype == np.float64
    assert w.std() == pytest.approx(weights, rel=0.01)
    assert abs(w.mean()) < 0.01 * weights
    assert b.std() == pytest.approx(biases, rel=0.1)
    assert len(np.unique(w)) == w.size


def test_glorots_draws_are_spread_evenly_and_the_others_bell_shaped():
    for name in INITIALIZERS:
        w, _ = initializer_named(name)(np.random.default_rng(1), 400, 300)
        kurtosis = ((w - w.mean()) ** 4).mean() / w.var() ** 2
        assert kurtosis == pytest.approx(1.8 if name == "glorot" else 3, rel=0.03)


def test_the_rectifiers_begin_as_he_says_and_the_others_scaled():
    found = {name: default_initializer(name) for name in ACTIVATIONS}
    assert found == {
        "identity": "lecun_normal",
        "sigmoid": "lecun_normal",
        "tanh": "lecun_normal",
        "softmax": "lecun_normal",
        "relu": "he",
        "leaky-relu": "he",
        "silu": "he",
        "gelu": "he",
    }


def test_an_unknown_initializer_is_told_with_those_there_are():
    words = "^initializer 'zeros' is unknown: use one of normal, lecun_normal, glorot, he$"
    with pytest.raises(InvalidArgument, match=words):
        initializer_named("zeros")
    with pytest.raises(InvalidArgument, match=r"^initializer \['he'\] is unknown"):
        initializer_named(["he"])


def test_names_of_other_libraries_are_taken_and_the_one_of_before_with_a_word():
    for name, same in (
        ("xavier", "glorot"),
        ("kaiming_normal", "he"),
        ("lecun-normal", "lecun_normal"),
    ):
        assert initializer_named(name) is INITIALIZERS[same]
    drawn = Network([3, 2], seed=4, initializer="lecun_normal").parameters.vector
    with pytest.warns(DeprecationWarning, match="'scaled' is now called 'lecun_normal'") as caught:
        before = Network([3, 2], seed=4, initializer="scaled").parameters.vector
    assert np.array_equal(drawn, before)
    assert caught[0].filename == __file__
