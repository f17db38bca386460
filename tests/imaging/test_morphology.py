"""Our few image functions do what SciPy's do."""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.imaging import morphology

rng = np.random.default_rng(0)
MASKS = [rng.random((37, 52)) < share for share in (0.05, 0.3, 0.5, 0.9)]
MASKS += [np.ones((4, 5), bool), np.zeros((3, 3), bool), np.eye(9, dtype=bool)]


@pytest.mark.parametrize("mask", MASKS)
def test_components_are_scipys(mask):
    found = morphology.connected_components(mask)
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    assert len(found) == n
    assert np.array_equal(found.labels > 0, mask)
    pairs = set(zip(labels.ravel().tolist(), found.labels.ravel().tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    assert sorted(map(str, found.boxes)) == sorted(map(str, ndimage.find_objects(labels)))
    assert found.sums(mask).sum() == mask.sum()


def test_a_spirals_components_are_scipys():
    y, x = np.mgrid[-40:41, -40:41]
    spiral = np.cos(np.hypot(x, y) / 2 - np.arctan2(y, x)) > 0.3
    _, n = ndimage.label(spiral, np.ones((3, 3)))
    assert len(morphology.connected_components(spiral)) == n


@pytest.mark.parametrize("size", [(3, 3), (1, 7), (9, 1), (5, 21), (2, 4)])
def test_maximum_and_minimum_filters_are_scipys(size):
    values = rng.random((40, 33)).astype(np.float32)
    # SciPy centres an even window one cell further to the left for a maximum.
    origin = 0
    for ours, theirs in (
        (morphology.maximum_filter, ndimage.maximum_filter),
        (morphology.minimum_filter, ndimage.minimum_filter),
    ):
        expected = theirs(values, size, mode="nearest", origin=origin)
        assert np.array_equal(ours(values, *size), expected)


@pytest.mark.parametrize("mask", MASKS)
def test_dilation_and_opening_are_scipys(mask):
    box = np.ones((3, 5))
    assert np.array_equal(morphology.dilation(mask, 3, 5), ndimage.binary_dilation(mask, box))
    assert np.array_equal(morphology.opening(mask, 3, 5), ndimage.binary_opening(mask, box))


@pytest.mark.parametrize("mask", MASKS[:4])
def test_distances_are_scipys(mask):
    padded = np.pad(mask, 3)
    inner = ndimage.distance_transform_edt(padded) - 0.5
    outer = ndimage.distance_transform_edt(~padded) - 0.5
    expected = np.clip(np.where(padded, inner, -outer), -7.5, 7.5)
    assert np.allclose(np.clip(morphology.signed_distance(padded, 9), -7.5, 7.5), expected)


@pytest.mark.parametrize("mask", MASKS)
def test_filling_holes_is_scipys(mask):
    round_corners = np.ones((3, 3), bool)
    expected = ndimage.binary_fill_holes(mask, round_corners)
    assert np.array_equal(morphology.fill_holes(mask), expected)


def test_closing_is_scipys_grey_closing():
    values = np.pad(rng.random((40, 33)).astype(np.float32), 7, mode="edge")
    expected = ndimage.grey_closing(values, (5, 5), mode="nearest")
    inside = slice(7, -7)
    assert np.array_equal(morphology.closing(values, 5)[inside, inside], expected[inside, inside])


def test_thickening_is_scipys_dilation_and_thinning_its_erosion_for_each_image_and_for_all():
    x = rng.random((3, 20, 17), np.float32)
    cross = ndimage.generate_binary_structure(2, 1)[None]
    grown = ndimage.grey_dilation(x, footprint=cross, mode="constant")
    shrunk = ndimage.grey_erosion(x, footprint=cross, mode="constant")
    each = morphology.thicken(x, np.float32([1, -1, 0.5]))
    np.testing.assert_allclose(each[0], grown[0], atol=1e-6)
    np.testing.assert_allclose(each[1], shrunk[1], atol=1e-6)
    np.testing.assert_allclose(each[2], (x + grown)[2] / 2, atol=1e-6)
    np.testing.assert_array_equal(morphology.thicken(x, 1), grown)
    np.testing.assert_allclose(morphology.thicken(x, -1), shrunk, atol=1e-6)
    twice = ndimage.grey_dilation(grown, footprint=cross, mode="constant")
    np.testing.assert_allclose(morphology.thicken(x, 1.5), (grown + twice) / 2, atol=1e-6)
