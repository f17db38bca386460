"""scikit-learn's ``MLPClassifier`` and ``MLPRegressor`` on this project's mathematics.

Same parameters, same attributes, same draws from ``random_state``; and dropout, an activation for
each layer, class weights, a validation set of one's own, progress, checkpoints and callbacks.

>>> from handwrought.estimator import MLPClassifier
>>> MLPClassifier(hidden_layer_sizes=(100, 50), activation=["gelu", "relu"], dropout=0.2)
"""

from __future__ import annotations

from importlib.util import find_spec

from handwrought.errors import MissingExtra

if find_spec("sklearn") is None:
    raise MissingExtra("handwrought.estimator", "sklearn")

from handwrought.estimator.classifier import MLPClassifier
from handwrought.estimator.regressor import MLPRegressor
from handwrought.estimator.reports import FitReport

__all__ = ["FitReport", "MLPClassifier", "MLPRegressor"]
