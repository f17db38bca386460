"""Where ink is and how it spreads, against SciPy's and NumPy's."""

import numpy as np
import pytest
from scipy import ndimage

from handwrought.imaging.moments import bounding_box, centre_of_mass, centres_of_mass, moments

IMAGES = np.random.default_rng(0).random((3, 7, 12))


def test_centres_of_mass_are_scipys():
    for dtype in (np.float64, np.float32):
        centres = np.transpose(centres_of_mass(IMAGES.astype(dtype)))
        for image, centre in zip(IMAGES, centres, strict=True):
            assert centre_of_mass(image) == pytest.approx(ndimage.center_of_mass(image), abs=1e-12)
            np.testing.assert_allclose(centre, ndimage.center_of_mass(image), rtol=1e-6)


def test_moments_are_numpys_covariance_of_places_weighted_by_ink():
    rows, columns = np.indices(IMAGES.shape[1:]).reshape(2, -1)
    found = moments(IMAGES)
    for i, image in enumerate(IMAGES):
        expected = np.cov(rows, columns, aweights=image.ravel(), ddof=0)
        assert found.rows[i] == pytest.approx(expected[0, 0])
        assert found.columns[i] == pytest.approx(expected[1, 1])
        assert found.both[i] == pytest.approx(expected[0, 1])


def test_nothing_spreads_where_there_is_no_ink():
    assert not np.any(moments(np.zeros((2, 4, 5), np.float32)))


def test_the_bounding_box_is_scipys():
    mask = np.zeros((9, 8), bool)
    assert bounding_box(mask) is None
    mask[2, 3] = mask[6, 1] = True
    assert (bounding_box(mask),) == tuple(ndimage.find_objects(mask.astype(int)))
