"""Centres of mass, and images centred by them."""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.imaging.centring import centre, paste_centred


@pytest.mark.parametrize("size", [(4, 6), (5, 5), (3, 8)])
@pytest.mark.parametrize("weight", [(0, 0), (3, 1), (1, 4)])
def test_the_centre_of_mass_comes_to_the_middle(size, weight):
    image = np.zeros((28, 28), np.float32)
    image[2 : 2 + size[0], 17 : 17 + size[1]] = 0.7
    image[2 : 2 + weight[0], 17 : 17 + weight[1]] = 1.0  # off the middle by parts of a pixel
    moved = centre(image)
    assert moved.sum() == pytest.approx(image.sum())
    for middle in ndimage.center_of_mass(moved):
        assert middle == pytest.approx(14, abs=0.51)


def test_a_patch_is_pasted_with_its_centre_of_mass_in_the_middle():
    patch = np.random.default_rng(1).random((9, 5)).astype(np.float32)
    out = paste_centred(patch, 28)
    assert out.sum() == pytest.approx(patch.sum())
    for middle in ndimage.center_of_mass(out):
        assert middle == pytest.approx(14, abs=0.51)


def test_nothing_of_a_patch_is_cut_off_however_its_mass_lies():
    patch = np.zeros((20, 20), np.uint8)
    patch[0, 0] = 9
    patch[19, 19] = 1
    out = paste_centred(patch, 24)
    assert out[4, 4] == 9
    assert out[23, 23] == 1
    assert not paste_centred(np.zeros((3, 3)), 24).any()
