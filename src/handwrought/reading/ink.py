"""Where the ink is: pictures with shade, coloured paper and either polarity become a map of ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Ink", "find_ink"]

Array = NDArray[Any]

_FAINTEST = 0.05
"""Contrast, of black on white, below which nothing is taken for ink."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What was written, apart from what it was written on.

    Attributes
    ----------
    amount : array of float32, shape (height, width)
        0 for paper, 1 for full ink.
    contrast : float
        Of the ink against the paper, 1 for black on white; 0 where there is no ink.
    dark : bool
        Whether the ink is darker than the paper.
    """

    amount: Array
    contrast: float
    dark: bool

    @property
    def mask(self) -> Array:
        """Where there is more ink than paper."""
        return np.asarray(self.amount > 0.42)


def find_ink(picture: Array, reach: float) -> Ink:
    """Separate ink from paper.

    Parameters
    ----------
    picture : array, shape (height, width, channels)
        0 black to 1 white.
    reach : float
        Width in pixels below which something different from its surroundings is a stroke and not
        a change of the paper or the light.
    """
    grey = picture.mean(axis=2)
    dark = _is_dark_on_light(grey)
    channels = picture if dark else 1 - picture
    size = max(3, int(reach) | 1)
    # Each channel against its own paper: the channel that shows the ink best decides.
    difference = np.zeros(grey.shape, np.float32)
    for c in range(channels.shape[2]):
        channel = ndimage.gaussian_filter(channels[:, :, c], _soft(grey.shape))
        paper = _paper(channel, size)
        # Ink takes away a share of the light, in the shade as in the sun.
        share = (paper - channel) / np.maximum(paper, 0.25)
        np.maximum(difference, share, out=difference)
    return _scaled(difference, dark)


def _soft(shape: tuple[int, ...]) -> float:
    """Camera noise is smoothed away where there are pixels enough."""
    return 0.0 if min(shape) < 100 else min(1.2, 0.5 + min(shape) / 1500)


def _is_dark_on_light(grey: Array) -> bool:
    """Strokes are the rarer side of the paper: the sign of the heavier tail."""
    small = grey
    step = max(1, min(grey.shape) // 100)
    if step > 1:
        height, width = (side // step * step for side in grey.shape)
        blocks = grey[:height, :width].reshape(height // step, step, width // step, step)
        # Strokes thinner than a block must not vanish, to whichever side they stand out.
        low, high, mean = blocks.min((1, 3)), blocks.max((1, 3)), blocks.mean((1, 3))
        small = np.where(mean - low > high - mean, low, high)
    # A plane through the paper takes away most of the light's slope.
    y, x = np.mgrid[: small.shape[0], : small.shape[1]]
    terms = np.stack(
        [np.ones(small.size), y.ravel(), x.ravel(), (y * y).ravel(), (x * x).ravel()], 1
    )
    terms /= np.maximum(np.abs(terms).max(0), 1)
    values, keep = small.ravel().astype(np.float64), np.ones(small.size, bool)
    for _ in range(4):
        if keep.sum() < 12:
            break
        fit, *_ = np.linalg.lstsq(terms[keep], values[keep], rcond=None)
        rest = values - terms @ fit
        middle = np.median(rest)
        keep = np.abs(rest - middle) <= 2 * np.median(np.abs(rest - middle)) + 0.02
    rest = rest - np.median(rest[keep]) if keep.any() else rest
    return float((np.clip(rest, -1, 1) ** 3).sum()) < 0


def _paper(channel: Array, size: int) -> Array:
    """The paper under the strokes: a grey closing fills what is narrower than ``size``."""
    step = max(1, size // 12)
    small = channel
    if step > 1:
        small = ndimage.zoom(channel, 1 / step, order=1, grid_mode=True, mode="nearest")
        small = np.maximum(small, 0)
    width = max(3, round(size / step) | 1)
    closed = ndimage.grey_closing(small, size=(width, width), mode="nearest")
    closed = ndimage.uniform_filter(closed, max(3, width // 2 | 1), mode="nearest")
    if step > 1:
        factors = [a / b for a, b in zip(channel.shape, closed.shape, strict=True)]
        closed = ndimage.zoom(closed, factors, order=1, grid_mode=True, mode="nearest")
    return np.asarray(closed, np.float32)


def _scaled(difference: Array, dark: bool) -> Ink:
    """0 at the paper's own unrest, 1 at the strokes' usual depth."""
    height, width = difference.shape
    values = difference.ravel()
    middle = float(np.median(values))
    unrest = 1.4826 * float(np.median(np.abs(values - middle)))
    floor = middle + 3 * unrest
    strong = values[values > max(floor + 0.5 * _FAINTEST, 0.4 * float(values.max()))]
    needed = max(2, round(0.0004 * min(height, width)))
    if len(strong) < needed:
        return Ink(np.zeros_like(difference), 0.0, dark)
    level = float(np.percentile(strong, 60))
    if level - middle < _FAINTEST or level < middle + 5 * unrest:
        return Ink(np.zeros_like(difference), 0.0, dark)
    low = min(floor, middle + 0.4 * (level - middle))
    amount = np.clip((difference - low) / (level - low), 0, 1).astype(np.float32)
    return Ink(amount, level - middle, dark)
