"""Bytes and floats."""

import numpy as np

from handwrought.imaging.conversion import to_float, to_uint8


def test_floats_become_the_nearest_bytes():
    x = np.array([-0.1, 0, 0.4 / 255, 0.6 / 255, 0.5, 1, 7], np.float32)
    np.testing.assert_array_equal(to_uint8(x), [0, 0, 0, 1, 128, 255, 255])
    assert to_uint8(x).dtype == np.uint8


def test_bytes_come_back_as_they_were():
    every = np.arange(256, dtype=np.uint8)
    floats = to_float(every)
    np.testing.assert_allclose(floats, np.arange(256) / 255, atol=1e-7)
    np.testing.assert_array_equal(to_uint8(floats), every)


def test_floats_are_taken_as_they_are_and_not_changed():
    x = np.array([0.25, 1.0])
    floats = to_float(x)
    floats += 1
    assert x.tolist() == [0.25, 1.0]
    assert floats.dtype == np.float32
