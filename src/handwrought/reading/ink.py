"""Where the ink is: pictures with shade, coloured paper and either polarity become a map of ink."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.blur import gaussian_filter, mean_filter
from handwrought.imaging.morphology import closing, opening
from handwrought.imaging.sampling import resize
from handwrought.imaging.threshold import otsu, subsample
from handwrought.reading.polarity import polarity

__all__ = ["INK", "find_ink"]

Array = NDArray[Any]

INK = 0.42
"""Amount of ink from which a pixel is taken for a stroke."""
_FAINTEST = 0.05
"""Contrast, of black on white, below which nothing is taken for ink."""
_CLOSE = 50
"""Pixels of a side; a picture so small may be cut so close that strokes fill it."""
_FLAT, _FLAT_IF_CLOSE = 0.06, 0.25
"""Spread of the paper's levels, to the ink's contrast, below which the paper has one level.  A picture
cut close shows too little paper to know better, so there noise is no reason against it."""


def find_ink(
    picture: Array, reach: float, *, pad: int, sheet: Array | None = None, dark: bool | None = None
) -> Array:
    """How much ink there is: float32 (height, width), 0 for paper, 1 for a full stroke.

    Parameters
    ----------
    picture : array, shape (height, width, channels)
        0 black to 1 white.
    reach : float
        Pixels below whose width what differs from its surroundings is a stroke, and no change of the light.
    pad : int
        Pixels by which the picture's border is repeated, for strokes there to have paper beside them.
    sheet : array of bool, shape (height, width), optional
        Where the paper is, lighter than its ink; elsewhere is no ink.
    dark : bool, optional
        Whether the ink is darker than the paper; by default that is found out."""
    height, width = picture.shape[:2]
    picture = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    if sheet is not None:
        dark, sheet = True, np.pad(sheet, pad)
        picture = np.where(sheet[:, :, None], picture, np.median(picture[sheet], axis=0))
    elif dark is None:
        dark = polarity(picture).dark
    size = max(3, int(reach) | 1)
    # Each channel against its own paper: the channel that shows the ink best decides.
    difference = np.zeros(picture.shape[:2], np.float32)
    for c in range(picture.shape[2]):
        channel = np.ascontiguousarray(picture[:, :, c] if dark else 1 - picture[:, :, c])
        flat = _flat_paper(channel, size, sheet)
        paper = _paper(channel, size) if flat is None else np.float32(flat)
        # Ink takes away a share of the light, in the shade as in the sun.
        share = np.subtract(paper, channel, out=channel)
        share /= np.maximum(paper, 0.25)
        np.maximum(difference, share, out=difference)
    difference = gaussian_filter(difference, _soft(difference.shape))
    amount = _scaled(difference, sheet)[pad : pad + height, pad : pad + width]
    return np.ascontiguousarray(amount)


def _spread(values: Array) -> tuple[float, float]:
    """Median, and the standard deviation as the median deviation from it tells."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def _flat_paper(channel: Array, size: int, sheet: Array | None) -> float | None:
    """The paper's one level in scans and drawings; None where light and shade lie on it.

    Where it can be had it is surer than an estimate from the surroundings, which takes strokes that
    are broad, or meet the border, for paper.
    """
    sample = subsample(channel if sheet is None else channel[sheet])
    at = otsu(sample)
    light, ink = sample[sample > at], sample[sample <= at]
    if len(light) < 0.1 * len(sample) or not len(ink):
        return None
    level, spread = _spread(light)
    apart = level - float(np.median(ink))
    close = min(channel.shape) < _CLOSE
    if (spread if close else float(light.std())) >= (_FLAT_IF_CLOSE if close else _FLAT) * apart:
        return None
    # What is broader than any stroke is no ink but a shadow with a sharp edge.
    step = max(1, size // 8)
    dark = channel[::step, ::step] <= at
    broad = opening(dark, size // step | 1, size // step | 1)
    return level if close or 4 * broad.sum() <= dark.sum() else None


def _soft(shape: tuple[int, ...]) -> float:
    """Camera noise is smoothed away where there are pixels enough."""
    return 0.0 if min(shape) < 100 else min(1.0, 0.5 + min(shape) / 1500)


def _paper(channel: Array, size: int) -> Array:
    """The paper under the strokes: a grey closing fills what is narrower than ``size``."""
    step = max(1, size // 12)
    height, width = channel.shape
    small = channel
    if step > 1:
        small = resize(channel, max(1, round(height / step)), max(1, round(width / step)), "box")
    window = max(3, round(size / step) | 1)
    closed = mean_filter(closing(small, window), max(3, window // 2 | 1))
    return resize(closed, height, width, "bilinear") if step > 1 else closed


def _scaled(difference: Array, sheet: Array | None) -> Array:
    """0 at the paper's own noise, 1 at the strokes' usual depth."""
    height, width = difference.shape
    if sheet is not None:
        difference = difference * sheet
    values = difference.ravel() if sheet is None else difference[sheet]
    middle, noise = _noise_level(subsample(values))
    floor = middle + 3 * noise
    strong = values[values > max(floor + 0.5 * _FAINTEST, 0.4 * float(values.max()))]
    needed = max(2, round(0.0004 * min(height, width)))
    if len(strong) < needed:
        return np.zeros_like(difference)
    # A pixel that is larger than a stroke is wide seldom holds nothing but ink.
    level = float(np.percentile(strong, 60 if min(height, width) > 40 else 90))
    if level - middle < _FAINTEST or level < middle + 5 * noise:
        return np.zeros_like(difference)
    low = min(floor, middle + 0.4 * (level - middle))
    return np.clip((difference - low) / (level - low), 0, 1).astype(np.float32)


def _noise_level(values: Array) -> tuple[float, float]:
    """Level and spread of the paper, among values of paper and ink."""
    middle, noise = _spread(values)
    if noise:
        # Where ink covers much, its pixels are no noise of the paper: two classes far apart.
        at = otsu(values)
        paper, ink = values[values <= at], values[values > at]
        level, spread = _spread(paper)
        if len(ink) > 0.05 * len(values) and float(np.median(ink)) - level > 6 * spread:
            return level, spread
    return middle, noise
