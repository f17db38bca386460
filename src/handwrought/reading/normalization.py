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
from scipy import ndimage

from handwrought.reading.ink import find_ink

__all__ = ["Normalized", "normalize", "normalize_ink"]

Array = NDArray[Any]

_BOX, _SIDE = 20, 28
_FINE = 6
"""Cells of the fine grid to a pixel of the result, for strokes that are redrawn."""
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
    contrast : float
    """

    pixels: Array
    box: tuple[int, int, int, int] | None
    stroke: float
    contrast: float


def normalize(picture: Array) -> Normalized:
    """One digit's picture, shape (height, width, channels), 0 to 1, prepared for the network."""
    height, width = picture.shape[:2]
    # A little paper around, so that strokes at the border have paper beside them.
    pad = max(2, min(height, width) // 8)
    wide = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    ink = find_ink(wide, reach=max(7, 0.33 * min(height, width)))
    amount = ink.amount[pad:-pad, pad:-pad]
    chosen = _digit(amount)
    if chosen is None:
        return Normalized(np.zeros((_SIDE, _SIDE), np.uint8), None, 0.0, 0.0)
    return normalize_ink(amount * chosen, ink.contrast)


def normalize_ink(amount: Array, contrast: float = 1.0) -> Normalized:
    """A map of ink (0 to 1) that holds one digit and nothing else, prepared for the network."""
    mask = amount > 0.3
    if not mask.any():
        return Normalized(np.zeros((_SIDE, _SIDE), np.uint8), None, 0.0, 0.0)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    y, x = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) - y + 1, int(columns[-1]) - x + 1
    part = amount[y : y + height, x : x + width]
    stroke = _stroke_width(part) * _BOX / max(height, width)
    if _THIN <= stroke <= _WIDE or max(height, width) <= _TINY:
        scaled = _resized(part, _BOX / max(height, width))
    else:
        scaled = _redrawn(part, stroke)
    pixels = _centred(scaled)
    return Normalized(pixels, (x, y, width, height), stroke, contrast)


def _digit(amount: Array) -> Array | None:
    """Where the digit is: its largest piece of ink and those that belong to it."""
    # Hairlines break where their ink falls between two pixels: weak ink holds strong ink together.
    mask = amount > (0.22 if min(amount.shape) < 100 else 0.35)
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    if not n or not (amount > 0.42).any():
        return None
    height, width = mask.shape
    boxes = ndimage.find_objects(labels)
    areas = np.bincount(labels.ravel(), weights=amount.ravel())[1:]
    merit = areas.copy()
    for i, (rows, columns) in enumerate(boxes):
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        across = (wide > 0.9 * width and tall < 0.12 * height) or (
            tall > 0.97 * height and wide < 0.04 * width and n > 1
        )
        edge = rows.start == 0 or columns.start == 0 or rows.stop == height or columns.stop == width
        middle = (rows.start + rows.stop) / 2 / height, (columns.start + columns.stop) / 2 / width
        aside = max(abs(middle[0] - 0.5), abs(middle[1] - 0.5))
        if across:
            merit[i] *= 0.05  # a ruled line
        elif edge and aside > 0.3:
            merit[i] *= 0.3  # a neighbour's end, a shadow at the border
    best = int(np.argmax(merit))
    keep = np.zeros(n + 1, bool)
    keep[best + 1] = True
    size = max(side.stop - side.start for side in boxes[best])
    waiting = [best]
    while waiting:  # what lies near to a piece that belongs, belongs
        rows, columns = boxes[waiting.pop()]
        for i, (r, c) in enumerate(boxes):
            gap = max(
                r.start - rows.stop,
                rows.start - r.stop,
                c.start - columns.stop,
                columns.start - c.stop,
            )
            if not keep[i + 1] and merit[i] >= 0.03 * merit[best] and gap < 0.25 * size:
                keep[i + 1] = True
                waiting.append(i)
    own = keep[labels]
    around: Array = ndimage.binary_dilation(own, np.ones((3, 3)), iterations=2)
    found: Array = around & ((labels == 0) | own)
    return found


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
    from PIL import Image

    height, width = (max(1, min(_BOX, round(side * factor))) for side in part.shape)
    method = Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.HAMMING
    image = Image.fromarray(part.astype(np.float32))
    resized: Array = np.clip(np.asarray(image.resize((width, height), method)), 0, 1)
    return resized


def _redrawn(part: Array, stroke: float) -> Array:
    """The same lines, thicker or thinner: drawn from the distance to their outline."""
    from PIL import Image

    target = _THIN + 0.3 if stroke < _THIN else _WIDE - 0.2
    grow = (target - stroke) / 2  # pixels of the result, on each side
    room = _BOX - 2 * grow
    factor = room / max(part.shape) * _FINE
    height, width = (max(1, round(side * factor)) for side in part.shape)
    image = Image.fromarray(np.pad(part, 1).astype(np.float32))
    margin = int(np.ceil(max(grow, 0) + 2)) * _FINE
    edge = factor  # the pixel of padding, scaled
    smooth = image.resize(
        (round(width + 2 * edge), round(height + 2 * edge)), Image.Resampling.BICUBIC
    )
    fine = np.pad(np.asarray(smooth), margin)
    if factor > 1.5:
        fine = ndimage.gaussian_filter(fine, min(factor / 2.5, 4.0))
    level = min(0.4, 0.5 * float(fine.max()))
    inside = fine > level
    distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    distance += np.where(inside, -0.5, 0.5)
    drawn = np.clip((distance + grow * _FINE) / _FINE + 0.5, 0, 1)
    rows, columns = np.flatnonzero(drawn.max(1) > 0.3), np.flatnonzero(drawn.max(0) > 0.3)
    if not len(rows) or not len(columns):
        return _resized(part, _BOX / max(part.shape))
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _resized(drawn, _BOX / max(drawn.shape))


def _centred(scaled: Array) -> Array:
    """The centre of mass in pixel (14, 14), where MNIST has it; nothing is cut off."""
    height, width = scaled.shape
    total = float(scaled.sum())
    out = np.zeros((_SIDE, _SIDE), np.uint8)
    if total <= 0:
        return out
    y = float((scaled.sum(1) * np.arange(height)).sum()) / total
    x = float((scaled.sum(0) * np.arange(width)).sum()) / total
    top = min(max(round(_SIDE / 2 - y), 0), _SIDE - height)
    left = min(max(round(_SIDE / 2 - x), 0), _SIDE - width)
    peak = max(float(scaled.max()), 0.5)
    pixels = np.round(np.clip(scaled / peak, 0, 1) * 255).astype(np.uint8)
    out[top : top + height, left : left + width] = pixels
    return out
