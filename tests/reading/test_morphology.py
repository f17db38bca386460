"""Our few image functions do what SciPy's do."""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.reading import morphology

rng = np.random.default_rng(0)
MASKS = [rng.random((37, 52)) < share for share in (0.05, 0.3, 0.5, 0.9)]
MASKS += [np.ones((4, 5), bool), np.zeros((3, 3), bool), np.eye(9, dtype=bool)]


@pytest.mark.parametrize("mask", MASKS)
def test_components_are_scipys(mask):
    found = morphology.components(mask)
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    assert len(found) == n
    assert np.array_equal(found.labels > 0, mask)
    pairs = set(zip(labels.ravel().tolist(), found.labels.ravel().tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert sorted(map(str, found.boxes)) == sorted(map(str, ndimage.find_objects(labels)))
    assert found.sums(mask).sum() == mask.sum()


def test_a_spiral_is_one_piece():
    y, x = np.mgrid[-40:41, -40:41]
    spiral = np.cos(np.hypot(x, y) / 2 - np.arctan2(y, x)) > 0.3
    _, n = ndimage.label(spiral, np.ones((3, 3)))
    assert len(morphology.components(spiral)) == n


@pytest.mark.parametrize("size", [(3, 3), (1, 7), (9, 1), (5, 21), (2, 4)])
def test_running_extrema_are_scipys(size):
    values = rng.random((40, 33)).astype(np.float32)
    # SciPy centres an even window one cell further to the left for a maximum.
    origin = 0
    for ours, theirs in (
        (morphology.running_maximum, ndimage.maximum_filter),
        (morphology.running_minimum, ndimage.minimum_filter),
    ):
        expected = theirs(values, size, mode="nearest", origin=origin)
        assert np.array_equal(ours(values, *size), expected)


@pytest.mark.parametrize("mask", MASKS)
def test_growing_and_opening_are_scipys(mask):
    box = np.ones((3, 5))
    assert np.array_equal(morphology.dilated(mask, 3, 5), ndimage.binary_dilation(mask, box))
    assert np.array_equal(morphology.opened(mask, 3, 5), ndimage.binary_opening(mask, box))


@pytest.mark.parametrize("sigma", [0.5, 1.2, 4.0])
def test_smoothing_is_scipys(sigma):
    values = rng.random((40, 33)).astype(np.float32)
    expected = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3)
    assert np.allclose(morphology.smoothed(values, sigma), expected, atol=1e-5)


def test_the_local_mean_is_scipys():
    values = rng.random((40, 33)).astype(np.float32)
    expected = ndimage.uniform_filter(values, 7, mode="nearest")
    assert np.allclose(morphology.local_mean(values, 7), expected, atol=1e-5)


@pytest.mark.parametrize("mask", MASKS[:4])
def test_distances_are_scipys(mask):
    padded = np.pad(mask, 3)
    inner = ndimage.distance_transform_edt(padded) - 0.5
    outer = ndimage.distance_transform_edt(~padded) - 0.5
    expected = np.clip(np.where(padded, inner, -outer), -7.5, 7.5)
    assert np.allclose(np.clip(morphology.signed_distance(padded, 9), -7.5, 7.5), expected)
