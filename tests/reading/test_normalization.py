"""A map of ink becomes 28 x 28 by the filters, roundings and widths that its words promise.

Pillow's filters are worked out by their definitions, in :mod:`.filters`.
"""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.reading.normalization import _resized, normalize_ink

from .filters import bicubic, hamming, resized


def ragged(height, width):
    """Ink with edges in all directions."""
    noise = np.random.default_rng(height).random((height, width))
    ink = ndimage.gaussian_filter(noise, max(1.0, height / 20))
    return ((ink - ink.min()) / np.ptp(ink)).astype(np.float32)


@pytest.mark.parametrize("shape", [(60, 45), (200, 30), (23, 80), (40, 21)])
def test_what_shrinks_is_averaged_by_a_hamming_window(shape):
    factor = 20 / max(shape)
    to = tuple(round(side * factor) for side in shape)
    part = ragged(*shape)
    found = _resized(part, factor)
    assert found.shape == to
    np.testing.assert_allclose(found, resized(part, to, hamming, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "to"), [((9, 7), (20, 16)), ((5, 14), (7, 20)), ((3, 3), (20, 20))]
)
def test_what_grows_follows_a_cubic(shape, to):
    part = ragged(*shape)
    found = _resized(part, 20 / max(shape))
    assert found.shape == to
    np.testing.assert_allclose(found, resized(part, to, bicubic, 2), atol=1e-5)


def corner(size, stroke, left=30, top=12):
    """An L with arms of this length and width, on a large sheet."""
    ink = np.zeros((size + 60, size + 60), np.float32)
    ink[top : top + size, left : left + stroke] = 1
    ink[top + size - stroke : top + size, left : left + round(0.7 * size)] = 1
    return ink


def expected_pixels(scaled):
    """In 28 x 28 with the centre of mass nearest to (14, 14), the darkest pixel black."""
    out = np.zeros((28, 28))
    places = [
        min(max(round(14 - middle), 0), 28 - side)
        for middle, side in zip(ndimage.center_of_mass(scaled), scaled.shape, strict=True)
    ]
    rows, columns = (slice(at, at + n) for at, n in zip(places, scaled.shape, strict=True))
    out[rows, columns] = 255 * scaled / max(scaled.max(), 0.5)
    return out


@pytest.mark.parametrize(("size", "stroke"), [(60, 11), (100, 18), (41, 7), (16, 4)])
def test_a_digit_of_usual_strokes_is_scaled_and_placed_and_nothing_else(size, stroke):
    found = normalize_ink(corner(size, stroke))
    width = round(0.7 * size)
    assert found.box == (30, 12, width, size)
    assert 2.1 <= found.stroke <= 3.4
    part = corner(size, stroke)[12 : 12 + size, 30 : 30 + width]
    grows = size < 20
    to = (20, round(width * 20 / size))
    scaled = resized(part, to, *((bicubic, 2) if grows else (hamming, 1)))
    np.testing.assert_allclose(found.pixels, expected_pixels(scaled), atol=1)


def upright(size, stroke):
    """How wide the upright of an L is in the result, and how wide its strokes were found."""
    found = normalize_ink(corner(size, stroke))
    return found.pixels[9:14].sum(axis=1) / 255, found.stroke


@pytest.mark.parametrize(("size", "stroke"), [(100, 1), (100, 2), (400, 2), (400, 4), (400, 8)])
def test_hairlines_are_redrawn_at_the_width_of_mnists_thin_strokes(size, stroke):
    widths, found = upright(size, stroke)
    assert found < 0.5
    np.testing.assert_allclose(widths, 2.1 + 0.3, atol=0.25)


@pytest.mark.parametrize(("size", "stroke"), [(100, 30), (100, 36), (200, 70)])
def test_broad_strokes_lose_what_they_have_beyond_mnists_wide_ones(size, stroke):
    widths, found = upright(size, stroke)
    assert found > 3.4
    less = found - (3.4 - 0.2)  # the box is made larger by as much, and cut back to 20
    np.testing.assert_allclose(widths, stroke * (20 + less) / size - less, atol=0.1)


@pytest.mark.parametrize("seed", range(12))
def test_the_centre_of_mass_is_never_more_than_half_a_pixel_away(seed):
    rng = np.random.default_rng(seed)
    ink = np.zeros((90, 90), np.float32)
    for _ in range(6):  # bars of a usual width, as strokes are
        y, x = rng.integers(10, 60, 2)
        if rng.random() < 0.5:
            ink[y : y + 8, x : x + 26] = 1
        else:
            ink[y : y + 26, x : x + 8] = 1
    pixels = normalize_ink(ink).pixels.astype(float)
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    for middle, side in zip(ndimage.center_of_mass(pixels), (rows, columns), strict=True):
        if side[0] > 0 and side[-1] < 27:  # else it was pushed back inside
            assert abs(middle - 14) < 0.55


def test_the_box_holds_what_is_darker_than_three_tenths():
    ink = np.zeros((50, 50), np.float32)
    ink[20:30, 20:30] = 1
    ink[15, 25] = ink[25, 15] = 0.29
    ink[32, 25] = ink[25, 33] = 0.31
    assert normalize_ink(ink).box == (20, 20, 14, 13)
    assert normalize_ink(np.full((20, 20), 0.29, np.float32)).box is None
