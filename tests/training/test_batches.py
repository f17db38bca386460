"""Mini-batches of changed images: how many strangers are among them, and what they ask for."""

import numpy as np
import pytest

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Split
from handwrought.training.batches import AugmentedBatches


@pytest.mark.parametrize(
    ("m", "share", "n"),
    [(19, 0.1, 2), (14, 0.1, 1), (8, 0.3, 2), (10, 0.25, 2), (7, 0.5, 4), (4, 0, 0)],
)
def test_a_share_of_a_batch_is_strangers_to_the_nearest_one(m, share, n):
    images = np.random.default_rng(0).integers(0, 256, (m, 28, 28), np.uint8)
    split = Split(images, np.arange(m) % 10)
    batches = AugmentedBatches(split, Augmentation(), share, np.dtype("float32"), seed=0)
    ((x, y),) = batches.read(1, [np.arange(m)], 0)
    strange = (y == np.float32(0.1)).all(axis=1)
    assert strange.sum() == n
    np.testing.assert_array_equal(y[~strange], split.targets()[n:])
    np.testing.assert_array_equal(x[~strange], split.inputs()[n:])
    assert not (x[strange] == split.inputs()[:n]).all(axis=1).any()
