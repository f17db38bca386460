"""The estimator's losses and gradients: scikit-learn's, and the right ones."""

import warnings

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.datasets import load_digits, make_regression
from sklearn.exceptions import ConvergenceWarning

from handwrought.estimator import MLPClassifier, MLPRegressor
from handwrought.estimator.examples import Examples
from handwrought.estimator.lbfgs import Objective
from handwrought.estimator.networks import draw, network_of
from handwrought.nn.costs import POISSON
from handwrought.nn.gradient_check import check_gradients
from handwrought.training.optimizers import make_optimizer
from handwrought.training.step import Step

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 5))
LABELS = RNG.integers(3, size=40)
WEIGHTS = RNG.integers(0, 4, 40).astype(float)
DIGITS, DIGIT_LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS / 16


@pytest.mark.parametrize(
    ("out_activation", "y"),
    [
        ("softmax", LABELS),
        ("logistic", (LABELS == 1)[:, None]),
        ("identity", RNG.standard_normal((40, 2))),
        ("exp", RNG.poisson(3, (40, 2)).astype(float)),
    ],
)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_weighted_gradient_is_the_slope_of_the_weighted_loss(out_activation, y, weights):
    n_out = 3 if out_activation == "softmax" else y.shape[1]
    network = network_of([5, 4, n_out], ["tanh"], out_activation, np.float64)
    draw(network, np.random.RandomState(1))
    objective = Objective(network, Examples.weighted(X, y, n_out, weights), alpha=0.7)
    at = network.parameters.vector.copy()
    _, gradient = objective(at)
    for i in range(len(at)):
        h = np.zeros_like(at)
        h[i] = 1e-5
        slope = (objective(at + h)[0] - objective(at - h)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, abs=1e-8)


def test_a_loss_in_parts_is_the_loss_at_once(monkeypatch):
    network = network_of([5, 4, 3], ["silu"], "softmax", np.float64)
    draw(network, np.random.RandomState(1))
    examples = Examples.weighted(X, LABELS, 3, WEIGHTS)
    at = network.parameters.vector.copy()
    cost, gradient = Objective(network, examples, 0.1)(at)
    monkeypatch.setattr("handwrought.estimator.examples._CELLS", 35)
    parts = Objective(network, examples, 0.1)
    assert parts.workspace.capacity == 7
    assert parts(at)[0] == pytest.approx(cost, rel=1e-12)
    np.testing.assert_allclose(parts(at)[1], gradient, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("hardest", [1.0, 0.5])
def test_a_step_with_weights_is_a_step_on_repeated_rows(hardest):
    counts = np.array([3, 1, 2, 2])
    vectors = []
    for x, y, weights in (
        (X[:4], np.eye(3)[[0, 1, 2, 0]], counts * 4 / counts.sum()),
        (X[:4].repeat(counts, 0), np.eye(3)[[0, 1, 2, 0]].repeat(counts, 0), None),
    ):
        if hardest < 1 and weights is None:
            continue
        network = network_of([5, 4, 3], ["tanh"], "softmax", np.float64)
        draw(network, np.random.RandomState(1))
        step = Step(
            network, make_optimizer("sgd", network.parameters), [0, 0], len(x),
            backprop_fraction=hardest, l1=0.0, clip_norm=None,
        )  # fmt: skip
        step(x, y, 0.5, np.random.default_rng(0), weights)
        vectors.append(network.parameters.vector)
    if hardest == 1:
        np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-12)
    else:  # the two with the largest weighted error move it, by their share of all four
        network = network_of([5, 4, 3], ["tanh"], "softmax", np.float64)
        draw(network, np.random.RandomState(1))
        y, shares = np.eye(3)[[0, 1, 2, 0]], counts / counts.sum()
        size = np.linalg.norm((network.feedforward(X[:4]) - y) * shares[:, None], axis=1)
        hard = np.sort(np.argsort(size)[-2:])
        moved = sum(
            shares[i] * network.backpropagate(X[i : i + 1], y[i : i + 1]).vector for i in hard
        )
        np.testing.assert_allclose(vectors[0], network.parameters.vector - 0.5 * moved, rtol=1e-12)


