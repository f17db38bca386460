"""Images turned and moved, against SciPy's and NumPy's."""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.data.sampling import as_bytes, mapped, rotated


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return ndimage.gaussian_filter(rng.random((6, 20, 24), np.float32), (0, 1, 1))


def test_a_quarter_turn_clockwise_is_numpys():
    square = np.random.default_rng(0).random((3, 9, 9), np.float32)
    turned = rotated(square, 90)
    np.testing.assert_allclose(turned, np.rot90(square, -1, axes=(1, 2)), atol=1e-6)


@pytest.mark.parametrize("degrees", [-60, 17])
def test_turning_is_scipys(degrees, images):
    theirs = ndimage.rotate(
        images, -degrees, axes=(2, 1), reshape=False, order=1, mode="grid-constant"
    )
    np.testing.assert_allclose(rotated(images, degrees), theirs, atol=1e-5)


def test_moving_by_half_a_pixel_is_scipys(images):
    theirs = ndimage.shift(images, (0, 0.5, -1), order=1, mode="grid-constant")
    np.testing.assert_allclose(mapped(images, np.eye(2), (0.5, -1)), theirs, atol=1e-5)


def test_floats_become_the_nearest_bytes():
    x = np.array([-0.1, 0, 0.4 / 255, 0.6 / 255, 0.5, 1, 7], np.float32)
    np.testing.assert_array_equal(as_bytes(x), [0, 0, 0, 1, 128, 255, 255])
    assert as_bytes(x).dtype == np.uint8
