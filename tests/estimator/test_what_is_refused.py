"""Data that does not fit what the estimator is, or has learnt, and fits that can lead nowhere."""

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import DataConversionWarning

from handwrought.errors import InvalidArgument
from handwrought.estimator import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)), np.arange(30) % 3
LABELS = make_multilabel_classification(30, 4, n_classes=3, random_state=0)[1]


def classifier(**settings):
    return MLPClassifier(3, random_state=0, **{"max_iter": 2, **settings})


def regressor(**settings):
    return MLPRegressor(hidden_layer_sizes=3, random_state=0, **{"max_iter": 2, **settings})


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (np.where(Y == 2, 1, Y), "has the same classes as in the previous"),
        (LABELS, "multi-label in one call and not in another"),
    ],
)
def test_a_warm_start_has_the_classes_of_the_first_fit(later, words):
    fitted = classifier(warm_start=True).fit(X, Y)
    with pytest.raises(InvalidArgument, match=words):
        fitted.fit(X, later)


def test_partial_fit_has_the_classes_it_was_told_first():
    fitted = classifier().partial_fit(X, Y, classes=[0, 1, 2])
    assert fitted.partial_fit(X[:2], Y[:2], classes=[0, 1, 2]) is fitted
    with pytest.raises(InvalidArgument, match="not the same as on last call"):
        fitted.partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(InvalidArgument, match=r"`y` has classes not in `self\.classes_`"):
        fitted.partial_fit(X, Y + 1)


def test_partial_fit_has_as_many_labels_or_columns_as_before():
    several = classifier().partial_fit(X, LABELS, classes=[0, 1, 2])
    with pytest.raises(InvalidArgument, match="y has 2 labels, the estimator 3"):
        several.partial_fit(X, LABELS[:, :2])
    numbers = regressor().partial_fit(X, X[:, :2])
    with pytest.raises(InvalidArgument, match="y has 1 columns, the estimator 2 outputs"):
        numbers.partial_fit(X, X[:, 0])


def test_partial_fit_holds_nothing_out_and_needs_a_solver_that_can_go_on():
    with pytest.raises(InvalidArgument, match="does not support early_stopping"):
        classifier(early_stopping=True).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(AttributeError, match="partial_fit"):
        classifier(solver="lbfgs").partial_fit(X, Y, classes=[0, 1, 2])


def test_a_set_held_out_has_two_examples_at_least():
    with pytest.raises(InvalidArgument, match="validation set is too small"):
        regressor(early_stopping=True, validation_fraction=0.01).fit(X, X[:, 0])


def test_weights_are_one_for_each_row_or_one_for_all_and_not_all_zero():
    weighted = classifier().fit(X, Y, sample_weight=1.0)
    for ours, plain in zip(weighted.coefs_, classifier().fit(X, Y).coefs_, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-12)
    with pytest.raises(InvalidArgument, match="give one for each of 30 rows"):
        classifier().fit(X, Y, sample_weight=[1.0, 2.0])
    with pytest.raises(InvalidArgument, match="nothing to learn from"):
        classifier().fit(X, Y, sample_weight=np.zeros(30))


def test_a_column_of_numbers_is_taken_as_a_row_of_them_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        fitted = regressor().fit(X, X[:, :1])
    assert fitted.predict(X).shape == (30,)


def test_numbers_that_leave_the_finite_are_no_solution():
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter"):
        regressor(solver="sgd", learning_rate_init=1e200).fit(X * 1e100, X[:, 0] * 1e100)


def test_without_a_bound_on_idle_epochs_the_fit_takes_all_its_epochs():
    bounded = classifier(max_iter=20, tol=10.0, n_iter_no_change=2).fit(X, Y)
    endless = classifier(max_iter=20, tol=10.0, n_iter_no_change=np.inf).fit(X, Y)
    assert (bounded.n_iter_, endless.n_iter_) == (4, 20)


def test_an_adaptive_rate_is_divided_by_five_until_it_is_too_small(capsys):
    fitted = classifier(
        solver="sgd", learning_rate="adaptive", learning_rate_init=2e-5, tol=10.0, verbose=True,
        n_iter_no_change=1, max_iter=50,
    ).fit(X, Y)  # fmt: skip
    said = capsys.readouterr().out
    assert "Setting learning rate to 0.000004" in said
    assert "Learning rate too small. Stopping." in said
    assert fitted.n_iter_ < 50


def test_a_verbose_fit_with_a_set_held_out_says_its_score(capsys):
    classifier(early_stopping=True, validation_fraction=0.2, verbose=True).fit(X, Y)
    assert capsys.readouterr().out.count("Validation score: ") == 2


def test_an_array_of_sizes_is_a_list_of_them():
    shapes = [w.shape for w in MLPClassifier(np.array([3, 2]), max_iter=1).fit(X, Y).coefs_]
    assert shapes == [(4, 3), (3, 2), (2, 3)]


def test_logarithms_of_probabilities_are_theirs():
    fitted = classifier().fit(X, Y)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), fitted.predict_proba(X))
