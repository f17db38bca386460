"""Toys are what they say, and the same seed gives the same points."""

import numpy as np
import pytest

from handwrought.data.toys import TOYS, toy_named
from handwrought.errors import InvalidArgument


@pytest.mark.parametrize("toy", TOYS.values(), ids=TOYS)
def test_points_have_their_shapes_and_lie_in_their_domain(toy):
    x, y = toy.points(300, 0.0, seed=3)
    assert (x.shape, y.shape) == ((300, toy.n_inputs), (300, 1))
    assert toy.domain[0] <= x.min() <= x.max() <= toy.domain[1]
    if toy.classes:
        assert set(np.unique(y)) == {0, 1}
        assert 0.35 < y.mean() < 0.65


@pytest.mark.parametrize("toy", TOYS.values(), ids=TOYS)
def test_the_seed_decides_and_noise_moves_the_same_points(toy):
    x, y = toy.points(50, 0.1, seed=3)
    again = toy.points(50, 0.1, seed=3)
    assert np.array_equal(x, again[0])
    assert np.array_equal(y, again[1])
    assert not np.array_equal(x, toy.points(50, 0.1, seed=4)[0])
    calm, wild = toy.points(50, 0.0, seed=3), toy.points(50, 0.2, seed=3)
    if toy.n_inputs == 2:
        np.testing.assert_allclose(wild[0] - x, x - calm[0], atol=1e-12)
        assert np.array_equal(y, calm[1])
    elif not toy.classes:
        np.testing.assert_allclose(wild[1] - y, y - calm[1], atol=1e-12)
        assert np.array_equal(x, calm[0])


def test_circles_lie_inside_one_another():
    x, y = toy_named("circles").points(200)
    radius = np.hypot(*x.T)
    assert radius[y[:, 0] == 1].max() < 1.2
    assert radius[y[:, 0] == 0].min() > 1.7


def test_clouds_are_parted_by_a_line_and_xor_by_none():
    for name, parted in (("clusters", True), ("xor", False)):
        x, y = toy_named(name).points(200)
        ones = np.c_[x, np.ones(200)]
        best = np.linalg.lstsq(ones, 2 * y - 1, rcond=None)[0]
        right = ((ones @ best > 0) == (y > 0.5)).mean()
        assert bool(right > 0.97) is parted


def test_what_makes_no_points_is_refused():
    with pytest.raises(InvalidArgument, match="'squares' is unknown: use one of circles"):
        toy_named("squares")
    for n, noise in ((0, 0.1), (10, -0.1), (10, float("nan"))):
        with pytest.raises(InvalidArgument, match="it must be"):
            toy_named("moons").points(n, noise)
