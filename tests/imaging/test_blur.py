"""Blur, against SciPy's."""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.imaging.blur import blur, gaussian, gaussian_filter, gaussian_matrix, mean_filter

rng = np.random.default_rng(0)


@pytest.mark.parametrize("sigma", [0.5, 1.2, 4.0])
def test_the_gaussian_filter_is_scipys(sigma):
    values = rng.random((40, 33)).astype(np.float32)
    expected = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3)
    assert np.allclose(gaussian_filter(values, sigma), expected, atol=1e-5)


def test_the_mean_filter_is_scipys():
    values = rng.random((40, 33)).astype(np.float32)
    expected = ndimage.uniform_filter(values, 7, mode="nearest")
    assert np.allclose(mean_filter(values, 7), expected, atol=1e-5)


def test_the_bell_falls_to_one_over_root_e_at_its_standard_deviation():
    assert gaussian(np.array([0.0, 3, -3]), 3.0).tolist() == [1, np.exp(-0.5), np.exp(-0.5)]


@pytest.mark.parametrize("sigma", [0.4, 1.5, 4.2])
def test_the_matrix_blurs_a_signal_as_scipy_does_with_nothing_beyond(sigma):
    signal = rng.random(28)
    expected = ndimage.gaussian_filter1d(signal, sigma, mode="constant", truncate=12)
    np.testing.assert_allclose(gaussian_matrix(28, sigma) @ signal, expected, atol=1e-6)


def test_a_matrix_cut_at_the_border_keeps_what_is_even():
    several = gaussian_matrix(20, np.float32([0.05, 0.8, 6]), border="cut")
    np.testing.assert_allclose(several.sum(axis=2), 1, atol=1e-6)
    np.testing.assert_array_equal(several[0], np.eye(20))
    half = gaussian_matrix(20, 1.0, at=2 * np.arange(10) + 0.5, border="cut")
    np.testing.assert_allclose(half @ np.arange(20), 2 * np.arange(10) + 0.5, atol=0.6)
    assert half.shape == (10, 20)


def test_each_of_several_images_is_blurred_by_its_own_gaussian_as_scipy_does():
    images = np.pad(rng.random((3, 12, 9), np.float32), ((0, 0), (8, 8), (8, 8)))
    sigmas = np.float32([0.05, 0.8, 1.7])
    for image, sigma, found in zip(images, sigmas, blur(images, sigmas, "cut"), strict=True):
        expected = ndimage.gaussian_filter(image, sigma, truncate=8)
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_all_images_are_blurred_by_one_gaussian_with_nothing_beyond_as_scipy_does():
    images = rng.random((3, 12, 9), np.float32)
    expected = ndimage.gaussian_filter(images, (0, 1.5, 1.5), mode="constant", truncate=12)
    np.testing.assert_allclose(blur(images, 1.5), expected, atol=1e-6)
