"""From ink to 28 x 28, as MNIST's images were made.

LeCun et al. (1998), section III: the digit's box is scaled to 20 x 20 with its aspect kept and
antialiased, and its centre of mass is placed in the centre of 28 x 28.  Strokes that are thinner or
thicker than MNIST's ever are, are brought into its range first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.blur import gaussian_filter
from handwrought.imaging.centring import paste_centred
from handwrought.imaging.conversion import to_uint8
from handwrought.imaging.moments import bounding_box
from handwrought.imaging.morphology import maximum_filter, signed_distance
from handwrought.imaging.sampling import resize

__all__ = ["Normalized", "blank", "normalize_ink"]

Array = NDArray[Any]

_BOX, _SIDE = 20, 28
_FINE = 4
"""Cells of the fine grid to a pixel of the result, for strokes that are redrawn."""
_FAINT = 0.22
"""Amount of ink from which a stroke is redrawn: a pen's light strokes close its loops."""
_TINY = 12
"""Pixels of a digit so small that its greys say more than any outline drawn from them."""
_THIN, _WIDE = 2.1, 3.4
"""MNIST's usual stroke widths in pixels: what lies outside is brought to the nearer of them."""


@dataclass(frozen=True, eq=False)
class Normalized:
    """A digit as the network sees it.

    Attributes
    ----------
    pixels : array of uint8, shape (28, 28)
        Ink bright on black; all black where no ink was found.
    box : (int, int, int, int) or None
        x, y, width and height of the ink in the picture.
    stroke : float
        Stroke width found, in pixels of the result.
    """

    pixels: Array
    box: tuple[int, int, int, int] | None
    stroke: float


def blank() -> Normalized:
    """No ink."""
    return Normalized(np.zeros((_SIDE, _SIDE), np.uint8), None, 0.0)


def normalize_ink(amount: Array) -> Normalized:
    """A map of ink (0 to 1) that holds one digit and nothing else, prepared for the network."""
    box = bounding_box(amount > 0.3)
    if box is None:
        return blank()
    part = amount[box]
    height, width = part.shape
    stroke = _stroke_width(part) * _BOX / max(height, width)
    if _THIN <= stroke <= _WIDE or max(height, width) <= _TINY:
        scaled = _resized(part, _BOX / max(height, width))
    else:
        scaled = _redrawn(part, stroke)
    # MNIST has the centre of mass in pixel (14, 14).
    pixels = to_uint8(paste_centred(scaled, _SIDE) / max(float(scaled.max()), 0.5))
    return Normalized(pixels, (box[1].start, box[0].start, width, height), stroke)


def _stroke_width(part: Array) -> float:
    """Typical width of the strokes in pixels, from ink alone: area over half the outline.

    A ribbon of length l and width w has the area l w and an outline of 2 l; soft edges count in part.
    """
    padded = np.pad(part, 1)
    dy, dx = np.gradient(padded)
    outline = float(np.hypot(dx, dy).sum())
    area = float(part.sum())
    return 2 * area / outline if outline else 1.0


def _resized(part: Array, factor: float) -> Array:
    """Scaled with antialiasing: averages where it shrinks, a cubic where it grows."""
    height, width = (max(1, min(_BOX, round(side * factor))) for side in part.shape)
    method = "bicubic" if factor > 1 else "hamming"
    return np.clip(resize(part.astype(np.float32), height, width, method), 0, 1)


def _redrawn(part: Array, stroke: float) -> Array:
    """The same lines, thicker or thinner: drawn from the distance to their outline."""
    target = _THIN + 0.3 if stroke < _THIN else _WIDE - 0.2
    grow = (target - stroke) / 2  # pixels of the result, on each side
    room = _BOX - 2 * grow
    factor = room / max(part.shape) * _FINE
    if grow > 0 and factor < 0.7:
        # A hairline would vanish where many of its pixels become one: it is thickened first.
        broad = max(3, round(1 / factor) | 1)
        part = maximum_filter(np.pad(part, broad // 2), broad, broad, "constant")
        grow -= 0.5 * (broad - 1) * factor / _FINE
        factor = (_BOX - 2 * grow) / max(part.shape) * _FINE
    height, width = (max(1, round(side * factor)) for side in part.shape)
    margin = int(np.ceil(max(grow, 0) + 2)) * _FINE
    edge = factor  # the pixel of padding, scaled
    padded = np.pad(part, 1).astype(np.float32)
    fine = resize(padded, round(height + 2 * edge), round(width + 2 * edge), "bicubic")
    fine = np.pad(fine, margin)
    if factor > 1.5:
        fine = gaussian_filter(fine, min(factor / 2.5, 4.0))
    level = min(_FAINT, 0.5 * float(fine.max()))
    inside = fine > level
    distance = signed_distance(inside, reach=int(np.ceil((abs(grow) + 1) * _FINE)) + 1)
    drawn = np.clip((distance + grow * _FINE) / _FINE + 0.5, 0, 1)
    box = bounding_box(drawn > 0.3)
    whole = part if box is None else drawn[box]
    return _resized(whole, _BOX / max(whole.shape))
