"""What a trained network is good for.

* ``measure``: accuracy with its interval, cost, confusion, precision and recall.
* ``calibration``: whether its confidence is the share of right answers.
* ``rejection``: accuracy against the share it may reject.
* ``robustness``: accuracy against how much the images are changed (imported on its own).
"""

from handwrought.evaluation.calibration import Calibration
from handwrought.evaluation.measure import Evaluation, evaluate, wilson_interval
from handwrought.evaluation.rejection import Rejection, RiskCoverage
from handwrought.model import probabilities

__all__ = [
    "Calibration",
    "Evaluation",
    "Rejection",
    "RiskCoverage",
    "evaluate",
    "probabilities",
    "wilson_interval",
]
