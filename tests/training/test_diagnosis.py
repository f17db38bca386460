"""What is said of a network that reads no better than guessing; the studio's tests hold the rest."""

import pytest

from handwrought.training.config import TrainingConfig
from handwrought.training.diagnosis import diagnose
from handwrought.training.metrics import LayerMeasured, Point


def point(accuracy, *, step=5000, saturated=0.0, guess=0.112):
    layers = (LayerMeasured(2, 1.0, saturated, 0.0), LayerMeasured(3, 1.0, 0.0, 0.0))
    return Point(step, 1.0, 0.5, 0.5, accuracy, None, None, True, 3.0, 0.0, layers, guess)


def names(asked, *points):
    return [finding.name for finding in diagnose(asked, points)]


@pytest.mark.parametrize(
    ("measured", "found"),
    [
        (point(0.098), ["guessing"]),
        (point(0.112), ["guessing"]),
        (point(0.13), ["guessing"]),  # by chance: two standard deviations of 1,000 images are 0.02
        (point(0.14), []),
        (point(0.098, step=99), []),  # too early to tell
        (point(0.098, step=1, saturated=0.9), ["saturated", "guessing"]),
        (point(0.5, saturated=0.9), ["saturated"]),
        (point(0.0, guess=0.0), []),  # targets, of no class
    ],
)
def test_guessing_is_named_from_the_training_images(measured, found):
    assert names(TrainingConfig(), measured) == found


@pytest.mark.parametrize(
    ("rate", "mended"), [(1e30, True), (30.0, True), (3.0, False), (1e-3, True)]
)
def test_the_usual_rate_mends_one_that_is_far_from_it(rate, mended):
    (finding,) = diagnose(TrainingConfig(learning_rate=rate), [point(0.098)])
    assert [mend.changes for mend in finding.mends] == [{"learning_rate": 3.0}] * mended
    assert finding.sentence == (
        "After 5,000 steps it reads 9.8% of the training images right, and 11.2% of them are of one "
        "class."
    )


def test_a_third_of_a_wild_rate_is_no_mend():
    finding, _ = diagnose(TrainingConfig(learning_rate=1e30), [point(0.098, saturated=1.0)])
    assert {"learning_rate": 3.0} in [mend.changes for mend in finding.mends]
    finding, _ = diagnose(TrainingConfig(learning_rate=9.0), [point(0.098, saturated=1.0)])
    assert {"learning_rate": 3.0} in [mend.changes for mend in finding.mends]  # 9 x 0.3
    assert diagnose(TrainingConfig(), [point(0.098)], taught=True) == []
