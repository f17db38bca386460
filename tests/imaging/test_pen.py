"""Strokes of a pen: their width, their ends, their corners."""

import numpy as np
import pytest

from handwrought.imaging.pen import chaikin, polylines, segment


def test_a_stroke_is_as_wide_as_asked_and_ends_round():
    y, x = np.mgrid[:40, :40].astype(np.float32)
    ink = segment(y, x, (20, 5), (20, 34), 2)
    assert ink[:, 20].sum() == pytest.approx(4, abs=1.1)
    assert ink[20, :2].sum() == 0
    assert ink[20, 37:].sum() == 0
    point = segment(y, x, (20, 20), (20, 20), 3)
    assert point[20, 20] == 1
    assert point.sum() == pytest.approx(np.pi * 9, rel=0.1)


def test_strokes_at_once_are_those_one_by_one():
    y, x = np.mgrid[:28, :28].astype(np.float32)
    points = np.random.default_rng(0).uniform(3, 24, (5, 2))
    one_by_one = [segment(y, x, points[i], points[i + 1], 1.3) for i in range(4)]
    together = polylines([points[:3], points[2:]], 1.3, 28)
    np.testing.assert_allclose(together, np.max(one_by_one, axis=0), atol=1e-5)
    assert together.dtype == np.float32


def test_a_rounded_stroke_keeps_its_ends_and_cuts_its_corner():
    corner = np.array([[0.0, 0.0], [0.0, 8.0], [8.0, 8.0]])
    points = chaikin(corner)
    np.testing.assert_array_equal(points[[0, -1]], corner[[0, -1]])
    # The quarters lie 2 from the corner; the line between them is what comes closest to it.
    assert np.abs(points - corner[1]).sum(axis=1).min() == 2
    turns = np.diff(np.arctan2(*np.diff(points, axis=0).T))
    assert np.abs(turns).max() < np.deg2rad(31)
    straight = np.array([[1.0, 2.0], [3.0, 4.0]])
    across, down = (chaikin(straight) - straight[0]).T
    np.testing.assert_allclose(across, down, atol=1e-12)
