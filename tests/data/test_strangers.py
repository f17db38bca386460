"""Pictures of no digit: of every kind, of every draw the same."""

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.strangers import KINDS, segment, strangers


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
    one, same, other = (strangers(images, 60, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    assert one.min() >= 0
    assert one.max() <= 1
    assert strangers(images, 0, np.random.default_rng(0)).shape == (0, 28, 28)


def test_a_part_holds_about_half_of_the_ink(images):
    rng = np.random.default_rng(3)
    ones = np.repeat(images[:1], 200, axis=0)
    x = KINDS["half"](ones, 200, rng)
    share = x.sum(axis=(1, 2)) / (images[0].sum() / 255)
    assert share.max() <= 0.61
    assert np.median(share) > 0.35


def test_a_stroke_is_as_wide_as_asked_and_ends_round():
    y, x = np.mgrid[:40, :40].astype(np.float32)
    ink = segment(y, x, (20, 5), (20, 34), 2)
    assert ink[:, 20].sum() == pytest.approx(4, abs=1.1)
    assert ink[20, :2].sum() == 0
    assert ink[20, 37:].sum() == 0
    point = segment(y, x, (20, 20), (20, 20), 3)
    assert point[20, 20] == 1
    assert point.sum() == pytest.approx(np.pi * 9, rel=0.1)
