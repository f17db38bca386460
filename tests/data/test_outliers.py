"""Pictures of no digit: of every kind, of every draw the same."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.outliers import KINDS, _upright_bars, make_outliers
from handwrought.errors import InvalidArgument
from handwrought.imaging.pen import polylines


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").train.images[:500]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_images_of_the_size_asked_for(images, kind):
    x = KINDS[kind](images, 40, np.random.default_rng(0))
    assert x.shape == (40, 28, 28)
    assert x.min() >= 0
    # A picture in forty may be empty by chance, not more.
    assert ((x > 0.2).sum(axis=(1, 2)) > 0).sum() >= 38
    assert len(np.unique(x.reshape(40, -1), axis=0)) >= 38


def test_the_seed_decides_and_the_range_is_0_to_1(images):
    one, same, other = (make_outliers(images, 60, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    assert one.min() >= 0
    assert one.max() <= 1
    assert make_outliers(images, 0, np.random.default_rng(0)).shape == (0, 28, 28)


def test_a_third_are_letters_and_the_other_kinds_are_equally_many(images, monkeypatch):
    for k, kind in enumerate(KINDS, start=1):
        monkeypatch.setitem(KINDS, kind, lambda x, n, rng, k=k: np.full((n, 28, 28), k / 10))
    x = make_outliers(images, 9000, np.random.default_rng(4))[:, 0, 0]
    counts = np.bincount(np.round(10 * x).astype(int), minlength=len(KINDS) + 1)[1:]
    assert counts.sum() == 9000
    assert list(KINDS)[-1] == "letters"
    np.testing.assert_allclose(counts[:-1], 1000, atol=130)
    assert counts[-1] == pytest.approx(3000, abs=200)


def test_a_part_holds_about_half_of_the_ink(images):
    rng = np.random.default_rng(3)
    ones = np.repeat(images[:1], 200, axis=0)
    x = KINDS["half"](ones, 200, rng)
    share = x.sum(axis=(1, 2)) / (images[0].sum() / 255)
    assert share.max() <= 0.61
    assert np.median(share) > 0.35


@pytest.mark.parametrize("side", [8, 13, 29])
def test_outliers_are_made_of_square_images_of_any_size_and_of_no_others(side):
    small = np.random.default_rng(1).integers(0, 256, (9, side, side), np.uint8)
    x = make_outliers(small, 40, np.random.default_rng(0))
    assert x.shape == (40, side, side)
    assert (x.max(axis=(1, 2)) > 0.2).mean() > 0.8
    for wrong in (small[:, :, 1:], small[:, :7, :7]):
        with pytest.raises(InvalidArgument, match="square images of at least 8"):
            make_outliers(wrong, 3, np.random.default_rng(0))


def _stroke(points, width=1.5):
    return polylines([np.array(points, np.float64)], width, 28)


@pytest.mark.parametrize(
    ("picture", "lies"),
    [
        (_stroke([(4, 14), (24, 14)]), True),  # a 1, as by a ruler
        (_stroke([(4, 18), (24, 10)]), True),
        (_stroke([(14, 4), (14, 24)]), False),  # a dash
        (_stroke([(4, 5), (4, 19), (24, 9)]), False),  # a 7
        (_stroke([(4, 17), (9, 12), (19, 12), (24, 17)]), False),  # a bracket
        (np.zeros((28, 28), np.float32), False),
    ],
)
def test_an_upright_bar_is_laid_on_its_side(monkeypatch, images, picture, lies):
    for kind in KINDS:
        monkeypatch.setitem(KINDS, kind, lambda x, n, rng: np.repeat(picture[None], n, axis=0))
    x = make_outliers(images, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(x, np.repeat((picture.T if lies else picture)[None], 3, axis=0))


def test_most_ones_would_be_laid_down_and_nearly_no_other_digit():
    split = hw.load_dataset("mnist").train
    bars = _upright_bars(split.images[:5000] * np.float32(1 / 255))
    ones = split.labels[:5000] == 1
    assert bars[ones].mean() > 0.8
    assert bars[~ones].mean() < 0.001
