"""Where weights and biases come from: spreads of many draws, and each layer's own choice."""

import numpy as np
import pytest

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.initializers import INITIALIZERS, default_initializer, initializer_named


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("normal", 1, 1),
        ("scaled", 1 / 20, 1),
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
        "identity": "scaled",
        "sigmoid": "scaled",
        "tanh": "scaled",
        "softmax": "scaled",
        "relu": "he",
        "leaky-relu": "he",
        "silu": "he",
        "gelu": "he",
    }


def test_an_unknown_initializer_is_told_with_those_there_are():
    words = "^initializer 'zeros' is unknown: use one of normal, scaled, glorot, he$"
    with pytest.raises(InvalidArgument, match=words):
        initializer_named("zeros")
    with pytest.raises(InvalidArgument, match=r"^initializer \['he'\] is unknown"):
        initializer_named(["he"])
