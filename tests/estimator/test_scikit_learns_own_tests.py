"""scikit-learn's own tests of its multilayer perceptrons, run on ours.

Their file is imported from the installed package with our classes in the place of theirs; nothing
of it is copied here.
"""

import importlib.util
from unittest import mock

import pytest
import sklearn.neural_network
import sklearn.neural_network.tests.test_mlp as theirs

from handwrought.estimator import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("default::Warning")

DIFFERENCES = {
    "test_gradient": (
        AttributeError,
        "calls scikit-learn's private _loss_grad_lbfgs with its own scratch lists; the same "
        "gradient is held against finite differences in test_mathematics.py",
    ),
}
"""Tests that must still fail on ours, how, and why."""


def adapted():
    """A second copy of their module, in which MLPClassifier and MLPRegressor are ours."""
    spec = importlib.util.spec_from_file_location("scikit_learns_test_mlp", theirs.__file__)
    module = importlib.util.module_from_spec(spec)
    with mock.patch.multiple(
        sklearn.neural_network, MLPClassifier=MLPClassifier, MLPRegressor=MLPRegressor
    ):
        spec.loader.exec_module(module)
    return module


MODULE = adapted()
FOUND = {name: f for name, f in vars(MODULE).items() if name.startswith("test_")}
globals().update({name: f for name, f in FOUND.items() if name not in DIFFERENCES})


@pytest.fixture
def global_random_seed():
    """What scikit-learn's conftest gives by default."""
    return 42


def test_their_file_tests_our_classes():
    assert MODULE.MLPClassifier is MLPClassifier
    assert MODULE.MLPRegressor is MLPRegressor
    assert len(FOUND) > 35
    assert FOUND.keys() >= DIFFERENCES.keys()


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_is_still_one(name):
    with pytest.raises(DIFFERENCES[name][0]):
        FOUND[name]()
