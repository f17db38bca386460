"""Which side is ink: by what covers more, by the border and the corners, and by the heavier tail."""

import numpy as np
import pytest

from handwrought.reading.polarity import polarity

DARK, LIGHT = 0.1, 0.9


def framed(side, ring):
    """Light, with a dark frame of so many pixels."""
    picture = np.full((side, side, 1), LIGHT, np.float32)
    inner = np.zeros((side, side), bool)
    inner[ring : side - ring, ring : side - ring] = True
    picture[~inner] = DARK
    return picture


def turned_round(picture):
    return 1 - picture


# The light share s, the border b and the corners c are counted by hand; beyond a quarter from a
# half s alone decides, else the sign of s + b/2 + c/2 - 1, which is sure beyond 0.35.
FRAMED = [
    (20, 1, True, True),  # s = 0.81
    (16, 1, True, True),  # s = 0.766
    (14, 1, False, False),  # s = 0.735, b = c = 0: -0.265
    (10, 1, False, True),  # s = 0.64: -0.36
    (20, 2, False, True),  # s = 0.64
    (32, 3, False, False),  # s = 0.66: -0.34
]


@pytest.mark.parametrize(("side", "ring", "dark", "sure"), FRAMED)
def test_a_small_picture_is_judged_by_its_share_then_by_border_and_corners(side, ring, dark, sure):
    found = polarity(framed(side, ring))
    assert (found.dark, found.sure) == (dark, sure)
    found = polarity(turned_round(framed(side, ring)))
    assert (found.dark, found.sure) == (not dark, sure)


def test_border_and_corners_count_alike():
    # Dark at its four corners and light beside them.
    picture = np.full((20, 20, 1), LIGHT, np.float32)
    picture[1:19, 2:13] = DARK
    picture[[0, 0, -1, -1], [0, -1, 0, -1]] = DARK
    assert picture.mean() == pytest.approx(0.495 * LIGHT + 0.505 * DARK, abs=0.01)
    found = polarity(picture)
    # s = 0.495, b = 76/80, c = 0: -0.03
    assert (found.dark, found.sure) == (False, False)
    picture[[0, 0], [0, -1]] = LIGHT  # c = 0.5: 0.24 or so
    found = polarity(picture)
    assert (found.dark, found.sure) == (True, False)
    picture[[-1, -1], [0, -1]] = LIGHT  # c = 1: 0.5
    found = polarity(picture)
    assert (found.dark, found.sure) == (True, True)
    picture = np.full((20, 20, 1), LIGHT, np.float32)
    picture[2:15, 2:14] = DARK
    picture[[0, 0, -1, -1], [0, -1, 0, -1]] = DARK
    found = polarity(picture)  # s = 0.6, b = 0.9, c = 0: 0.05
    assert (found.dark, found.sure) == (True, False)


def test_a_corner_is_a_twenty_fifth_of_the_picture_to_the_nearest_pixel():
    light = np.indices((38, 38)).sum(axis=0) % 2 == 0  # a chequered square: s = b = 0.5
    for rows in (slice(2), slice(-2, None)):
        for columns in (slice(2), slice(-2, None)):
            light[rows, columns] = False
    light[np.ix_([0, -1], [0, -1])] = True
    # Of 38 pixels 1.52, so corners are 2 x 2: c = 0.25 and the sign is -0.13; of 1 x 1 it was 0.25.
    found = polarity(np.where(light, LIGHT, DARK).astype(np.float32)[:, :, None])
    assert (found.dark, found.sure) == (False, False)


def stroked(side, ink, paper, shade):
    """A line on paper that the light falls on from one side."""
    y, x = np.mgrid[:side, :side] / side
    line = np.abs(y - 0.5 - 0.2 * np.sin(6 * x)) < 0.04
    return (paper + shade * x + np.where(line, ink - paper, 0)).astype(np.float32)[:, :, None]


@pytest.mark.parametrize("side", [40, 60, 130, 420])
@pytest.mark.parametrize("shade", [0.0, 0.3])
def test_strokes_are_ink_whatever_the_light_does(side, shade):
    assert polarity(stroked(side, 0.2, 0.6, shade)).dark
    assert not polarity(stroked(side, 0.6, 0.2, shade)).dark
    colour = np.repeat(stroked(side, 0.2, 0.6, shade), 3, axis=2)
    assert polarity(colour).dark


def test_a_few_strong_strokes_count_for_more_than_much_weak_shade():
    """A tenth of the paper is lighter by 0.25, a thirtieth holds strokes darker by about 0.5."""
    rng = np.random.default_rng(0)
    grey = 0.6 + rng.normal(0, 0.02, (100, 100))
    grey[10:20] += 0.25
    grey[30:80, 48:54] -= rng.uniform(0.3, 0.6, (50, 6))
    picture = grey.astype(np.float32)[:, :, None]
    assert polarity(picture).dark
    assert not polarity(1 - picture).dark


def test_one_channel_of_ink_is_seen_in_a_picture_of_three():
    picture = np.full((60, 60, 3), 0.9, np.float32)
    for channel in range(3):
        one = picture.copy()
        one[28:32, 5:55, channel] = 0.1
        assert polarity(one).dark
        assert not polarity(1 - one).dark


def test_from_40_pixels_on_a_shaded_picture_is_judged_by_its_strokes():
    for side, sure in ((39, False), (40, True), (60, True)):
        assert polarity(stroked(side, 0.35, 0.1, 0.6)).sure is sure
    assert not polarity(stroked(40, 0.35, 0.1, 0.6)).dark


@pytest.mark.parametrize(("deviation", "sure"), [(0.0, False), (0.06, False), (0.14, True)])
def test_a_picture_of_two_levels_is_judged_as_a_small_one(deviation, sure):
    """Ink and paper 0.8 apart, of which an eighth is shade enough."""
    light = np.indices((60, 60)).sum(axis=0) // 6 % 2 == 0  # half ink: no telling from its border
    noise = np.random.default_rng(0).normal(0, deviation, (60, 60))
    picture = np.where(light, LIGHT, DARK) + noise
    assert polarity(picture.astype(np.float32)[:, :, None]).sure is sure
