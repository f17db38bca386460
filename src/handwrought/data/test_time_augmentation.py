"""An image and the same rotated a little: what a network says of all of them together is surer to be
right than what it says of one (test-time augmentation)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.conversion import to_float, to_uint8
from handwrought.imaging.sampling import rotate

__all__ = ["ROTATIONS", "rotations"]

ROTATIONS = (-12.0, -6.0, 6.0, 12.0)
"""Degrees; no more than trainings that deform their images turn them."""


def rotations(images: NDArray[np.uint8]) -> Iterator[NDArray[Any]]:
    """Images, uint8 (n, height, width), as they are and turned by each of :data:`ROTATIONS`."""
    yield images
    floats = to_float(images)
    for degrees in ROTATIONS:
        yield to_uint8(rotate(floats, degrees))
