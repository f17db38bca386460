"""Pixels as bytes and as floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.floating_point import with_default_errstate

__all__ = ["to_float", "to_uint8"]

Array = NDArray[Any]


@with_default_errstate
def to_uint8(pixels: Array) -> NDArray[np.uint8]:
    """Floats from 0 to 1 as the nearest of 0 to 255; what lies outside is cut off."""
    return np.asarray((np.clip(pixels, 0, 1) * 255).round(), np.uint8)


def to_float(pixels: Array) -> NDArray[np.float32]:
    """uint8 as float32 from 0 to 1; floats stay as they are."""
    out = pixels.astype(np.float32)
    if pixels.dtype == np.uint8:
        out *= np.float32(1 / 255)
    return out
