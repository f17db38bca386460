"""What tests of several commands share."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """600 pictures of 4 x 4 pixels, in three classes."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 600)
    pixels = rng.integers(0, 160, (600, 16))
    pixels[np.arange(600), labels * 5] += 95
    path = tmp_path_factory.mktemp("data") / "table.csv"
    np.savetxt(path, np.column_stack([labels, pixels]), fmt="%d", delimiter=",")
    return path
