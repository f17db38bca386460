"""Images as data: URIs: dark ink on white, as on paper (the page turns them round in the dark)."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.conversion import to_uint8

__all__ = ["data_uri", "heat_uri"]

Array = NDArray[Any]

_SIDE = 64
"""Larger images are reduced to this many pixels a side: a page holds hundreds of them."""


def data_uri(image: Array) -> str:
    """An image (height, width), uint8 or floats from 0 to 1, ink bright on black."""
    from PIL import Image

    values = image if image.dtype == np.uint8 else to_uint8(image)
    picture = Image.fromarray(255 - values)
    picture.thumbnail((_SIDE, _SIDE))
    return _png(picture)


def heat_uri(levels: Array, colours: Array) -> str:
    """Levels (height, width) from 0 to 1 as the opacity of colours (height, width, 3), uint8."""
    from PIL import Image

    pixels = np.empty((*levels.shape, 4), np.uint8)
    pixels[..., :3] = colours
    pixels[..., 3] = to_uint8(levels)
    return _png(Image.fromarray(pixels))


def _png(picture: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
