"""Letters as outliers: their strokes, and how they are drawn."""

import numpy as np
import pytest

from handwrought.data.letters import ALPHABET, letters

PICTURES = np.zeros((1, 28, 28), np.uint8)


@pytest.fixture(scope="module")
def drawn():
    return letters(PICTURES, 400, np.random.default_rng(0))


def test_what_anyone_would_take_for_a_digit_is_no_outlier():
    assert not set("BDGIOQSZbgiloqsyz0123456789") & set(ALPHABET)
    assert len(ALPHABET) > 30


@pytest.mark.parametrize("name", ALPHABET)
def test_each_letter_stands_on_the_grid(name):
    points = np.concatenate([stroke for stroke, _ in ALPHABET[name]])
    assert points.shape[1] == 2
    assert points.min() >= 0
    assert points[:, 0].max() <= 8
    assert points[:, 1].max() <= 4
    assert all(len(stroke) >= 2 for stroke, _ in ALPHABET[name])


def test_an_l_is_two_straight_strokes_down_and_to_the_right():
    ((points, curved),) = ALPHABET["L"]
    assert not curved
    np.testing.assert_array_equal(points, [(0, 0), (6, 0), (6, 4)])


def test_letters_are_prepared_as_digits_are(drawn):
    assert drawn.shape == (400, 28, 28)
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    for image in drawn:
        rows, columns = (np.flatnonzero((image > 0.3).any(axis=axis)) for axis in (1, 0))
        longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        assert 18 <= longest <= 22
        at = np.arange(28)
        assert (image.sum(axis=1) @ at) / image.sum() == pytest.approx(14, abs=0.6)
        assert (image.sum(axis=0) @ at) / image.sum() == pytest.approx(14, abs=0.6)


def test_no_two_are_alike_and_the_seed_decides(drawn):
    assert len(np.unique(drawn.reshape(400, -1), axis=0)) == 400
    np.testing.assert_array_equal(drawn, letters(PICTURES, 400, np.random.default_rng(0)))
    assert not np.array_equal(drawn, letters(PICTURES, 400, np.random.default_rng(1)))


def test_some_are_pairs_which_are_wider_than_high(drawn):
    wide = [np.ptp(np.flatnonzero(image.any(0))) > np.ptp(np.flatnonzero(image.any(1)))
            for image in drawn]  # fmt: skip
    assert 0.2 < np.mean(wide) < 0.45
