"""Images turned and moved, against SciPy's and NumPy's."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from handwrought.imaging.moments import moments
from handwrought.imaging.sampling import affine, deskew, resize, rotate, sample, shift_rows


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return ndimage.gaussian_filter(rng.random((6, 20, 24), np.float32), (0, 1, 1))


def test_a_quarter_turn_clockwise_is_numpys():
    square = np.random.default_rng(0).random((3, 9, 9), np.float32)
    turned = rotate(square, 90)
    np.testing.assert_allclose(turned, np.rot90(square, -1, axes=(1, 2)), atol=1e-6)


@pytest.mark.parametrize("degrees", [-60, 17])
def test_turning_is_scipys(degrees, images):
    theirs = ndimage.rotate(
        images, -degrees, axes=(2, 1), reshape=False, order=1, mode="grid-constant"
    )
    np.testing.assert_allclose(rotate(images, degrees), theirs, atol=1e-5)


def test_moving_by_half_a_pixel_is_scipys(images):
    theirs = ndimage.shift(images, (0, 0.5, -1), order=1, mode="grid-constant")
    np.testing.assert_allclose(affine(images, np.eye(2), (0.5, -1)), theirs, atol=1e-5)


def test_sampling_is_scipys_bilinear_interpolation(images):
    where = np.random.default_rng(2).uniform(-4, 28, (2, 6, 9, 5)).astype(np.float32)
    ours = sample(images, *where)
    for image, rows, columns, found in zip(images, *where, ours, strict=True):
        expected = ndimage.map_coordinates(
            np.pad(image, 6), [rows + 6, columns + 6], order=1, mode="constant"
        )
        np.testing.assert_allclose(found, expected, atol=1e-5)
    same = sample(images, where[0, 0], where[1, 0])
    np.testing.assert_allclose(same[0], ours[0], atol=1e-6)
    assert same.shape == (6, 9, 5)


@pytest.mark.parametrize("method", ["box", "bilinear", "hamming", "bicubic"])
def test_resizing_is_pillows(method, images):
    theirs = Image.fromarray(images[0]).resize((9, 31), Image.Resampling[method.upper()])
    np.testing.assert_array_equal(resize(images[0], 31, 9, method), theirs)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_rows_move_by_whole_pixels_and_lose_what_leaves(dtype):
    image = np.arange(1, 13).reshape(3, 4).astype(dtype)
    moved = shift_rows(image, np.array([1, 0, -2]))
    expected = [[0, 1, 2, 3], [5, 6, 7, 8], [11, 12, 0, 0]]
    np.testing.assert_array_equal(moved, np.array(expected).astype(dtype))
    assert moved.dtype == dtype
    assert not shift_rows(image, np.array([9, -9, 4])).any()


def test_deskewed_ink_no_longer_leans(images):
    leaning = np.zeros((1, 40, 40), np.float32)
    for row in range(8, 32):
        leaning[0, row, 30 - row // 2 : 34 - row // 2] = 1
    assert abs(moments(leaning).both[0]) > 10
    upright = deskew(leaning)
    assert abs(moments(upright).both[0]) < 0.3
    assert np.ptp(np.flatnonzero(upright[0].any(axis=0))) <= 5
    assert upright.sum() == pytest.approx(leaning.sum(), rel=1e-4)
