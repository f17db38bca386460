"""Every check of scikit-learn for estimators, on several configurations, with no expected failure."""

import warnings

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from handwrought.estimator import MLPClassifier, MLPRegressor

ESTIMATORS = [
    MLPClassifier(),
    # Some checks want a score after 200 iterations, for which 0.001 is too slow, there as here.
    MLPClassifier((6, 4), ["gelu", "leaky_relu"], solver="sgd", learning_rate_init=0.05),
    MLPClassifier(5, "silu", solver="lbfgs", max_iter=50, class_weight="balanced"),
    MLPRegressor(),
    MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=100),
    MLPRegressor(hidden_layer_sizes=20, activation="tanh", solver="sgd", learning_rate_init=0.01),
]
NOT_FOR_US = {
    # asks for an environment variable of SciPy's to be set before anything is imported
    "check_array_api_input",
    # for estimators with decision_function, which scikit-learn's perceptron has not either
    "check_classifiers_multilabel_output_format_decision_function",
}


def checks():
    for estimator in ESTIMATORS:
        for same, check in estimator_checks_generator(estimator):
            function = getattr(check, "func", check)
            if function.__name__ not in NOT_FOR_US:
                yield pytest.param(same, check, id=f"{same}-{function.__name__}")


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_a_check_of_scikit_learn_passes(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, in fits cut short by the checks
        check(estimator)