def test_poisson_with_another_output_than_its_own_is_right_too():
    network = network_of([5, 4, 2], ["tanh"], "exp", np.float64)
    draw(network, np.random.RandomState(1))
    y = RNG.poisson(2, (6, 2)).astype(float)
    assert check_gradients(network, X[:6], y).max_relative_error < 1e-7
    z = np.log(network.feedforward(X[:6]))
    exp = network.activations[-1]
    np.testing.assert_allclose(
        exp.backward(POISSON.gradient(exp.value(z), y), z, exp.value(z)), exp.value(z) - y
    )
    np.testing.assert_allclose(
        POISSON.value(exp.value(z), y), POISSON.value_at(exp, z, exp.value(z), y)
    )
    with pytest.raises(ValueError, match="at least 0"):
        POISSON.check_targets(-y - 1)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_the_same_coefficients_give_scikit_learns_probabilities(activation):
    ours = MLPClassifier((8, 6), activation, random_state=0, max_iter=5).fit(DIGITS, DIGIT_LABELS)
    other = theirs.MLPClassifier((8, 6), activation=activation, random_state=1, max_iter=1)
    other.fit(DIGITS, DIGIT_LABELS)
    other.coefs_, other.intercepts_ = ours.coefs_, ours.intercepts_
    np.testing.assert_allclose(
        ours.predict_proba(DIGITS), other.predict_proba(DIGITS), rtol=0, atol=1e-6
    )


SETTINGS = [
    {},
    {"alpha": 0.5, "batch_size": 64, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3},
    {"solver": "sgd", "learning_rate_init": 0.1},
    {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False, "shuffle": False},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "power_t": 0.2},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2},
    {"early_stopping": True, "validation_fraction": 0.2},
    {"activation": "logistic", "hidden_layer_sizes": (7, 5)},
]


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS)
def test_the_same_random_state_ends_where_scikit_learn_ends(settings):
    both = []
    for kind in (MLPClassifier, theirs.MLPClassifier):
        both.append(kind(random_state=3, max_iter=12, **settings).fit(DIGITS, DIGIT_LABELS))
    ours, other = both
    assert (ours.n_iter_, ours.t_) == (other.n_iter_, other.t_)
    np.testing.assert_allclose(ours.loss_curve_, other.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(DIGITS), other.predict_proba(DIGITS), atol=1e-6)
    assert ours.best_loss_ == pytest.approx(other.best_loss_)
    assert ours.best_validation_score_ == pytest.approx(other.best_validation_score_)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regressor_ends_where_scikit_learn_ends(loss):
    features, y = make_regression(60, 4, n_targets=1, random_state=0)
    y = np.round(np.abs(y) / 50)
    both = [
        kind(loss, 10, random_state=0, max_iter=30).fit(features, y)
        for kind in (MLPRegressor, theirs.MLPRegressor)
    ]
    np.testing.assert_allclose(both[0].loss_curve_, both[1].loss_curve_, rtol=1e-7)
    np.testing.assert_allclose(both[0].predict(features), both[1].predict(features), rtol=1e-6)


@pytest.mark.slow
def test_lbfgs_minimizes_scikit_learns_loss():
    both = [
        kind(5, solver="lbfgs", alpha=1.0, random_state=0, max_iter=3000, tol=1e-7)
        for kind in (MLPClassifier, theirs.MLPClassifier)
    ]
    for estimator in both:
        estimator.fit(X, LABELS)
    assert both[0].loss_ == pytest.approx(both[1].loss_, rel=1e-3)


def test_the_loss_of_several_outputs_is_scikit_learns():
    features, y = make_regression(50, 4, n_targets=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        both = [
            kind(hidden_layer_sizes=6, random_state=0, max_iter=5).fit(features, y)
            for kind in (MLPRegressor, theirs.MLPRegressor)
        ]
        small = MLPRegressor(
            hidden_layer_sizes=6, random_state=0, solver="lbfgs", max_iter=3, alpha=2.0
        ).fit(features, y)
    np.testing.assert_allclose(both[0].loss_curve_, both[1].loss_curve_, rtol=1e-9)
    squares = 0.5 * ((small.predict(features) - y) ** 2).mean()
    penalty = 0.5 * 2.0 * sum((w**2).sum() for w in small.coefs_) / len(y)
    assert small.loss_ == pytest.approx(squares + penalty, rel=1e-9)
