"""Where ours does otherwise than scikit-learn's on purpose (docs/12-the-estimator.md): both sides.

A fact about scikit-learn that no longer holds fails here, so that the list does not grow stale.
"""

import warnings

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.datasets import make_regression
from sklearn.exceptions import ConvergenceWarning

from handwrought.estimator import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
X, Y = make_regression(60, 4, n_targets=3, noise=5.0, random_state=0)
Y = Y / Y.std()
LABELS = (Y[:, 0] > 0).astype(int)


def both(name, **settings):
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]
    return ours(random_state=0, **settings), getattr(theirs, name)(random_state=0, **settings)


def test_weights_count_in_batches_of_one():
    settings = {"hidden_layer_sizes": 3, "batch_size": 1, "alpha": 0.0, "max_iter": 2}
    ours, other = both("MLPClassifier", **settings)
    weights = np.where(LABELS, 9.0, 1.0)
    without = other.fit(X, LABELS).coefs_[0]
    np.testing.assert_allclose(other.fit(X, LABELS, weights).coefs_[0], without)
    assert not np.allclose(ours.fit(X, LABELS, weights).coefs_[0], without)


def test_a_weight_of_zero_is_a_row_that_is_not_there_for_the_batches_too():
    weights = np.arange(60) % 2
    settings = {"hidden_layer_sizes": 3, "batch_size": 10, "max_iter": 2, "shuffle": False}
    for fitted, equal in zip(both("MLPClassifier", **settings), (True, False), strict=True):
        with_zeros = fitted.fit(X, LABELS, weights).coefs_[0]
        without = fitted.fit(X[1::2], LABELS[1::2], weights[1::2]).coefs_[0]
        assert np.allclose(with_zeros, without) == equal


def test_lbfgs_keeps_float32():
    for fitted, dtype in zip(
        both("MLPClassifier", solver="lbfgs", max_iter=5), ("float32", "float64"), strict=True
    ):
        assert fitted.fit(X.astype(np.float32), LABELS).coefs_[0].dtype == dtype


@pytest.mark.slow
def test_lbfgs_reaches_a_lower_loss_with_several_outputs():
    settings = {"hidden_layer_sizes": 8, "solver": "lbfgs", "activation": "tanh", "max_iter": 2000}
    ours, other = both("MLPRegressor", **settings)
    errors = [((fitted.fit(X, Y).predict(X) - Y) ** 2).mean() for fitted in (ours, other)]
    assert errors[0] < errors[1]


def test_a_single_class_has_a_single_column():
    ours, other = both("MLPClassifier", max_iter=2)
    assert ours.fit(X, np.zeros(60)).predict_proba(X).shape == (60, 1)
    assert other.fit(X, np.zeros(60)).predict_proba(X).shape == (60, 2)


def test_lbfgs_has_a_loss_curve():
    ours, other = both("MLPClassifier", solver="lbfgs", max_iter=5)
    assert len(ours.fit(X, LABELS).loss_curve_) == ours.n_iter_
    assert not hasattr(other.fit(X, LABELS), "loss_curve_")


def test_a_fit_that_has_left_the_numbers_counts_as_one_that_does_not_improve():
    settings = {
        "solver": "sgd",
        "learning_rate_init": 1e6,
        "max_iter": 60,
        "activation": "identity",
    }
    for fitted, stops in zip(
        both("MLPRegressor", early_stopping=True, **settings), (True, False), strict=True
    ):
        fitted.fit(X, Y[:, 0])
        assert (fitted.n_iter_ < 60) == stops


def test_a_fit_that_diverged_is_told():
    rows = X * 1e6
    settings = {
        "solver": "sgd", "learning_rate_init": 1.0, "tol": 1e300, "max_iter": 15,
        "n_iter_no_change": 12, "early_stopping": True,
    }  # fmt: skip
    for estimator, told in zip(both("MLPRegressor", **settings), (True, False), strict=True):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            estimator.fit(rows, Y * 1e6)
        assert np.isnan(estimator.loss_)
        said = [w for w in seen if w.category is ConvergenceWarning]
        assert any("diverged" in str(warning.message) for warning in said) is told
