"""A fit that diverges says so, whatever keeps its weights finite: no loss of NaN goes by in silence.

A warning is an error in these tests, so a fit that says nothing is one that fails them.
"""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from handwrought.errors import InvalidArgument
from handwrought.estimator import MLPClassifier, MLPRegressor

WILD = np.random.default_rng(0).normal(size=(300, 5))


def wild(estimator, scale, dtype="float64", **settings):
    """A fit to a table that nobody scaled."""
    rows = (WILD * scale).astype(dtype)
    y = rows[:, 0] if estimator is MLPRegressor else rows[:, 0] > 0
    return estimator(random_state=0, max_iter=60, **settings).fit(rows, y)


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize(
    ("scale", "settings"),
    [
        (1e9, {"solver": "sgd", "learning_rate_init": 1.0}),
        (1e9, {"solver": "sgd", "learning_rate_init": 1.0, "dtype": "float32"}),
        (1e160, {"solver": "sgd"}),
        (1e160, {"solver": "lbfgs"}),
    ],
)
@pytest.mark.parametrize("early", [False, True])
def test_a_loss_that_left_the_numbers_is_told_or_refused(estimator, scale, settings, early):
    with pytest.raises((InvalidArgument, ConvergenceWarning)) as told:
        wild(estimator, scale, early_stopping=early, **settings)
    said = str(told.value)
    assert "The fit diverged: its loss became" in said or "non-finite parameter weights" in said


def test_a_fit_that_diverged_and_kept_its_best_weights_says_both():
    with pytest.warns(ConvergenceWarning) as told:
        fitted = wild(MLPRegressor, 1e9, solver="sgd", learning_rate_init=1.0, early_stopping=True)
    assert np.isnan(fitted.loss_)
    assert [str(warning.message) for warning in told] == [
        "The fit diverged: its loss became nan. The data may need to be scaled or the learning "
        "rate (1) lowered. The weights of the best validation score are kept."
    ]
    assert told[0].filename == __file__


def test_a_loss_that_rises_a_million_times_is_told_though_it_is_a_number():
    with pytest.raises(ConvergenceWarning, match=r"diverged: its loss became \d.*e\+"):
        wild(MLPClassifier, 1e6, solver="sgd", learning_rate_init=1.0)


def test_a_warm_start_and_a_partial_fit_that_diverge_are_told():
    y = WILD[:, 0]
    settings = {"solver": "sgd", "random_state": 0, "n_iter_no_change": 2, "tol": 1.0}
    fitted = MLPRegressor(warm_start=True, early_stopping=True, **settings).fit(WILD, y)
    before = list(fitted.loss_curve_)
    with pytest.raises(ConvergenceWarning, match="The fit diverged"):
        fitted.set_params(learning_rate_init=1.0).fit(WILD * 1e9, y * 1e9)
    assert fitted.loss_curve_[: len(before)] == before
    # What an earlier fit did is told once: a new one begins with a clean sheet.
    fitted.set_params(learning_rate_init=1e-3, warm_start=False).fit(WILD, y)
    step = MLPRegressor(learning_rate_init=1.0, **settings).partial_fit(WILD, y)
    with pytest.raises((InvalidArgument, ConvergenceWarning), match=r"diverged|non-finite"):
        step.partial_fit(WILD * 1e6, y * 1e6)


def test_a_validation_loss_that_left_the_numbers_is_told():
    fit = MLPRegressor(random_state=0, max_iter=30, tol=1.0, n_iter_no_change=2).fit
    with pytest.raises(ConvergenceWarning, match="The fit diverged: its loss became inf"):
        fit(WILD, WILD[:, 0], validation_data=(WILD * 1e160, WILD[:, 0]))
