"""What is shown beside an image: the same, turned a little."""

import numpy as np
from scipy import ndimage

import handwrought as hw
from handwrought.data.test_time_augmentation import ROTATIONS, rotations


def test_the_first_look_is_the_image_and_the_others_are_turned():
    images = hw.load_dataset("mnist").validation.images[:20]
    first, *others = rotations(images)
    assert first is images
    assert sorted(ROTATIONS) == [-12, -6, 6, 12]
    for degrees, found in zip(ROTATIONS, others, strict=True):
        expected = ndimage.rotate(
            images / 255, -degrees, axes=(2, 1), reshape=False, order=1, mode="grid-constant"
        )
        assert found.dtype == np.uint8
        np.testing.assert_allclose(found, 255 * expected, atol=0.51)
