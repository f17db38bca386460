"""Exact changes of images, and accuracy under them."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import handwrought as hw
from handwrought.data.representations import represent_split
from handwrought.errors import InvalidArgument
from handwrought.evaluation import robustness as changes
from handwrought.evaluation.robustness import CHANGES, evenly_chosen, robustness


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return ndimage.gaussian_filter(rng.random((6, 20, 24), np.float32), (0, 1, 1))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_the_harmless_amount_changes_nothing(change, images):
    assert change.harmless in change.amounts
    np.testing.assert_array_equal(change.apply(images, change.harmless), images)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_changed_images_stay_images_and_are_the_same_each_time(change, images):
    for amount in change.amounts:
        changed = change.apply(images, amount)
        assert changed.shape == images.shape
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 1
        np.testing.assert_array_equal(changed, change.apply(images, amount))


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_scaling_is_pillows(factor, images):
    _, height, width = images.shape
    y, x = (height - 1) / 2, (width - 1) / 2
    # Pillow counts from the corner of a pixel, so half a pixel is added and taken away.
    back = (
        1 / factor,
        0,
        x + 0.5 - (x + 0.5) / factor,
        0,
        1 / factor,
        y + 0.5 - (y + 0.5) / factor,
    )
    inner = slice(4, -4)
    for ours, image in zip(changes.scaled(images, factor), images, strict=True):
        theirs = np.asarray(
            Image.fromarray(image).transform(
                (width, height), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR
            )
        )
        if factor > 1:
            np.testing.assert_allclose(ours[inner, inner], theirs[inner, inner], atol=1e-4)
        else:
            np.testing.assert_allclose(ours[7:-7, 7:-7], theirs[7:-7, 7:-7], atol=1e-4)


def test_images_are_moved_right_down_left_and_up_in_turn():
    dots = np.zeros((5, 7, 7), np.float32)
    dots[:, 3, 3] = 1
    moved = changes.shifted(dots, 2)
    at = [tuple(np.argwhere(image)[0]) for image in moved]
    assert at == [(3, 5), (5, 3), (3, 1), (1, 3), (3, 5)]
    assert changes.shifted(dots, 0.5)[0, 3, 3:5].tolist() == [0.5, 0.5]


def test_noise_has_its_standard_deviation():
    grey = np.full((50, 28, 28), 0.5, np.float32)
    assert changes.noisy(grey, 0.1).std() == pytest.approx(0.1, rel=0.02)


def test_unchanged_images_give_the_accuracy_of_evaluate():
    data = hw.load_dataset("mnist").test
    net = hw.Network([784, 10], cost="softmax", seed=0)
    for _ in hw.train(net, data[:2000], epochs=1, learning_rate=0.1):
        pass
    chosen = evenly_chosen(len(data), 300)
    expected = hw.evaluate(net, data[chosen]).accuracy
    curves = list(robustness(net, data, 300))
    assert [curve.change.name for curve in curves] == [change.name for change in CHANGES]
    for curve in curves:
        at = curve.change.amounts.index(curve.change.harmless)
        assert curve.accuracy[at] == expected
        assert curve.accuracy.min() < expected - 0.1
        assert curve.samples.shape == (len(curve.amounts), 28, 28)
        unchanged = (curve.samples[at] * 255).round()
        assert (data.images[chosen] == unchanged).all(axis=(1, 2)).any()


@pytest.mark.slow
def test_changes_come_before_the_networks_view_of_the_images():
    data = hw.load_dataset("mnist").test[:300]
    net = hw.Network([1568, 10], cost="softmax", seed=0)
    for _ in hw.train(net, data, epochs=2, learning_rate=0.1, representation="strokes"):
        pass
    for curve in robustness(hw.Model(net, "strokes"), data, 300):
        at = curve.change.amounts.index(curve.change.harmless)
        assert curve.accuracy[at] == hw.evaluate(net, represent_split(data, "strokes")).accuracy
        assert curve.accuracy.min() < curve.accuracy[at]
        assert curve.samples.shape == (len(curve.amounts), 28, 28)


def test_lengths_grow_with_the_images():
    net = hw.Network([14 * 14, 3], seed=0)
    small = hw.Split(np.zeros((4, 14, 14), np.uint8), np.zeros(4, int), 3)
    amounts = {curve.change.name: curve.amounts for curve in robustness(net, small)}
    assert amounts["shift"] == (0, 0.5, 1, 1.5, 2, 2.5, 3)
    assert amounts["rotation"][-1] == 60


def test_images_are_chosen_evenly_and_from_both_ends():
    assert evenly_chosen(10, 4).tolist() == [0, 3, 6, 9]
    assert evenly_chosen(3, 2000).tolist() == [0, 1, 2]
    assert evenly_chosen(1, 5).tolist() == [0]
    with pytest.raises(InvalidArgument, match="above 0"):
        evenly_chosen(10, 0)


def test_a_table_has_no_robustness():
    table = hw.Split(np.zeros((4, 5)), np.zeros(4, int), 2)
    with pytest.raises(InvalidArgument, match="needs images"):
        next(robustness(hw.Network([5, 2], seed=0), table))
