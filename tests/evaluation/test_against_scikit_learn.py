"""Precision, recall, F1 and the confusions beside scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

import handwrought as hw

from .test_evaluation import network, split


@pytest.mark.parametrize("n_classes", [2, 4, 150])
def test_precision_recall_and_f1_are_scikit_learns(n_classes):
    result = hw.evaluate(network(n_classes=n_classes), split(n_classes=n_classes))
    every = np.arange(n_classes)
    theirs = precision_recall_fscore_support(
        result.labels, result.predictions, labels=every, zero_division=0
    )
    for ours, expected in zip((result.precision, result.recall, result.f1), theirs, strict=False):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=0)
    counts = confusion_matrix(result.labels, result.predictions, labels=every)
    np.testing.assert_array_equal(result.confusion, counts)
