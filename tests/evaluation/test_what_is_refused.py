"""What cannot be evaluated, and the figures that hold for targets and for several changes at once."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.evaluation import probabilities, wilson_interval
from handwrought.evaluation.calibration import calibration
from handwrought.evaluation.rejection import risk_coverage
from handwrought.evaluation.robustness import changed
from handwrought.imaging.morphology import thicken
from handwrought.imaging.sampling import rotate
from handwrought.training.validation import cost_and_accuracy

from .test_evaluation import network, split


@pytest.mark.parametrize(
    ("outputs", "words"),
    [(np.zeros(4), r"\(4,\)"), (np.zeros((4, 0)), r"\(4, 0\)"), (np.zeros((2, 3, 4)), "give")],
)
def test_outputs_are_a_row_for_each_example(outputs, words):
    with pytest.raises(InvalidArgument, match=words):
        probabilities(outputs)


@pytest.mark.parametrize("measure", [calibration, risk_coverage])
@pytest.mark.parametrize("shapes", [((3,), (2,)), ((3, 1), (3, 1))])
def test_every_answer_has_one_confidence(measure, shapes):
    with pytest.raises(InvalidArgument, match=r"give \(n,\) of both"):
        measure(np.zeros(shapes[0]), np.zeros(shapes[1], bool))


def test_no_answer_has_no_curve():
    with pytest.raises(InvalidArgument, match="n at least 1"):
        risk_coverage(np.empty(0), np.empty(0, bool))


@pytest.mark.parametrize(("right", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_an_interval_is_of_a_share(right, n):
    with pytest.raises(InvalidArgument, match=f"{right} of {n} is no share"):
        wilson_interval(right, n)


def test_one_split_of_classes_that_fits_is_evaluated():
    some = split()
    whole = hw.Dataset("whole", some, some, some, some, ("a", "b", "c", "d"))
    with pytest.raises(InvalidArgument, match="was given Dataset"):
        hw.evaluate(network(), whole)
    with pytest.raises(InvalidArgument, match="at least one example with class labels"):
        hw.evaluate(network(), hw.Split(some.images, np.zeros((300, 4)), 4))
    with pytest.raises(InvalidArgument, match="6 inputs and 4 classes, the network 6 inputs and 5"):
        hw.evaluate(network(n_classes=5), some)


def test_targets_have_a_cost_and_no_accuracy():
    some, net = split(), network()
    targets = hw.Split(some.images, np.eye(4)[some.labels], 4)
    cost, accuracy = cost_and_accuracy(net, targets)
    assert accuracy is None
    assert cost == pytest.approx(hw.evaluate(net, some).cost)


def test_several_changes_are_made_in_the_order_of_life():
    images = np.random.default_rng(0).random((4, 12, 12), np.float32)
    found = changed(images, {"rotation": 30, "thickness": 1, "blur": 0})
    np.testing.assert_array_equal(found, rotate(thicken(images, 1), 30))
    assert changed(images, {}) is images


def test_a_change_that_there_is_not_is_refused_with_those_there_are():
    images = np.zeros((1, 5, 5), np.float32)
    with pytest.raises(InvalidArgument, match="no change 'tilt': choose from rotation, shift"):
        changed(images, {"tilt": 3})
    with pytest.raises(InvalidArgument, match=r"images has shape \(5, 5\)"):
        changed(images[0], {"rotation": 3})
