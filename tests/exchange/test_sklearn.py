"""scikit-learn's perceptrons and ours give the same outputs, both ways."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.exchange import from_sklearn, to_sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
assert ConvergenceWarning

X, Y = make_classification(120, 8, n_informative=6, n_classes=3, random_state=0)
TWO = (Y > 0).astype(int)
NAMES = np.array(["ant", "bee", "cat"])[Y]


def fitted(made, x, y, **settings):
    return made(hidden_layer_sizes=(7, 5), max_iter=6, random_state=0, **settings).fit(x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_a_classifier_comes_over_and_goes_back(activation, dtype):
    mlp = fitted(MLPClassifier, X.astype(dtype), NAMES, activation=activation)
    net = from_sklearn(mlp)
    assert net.dtype == dtype
    assert net.cost.name == "softmax"
    np.testing.assert_allclose(net.feedforward(X), mlp.predict_proba(X), atol=1e-6)
    assert (mlp.classes_[net.predict(X)] == mlp.predict(X)).all()
    again = to_sklearn(net, classes=mlp.classes_)
    np.testing.assert_allclose(again.predict_proba(X), mlp.predict_proba(X), atol=1e-6)
    assert (again.predict(X) == mlp.predict(X)).all()
    assert again.score(X, NAMES) == mlp.score(X, NAMES)


def test_two_classes_are_one_sigmoid():
    mlp = fitted(MLPClassifier, X, TWO)
    net = from_sklearn(mlp)
    assert net.sizes == (8, 7, 5, 1)
    np.testing.assert_allclose(net.feedforward(X)[:, 0], mlp.predict_proba(X)[:, 1], atol=1e-6)
    again = to_sklearn(net)
    np.testing.assert_allclose(again.predict_proba(X), mlp.predict_proba(X), atol=1e-6)
    assert (again.predict(X) == mlp.predict(X)).all()


def test_many_labels_are_sigmoids_of_their_own():
    x, y = make_multilabel_classification(100, 6, n_classes=4, random_state=0)
    mlp = fitted(MLPClassifier, x, y)
    net = from_sklearn(mlp)
    assert net.cost.name == "cross-entropy"
    np.testing.assert_allclose(net.feedforward(x), mlp.predict_proba(x), atol=1e-6)
    again = to_sklearn(net, multilabel=True)
    np.testing.assert_allclose(again.predict_proba(x), mlp.predict_proba(x), atol=1e-6)
    np.testing.assert_array_equal(again.predict(x), mlp.predict(x))


@pytest.mark.parametrize("targets", [1, 3])
def test_a_regressor_comes_over_and_goes_back(targets):
    x, y = make_regression(100, 6, n_targets=targets, random_state=0)
    mlp = fitted(MLPRegressor, x, y)
    net = from_sklearn(mlp)
    assert net.activations[-1].name == "identity"
    expected = mlp.predict(x).reshape(100, targets)
    np.testing.assert_allclose(net.feedforward(x), expected, rtol=1e-6, atol=1e-6)
    again = to_sklearn(net)
    np.testing.assert_allclose(again.predict(x), mlp.predict(x), rtol=1e-6, atol=1e-6)


def test_a_softmax_over_two_classes_becomes_one_sigmoid():
    net = hw.Network([8, 6, 2], "tanh", "softmax", seed=1, dtype="float64")
    mlp = to_sklearn(net, classes=["no", "yes"])
    np.testing.assert_allclose(mlp.predict_proba(X), net.feedforward(X), atol=1e-12)
    assert (mlp.predict(X) == np.array(["no", "yes"])[net.predict(X)]).all()


def test_ten_sigmoids_choose_the_largest():
    net = hw.Network([8, 6, 10], "sigmoid", "quadratic", seed=1)
    mlp = to_sklearn(net)
    np.testing.assert_allclose(mlp.predict_proba(X.astype("f4")), net.feedforward(X), atol=1e-6)
    assert (mlp.predict(X.astype("f4")) == net.predict(X)).all()


def test_it_can_be_trained_on():
    for net, y in (
        (hw.Network([8, 6, 3], "relu", "softmax", seed=1, dtype="float64"), Y),
        (hw.Network([8, 6, 1], "relu", "quadratic", seed=1, output_activation="identity"), X[:, 0]),
    ):
        mlp = to_sklearn(net).set_params(learning_rate_init=0.02)
        before = mlp.score(X, y)
        for _ in range(30):
            mlp.partial_fit(X, y)
        assert mlp.score(X, y) > before
        assert len(mlp.loss_curve_) == 30


def test_no_layer_between_is_a_network_too():
    net = hw.Network([8, 3], cost="softmax", seed=1, dtype="float64")
    mlp = to_sklearn(net)
    np.testing.assert_allclose(mlp.predict_proba(X), net.feedforward(X), atol=1e-12)
    np.testing.assert_array_equal(from_sklearn(mlp).parameters.vector, net.parameters.vector)


def test_the_numbers_are_copies():
    net = hw.Network([8, 3], cost="softmax", seed=1)
    mlp = to_sklearn(net)
    mlp.coefs_[0][:] = 0
    assert net.layers[0].weights.any()


@pytest.mark.parametrize(
    ("settings", "arguments", "told"),
    [
        ({"activation": ["relu", "tanh"]}, {}, "one activation for all"),
        ({"activation": "gelu"}, {}, "one activation for all"),
        ({"cost": "quadratic", "output_activation": "tanh"}, {}, "the output is tanh"),
        ({}, {"classes": [0, 1]}, "needs 3 different labels"),
        ({}, {"classes": [0, 0, 1]}, "needs 3 different labels"),
        ({}, {"classes": ["b", "a", "c"]}, "not sorted"),
        ({}, {"multilabel": True}, "no multilabel"),
        ({"cost": "quadratic", "output_activation": "identity"}, {"classes": [0, 1, 2]}, "regressor"),
    ],
)  # fmt: skip
def test_what_scikit_learn_has_not_is_told(settings, arguments, told):
    net = hw.Network([8, 4, 4, 3], **{"activation": "relu", "cost": "softmax"} | settings)
    with pytest.raises(InvalidArgument, match=told):
        to_sklearn(net, **arguments)


def test_two_sigmoids_are_not_two_classes():
    net = hw.Network([8, 4, 2], cost="cross-entropy")
    with pytest.raises(InvalidArgument, match="multilabel=True"):
        to_sklearn(net)
    assert to_sklearn(net, multilabel=True).predict(X.astype("f4")).shape == (120, 2)


def test_what_is_no_fitted_perceptron_is_told():
    with pytest.raises(InvalidArgument, match=r"MLPClassifier is no fitted .* fit it first"):
        from_sklearn(MLPClassifier())
    with pytest.raises(InvalidArgument, match="int is no fitted"):
        from_sklearn(3)
    mlp = fitted(MLPClassifier, X, Y)
    mlp.intercepts_ = mlp.intercepts_[:1]
    with pytest.raises(InvalidArgument, match="belong together"):
        from_sklearn(mlp)
    mlp = fitted(MLPRegressor, X, Y)
    mlp.out_activation_ = "exp"
    with pytest.raises(InvalidArgument, match="'exp' is not among ours"):
        from_sklearn(mlp)
