"""The digits that scikit-learn carries, of 8 x 8 pixels, read by the shipped model."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from handwrought.reading.recognizer import Recognizer

from .test_reading import right


@pytest.mark.slow
def test_eight_by_eight_digits():
    data = load_digits()
    reader = Recognizer.load()
    found = [image.astype(np.float32) / 16 for image in data.images]
    assert right(reader, found, data.target) >= 0.95
