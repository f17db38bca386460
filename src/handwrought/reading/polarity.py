"""Whether the ink is darker than the paper, or lighter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.threshold import otsu, subsample

__all__ = ["Polarity", "polarity"]

Array = NDArray[Any]

_CLEAR = 0.35
"""How far the signs must lean to one side for there to be no doubt."""

_SMALL = 40
"""Pixels of a side; a picture so small is cut close around its digit, and shade has no room."""

_MOST = 0.25
"""Beyond a half, the share of a picture that only paper takes, whatever lies along the border."""


@dataclass(frozen=True)
class Polarity:
    """Attributes: ``dark``, whether the ink is darker than the paper, and ``sure``."""

    dark: bool
    sure: bool


def polarity(picture: Array) -> Polarity:
    """Of a picture (height, width, channels), 0 to 1."""
    grey = picture[:, :, 0]
    if picture.shape[2] == 3:
        grey = (grey + picture[:, :, 1] + picture[:, :, 2]) * np.float32(1 / 3)
    if min(grey.shape) < _SMALL or _has_two_levels(grey):
        return _by_the_border(grey > otsu(subsample(grey)))
    return Polarity(_by_the_tails(grey), True)


def _has_two_levels(grey: Array) -> bool:
    """Whether nearly all is ink or paper, with no shade: as in scans, drawings and data sets."""
    sample = subsample(grey)
    at = otsu(sample)
    low, high = sample[sample <= at], sample[sample > at]
    if not len(high) or not len(low):
        return False
    spread = min(float(low.std()), float(high.std()))
    return spread < 0.12 * float(np.median(high) - np.median(low))


def _by_the_border(light: Array) -> Polarity:
    """Paper covers more of the picture, more of its border and more of its corners than ink."""
    share = float(light.mean())
    if abs(share - 0.5) > _MOST:
        return Polarity(share > 0.5, True)
    side = max(1, round(0.04 * min(light.shape)))
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]]).mean()
    corners = np.mean(
        [part.mean() for rows in (slice(side), slice(-side, None))
         for part in (light[rows, :side], light[rows, -side:])]
    )  # fmt: skip
    sign = float(share + 0.5 * border + 0.5 * corners) - 1
    return Polarity(sign > 0, abs(sign) > _CLEAR)


def _by_the_tails(grey: Array) -> bool:
    """Strokes are the rarer side of the paper, whatever its shade: the sign of the heavier tail."""
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
