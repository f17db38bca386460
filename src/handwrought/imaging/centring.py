"""Images moved by whole pixels so that their centre of mass is in the middle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.moments import centre_of_mass

__all__ = ["centre", "paste_centred"]

Array = NDArray[Any]


def centre(image: Array) -> Array:
    """An image (height, width) whose centre of mass is at (height / 2, width / 2), to half a pixel;
    what leaves it on one side comes in on the other."""
    moves = [
        round(side / 2 - at) for side, at in zip(image.shape, centre_of_mass(image), strict=True)
    ]
    return np.roll(image, moves, axis=(0, 1))


def paste_centred(patch: Array, side: int) -> Array:
    """A patch (height, width) on a black square, its centre of mass at (side / 2, side / 2) as far as
    nothing is cut off."""
    out = np.zeros((side, side), patch.dtype)
    if patch.sum() > 0:
        top, left = (
            min(max(round(side / 2 - at), 0), side - length)
            for at, length in zip(centre_of_mass(patch), patch.shape, strict=True)
        )
        out[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return out
