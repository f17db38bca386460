"""What a network is good for, beside independent oracles and numbers worked out by hand."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.evaluation import probabilities
from handwrought.evaluation.calibration import calibration
from handwrought.evaluation.rejection import risk_coverage
from handwrought.reading.recognizer import Recognizer


def network(n_inputs=6, n_classes=4, **settings):
    return hw.Network([n_inputs, 5, n_classes], seed=3, **settings)


def split(n=300, n_inputs=6, n_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    return hw.Split(rng.normal(size=(n, n_inputs)), rng.integers(0, n_classes, n), n_classes)


def test_a_class_that_never_occurs_has_precision_recall_and_f1_0():
    some = split()
    only = hw.Split(some.images[:5], np.zeros(5, int), 4)
    net = network()
    for layer in net.layers:
        layer.weights[...] = 0
    net.layers[-1].biases[:] = [1, 0, 0, 0]
    result = hw.evaluate(net, only)
    assert result.precision.tolist() == [1, 0, 0, 0]
    assert result.recall.tolist() == [1, 0, 0, 0]
    assert result.f1.tolist() == [1, 0, 0, 0]


def test_calibration_worked_out_by_hand():
    confidence = np.array([0.1, 0.2, 0.5, 0.55, 0.9, 1.0])
    right = np.array([False, True, True, False, True, True])
    found = calibration(confidence, right, bins=2)
    assert found.edges.tolist() == [0, 0.5, 1]
    assert found.counts.tolist() == [3, 3]  # 0.5 belongs to the lower bin, as in Guo et al.
    np.testing.assert_allclose(found.confidence, [0.8 / 3, 2.45 / 3])
    np.testing.assert_allclose(found.accuracy, [2 / 3, 2 / 3])
    assert found.error == pytest.approx(0.5 * (1.2 / 3) + 0.5 * (0.45 / 3))


def test_an_empty_bin_has_no_mean_and_no_weight():
    found = calibration(np.array([0.9, 0.0]), np.array([True, False]), bins=4)
    assert found.counts.tolist() == [1, 0, 0, 1]
    assert np.isnan(found.accuracy[1:3]).all()
    assert found.error == pytest.approx(0.05)


def test_answers_as_often_right_as_they_are_sure_have_almost_no_calibration_error():
    rng = np.random.default_rng(1)
    confidence = rng.random(200_000)
    honest = rng.random(200_000) < confidence
    assert calibration(confidence, honest).error < 0.005
    assert calibration(confidence, rng.random(200_000) < confidence**2).error > 0.15


@pytest.mark.parametrize("bins", [0, -3, 2.5, True, 1001])
def test_bins_must_be_a_sensible_number(bins):
    with pytest.raises(InvalidArgument, match="bins is"):
        hw.evaluate(network(), split()).calibration(bins=bins)


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_a_temperature_must_be_above_0(temperature):
    with pytest.raises(InvalidArgument, match="temperature is"):
        hw.evaluate(network(), split()).confidence(temperature)


def test_temperature_divides_the_weighted_inputs_of_a_softmax():
    z = np.random.default_rng(0).normal(size=(20, 7)) * 3

    def softmax(z):
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    np.testing.assert_allclose(probabilities(softmax(z), 1.7), softmax(z / 1.7))
    np.testing.assert_allclose(probabilities(softmax(z)), softmax(z))


def test_sigmoid_outputs_are_divided_by_their_sum():
    p = probabilities(np.array([[0.9, 0.9, 0.0], [0.3, 0.1, 0.1]]))
    np.testing.assert_allclose(p, [[0.5, 0.5, 0], [0.6, 0.2, 0.2]], atol=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {"cost": "softmax"},
        {"cost": "cross-entropy"},
        {"cost": "quadratic", "output_activation": "tanh"},
        {"cost": "quadratic", "output_activation": "identity"},
    ],
)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_prediction_is_the_likeliest_class_for_every_output(settings, temperature):
    result = hw.evaluate(network(**settings), split())
    p = result.probabilities(temperature)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p.max(axis=1), result.confidence(temperature))


def test_confidence_is_the_recognizers():
    reader = Recognizer.load()
    test = hw.load_dataset("mnist").test[:200]
    result = hw.evaluate(reader.model, test)
    expected = reader.probabilities(test.images)
    # The same images in batches of other sizes: float32 sums differ in their last bits.
    np.testing.assert_allclose(result.probabilities(), expected, atol=1e-5)


def test_refusal_worked_out_by_hand():
    confidence = np.array([0.6, 0.9, 0.6, 0.7])
    right = np.array([True, True, False, False])
    curve = risk_coverage(confidence, right)
    assert curve.thresholds.tolist() == [0.6, 0.7, 0.9]
    assert curve.coverage.tolist() == [1, 0.5, 0.25]  # the two of 0.6 go together
    assert curve.accuracy.tolist() == [0.5, 0.5, 1]
    assert curve.at_rejected(0.5).threshold == 0.7
    assert curve.at_rejected(0.49).threshold == 0.6
    best = curve.at_accuracy(0.9)
    assert (best.threshold, best.rejected, best.accepted, best.wrong) == (0.9, 0.75, 1, 0)
    assert risk_coverage(confidence, np.zeros(4, bool)).at_accuracy(0.9) is None


def test_a_threshold_does_what_it_says():
    result = hw.evaluate(network(), split(n=500))
    confidence, right = result.confidence(), result.predictions == result.labels
    for share in (0.0, 0.01, 0.05, 0.5):
        at = result.risk_coverage().at_rejected(share)
        kept = confidence >= at.threshold
        assert at.rejected == pytest.approx(1 - kept.mean())
        assert at.rejected <= share < at.rejected + 0.01
        assert at.accuracy == pytest.approx(right[kept].mean())
        assert (at.accepted, at.wrong) == (kept.sum(), (~right[kept]).sum())


def test_one_example_is_enough_for_everything():
    result = hw.evaluate(network(), split(n=1))
    assert result.calibration().counts.sum() == 1
    assert result.risk_coverage().coverage.tolist() == [1]


@pytest.mark.parametrize(("method", "value"), [("at_rejected", 1.0), ("at_accuracy", 1.5)])
def test_shares_out_of_range_are_told(method, value):
    with pytest.raises(InvalidArgument, match="must lie from 0"):
        getattr(hw.evaluate(network(), split()).risk_coverage(), method)(value)
