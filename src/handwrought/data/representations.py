"""Views: what a network sees of a digit; upright, of one width, as the directions of its strokes.

Meier, Cireşan, Gambardella and Schmidhuber (2011), "Better digit recognition with a committee of
simple neural nets": members that see differently normalized digits correct each other more than
members that differ by chance alone.  A representation has two parts.  What moves the ink comes before any
change by an augmentation, once; what makes other numbers of it comes last, each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.data.strokes import stroke_maps
from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.imaging.moments import centres_of_mass
from handwrought.imaging.sampling import deskew, sample

__all__ = [
    "INK",
    "MOST",
    "REPRESENTATIONS",
    "Representation",
    "deskewed",
    "extract_features",
    "n_features",
    "represent",
    "represent_split",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Representation:
    """How images are seen.

    Attributes
    ----------
    deskew : bool
        Whether the lean is taken away.
    width : int
        Pixels to which upright ink is brought; 0 leaves its width alone.
    strokes : bool
        Whether :func:`~handwrought.data.strokes.stroke_maps` takes the pixels' place.
    """

    deskew: bool = False
    width: int = 0
    strokes: bool = False


_WIDTHS = (20, 16, 13, 10)
REPRESENTATIONS: Final[dict[str, Representation]] = {
    "as-is": Representation(),
    "upright": Representation(True),
    **{f"width-{width}": Representation(True, width) for width in _WIDTHS},
    "strokes": Representation(True, strokes=True),
    **{f"strokes-{width}": Representation(True, width, strokes=True) for width in _WIDTHS},
}
"""The representations by name."""
MOST: Final = 2.0
"""A 1 is not made wider than this many times."""
INK: Final = 64
"""Pixels brighter than this are ink whose width is measured."""
_ROWS = 2000


@with_default_errstate
def represent(images: Array, representation: str) -> Array:
    """The images in one of the REPRESENTATIONS.

    Parameters
    ----------
    images : array of uint8, shape (n, height, width)
        Ink bright on black.
    representation : str

    Returns
    -------
    array of uint8, shape (n, height, width), or (n, height, 2 * width) where strokes are seen

    Raises
    ------
    InvalidArgument
        If there is no such representation, or these are no images, or not of the representation's kind.
    """
    return extract_features(deskewed(images, representation), representation)


@with_default_errstate
def deskewed(images: Array, representation: str) -> Array:
    """The first part, which leaves the shape of uint8 images as it is; see :func:`represent`."""
    chosen = _representation(representation)
    if not chosen.deskew:
        return images
    if images.ndim != 3 or images.dtype != np.uint8 or not all(images.shape[1:]):
        raise InvalidArgument(
            f"representation {representation!r} is for uint8 images (n, height, width), not {images.dtype} "
            f"{images.shape}"
        )
    _check_sides(images.shape[1:], representation)
    out = np.empty_like(images)
    for start in range(0, len(images), _ROWS):
        rows = slice(start, start + _ROWS)
        x = deskew(images[rows].astype(np.float32))
        out[rows] = np.round(_widened(x, chosen.width) if chosen.width else x).clip(0, 255)
    return out


@with_default_errstate
def extract_features(images: Array, representation: str) -> Array:
    """The last part, of uint8 images or floats from 0 to 1; see :func:`represent`."""
    if not _representation(representation).strokes:
        return images
    if images.ndim != 3 or images.dtype not in (np.uint8, np.float32):
        raise InvalidArgument(
            f"representation {representation!r} is for uint8 or float32 images (n, height, width), "
            f"not {images.dtype} {images.shape}"
        )
    _check_sides(images.shape[1:], representation)
    return stroke_maps(images)


def n_features(shape: tuple[int, ...], representation: str) -> int:
    """How many numbers a network is given of an example of this shape, (height, width)."""
    n = int(np.prod(shape))
    return 2 * n if _representation(representation).strokes else n


def _representation(name: str) -> Representation:
    if name not in REPRESENTATIONS:
        raise InvalidArgument(
            f"representation {name!r} is unknown: use one of {', '.join(REPRESENTATIONS)}"
        )
    return REPRESENTATIONS[name]


def _check_sides(sides: tuple[int, ...], representation: str) -> None:
    if REPRESENTATIONS[representation].strokes and any(side % 2 for side in sides):
        raise InvalidArgument(
            f"representation {representation!r} halves an image's height and width, and they are "
            f"{sides}: give even ones"
        )


@with_default_errstate
def represent_split(split: Split, representation: str) -> Split:
    """A split whose images are in one of the REPRESENTATIONS; see :func:`represent`."""
    return (
        split
        if representation == "as-is"
        else replace(split, images=represent(split.images, representation))
    )


def _widened(x: Array, width: int) -> Array:
    """Stretched about the centre of mass until the ink is ``width`` pixels wide."""
    _, column = centres_of_mass(x)
    ink = np.asarray((x > INK).any(axis=1))
    own = ink.shape[1] - ink[:, ::-1].argmax(1) - ink.argmax(1)
    factor = np.clip(width / np.maximum(own, 1), 1 / MOST, MOST)
    _, height, full = x.shape
    to = np.arange(full, dtype=np.float32) - full / 2
    columns = (column[:, None] + to / factor[:, None]).astype(np.float32)
    return sample(x, np.arange(height, dtype=np.float32)[None, :, None], columns[:, None, :])
