"""A map of ink becomes 28 x 28 by the filters, roundings and widths that its words promise.

Pillow's filters are worked out by their definitions, in :mod:`.filters`.
"""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.reading.normalization import _resized, normalize_ink

from .filters import bicubic, hamming, matrix, resized


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
    expected = expected_pixels(scaled)
    np.testing.assert_allclose(found.pixels, expected, atol=0.51)


def upright(size, stroke):
    """How wide the upright of an L is in the result, and how wide its strokes were found."""
    found = normalize_ink(corner(size, stroke))
    return found.pixels[9:14].sum(axis=1) / 255, found.stroke


@pytest.mark.parametrize(("size", "stroke"), [(100, 1), (100, 2), (400, 2), (400, 4), (400, 8)])
def test_hairlines_are_redrawn_at_the_width_of_mnists_thin_strokes(size, stroke):
    widths, found = upright(size, stroke)
    assert found < 0.5
    thin = 2.1 + 0.3  # and a little for soft edges
    assert (thin <= widths + 0.02).all()
    assert (widths < thin + 0.25).all()


def redrawn(part, stroke):
    """Thicker or thinner by the distance to the outline on a grid of four cells a pixel."""
    grow = ((2.1 + 0.3 if stroke < 2.1 else 3.4 - 0.2) - stroke) / 2
    factor = 4 * (20 - 2 * grow) / max(part.shape)
    if grow > 0 and factor < 0.7:  # a hairline is made so broad first that no pixel of it is lost
        broad = max(3, round(1 / factor) | 1)
        part = ndimage.maximum_filter(np.pad(part, broad // 2), broad, mode="constant")
        grow -= (broad - 1) / 2 * factor / 4
        factor = 4 * (20 - 2 * grow) / max(part.shape)
    to = [round(round(side * factor) + 2 * factor) for side in part.shape]
    down, across = (matrix(side + 2, n, bicubic, 2) for side, n in zip(part.shape, to, strict=True))
    fine = np.pad(down @ np.pad(part, 1) @ across.T, 40)
    if factor > 1.5:
        fine = ndimage.gaussian_filter(fine, min(factor / 2.5, 4.0), mode="nearest")
    inside = fine > min(0.22, 0.5 * fine.max())
    edt = ndimage.distance_transform_edt
    distance = np.where(inside, edt(inside) - 0.5, 0.5 - edt(~inside))
    drawn = np.clip((distance + 4 * grow) / 4 + 0.5, 0, 1)
    rows, columns = (np.flatnonzero(drawn.max(axis) > 0.3) for axis in (1, 0))
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = [round(side * 20 / max(drawn.shape)) for side in drawn.shape]
    return resized(drawn, size, hamming, 1)


@pytest.mark.parametrize(
    ("size", "stroke"),
    [
        (30, 2),
        (34, 3),
        (60, 4),
        (72, 5),
        (84, 6),
        (110, 4),
        (130, 5),
        (204, 6),
        (260, 8),
        (370, 9),
        (60, 22),
        (72, 26),
    ],
)
@pytest.mark.parametrize("soft", [0.6, 1.2])
def test_strokes_are_redrawn_by_the_distance_to_their_outline(size, stroke, soft):
    ink = ndimage.gaussian_filter(corner(size, stroke), soft)
    found = normalize_ink(ink)
    assert not 2.1 <= found.stroke <= 3.4
    x, y, width, height = found.box
    part = ink[y : y + height, x : x + width]
    expected = expected_pixels(redrawn(part, found.stroke))
    np.testing.assert_allclose(found.pixels, expected, atol=2)


@pytest.mark.parametrize(("size", "left_alone"), [(12, True), (13, False), (16, False)])
def test_a_digit_of_up_to_12_pixels_says_more_by_its_greys_than_redrawn(size, left_alone):
    found = normalize_ink(corner(size, 1))
    assert found.stroke < 2.1
    width = round(0.7 * size)
    part = corner(size, 1)[12 : 12 + size, 30 : 30 + width]
    expected = expected_pixels(resized(part, (20, round(width * 20 / size)), bicubic, 2))
    assert bool(np.abs(found.pixels - expected).max() < 0.6) is left_alone


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
