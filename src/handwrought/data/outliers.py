"""Pictures that are no digit, made by chance and of pieces of digits.

A network that has only ever seen digits takes everything for one.  Shown such outliers with the
same target for every class, it learns to be unsure of them (Hendrycks, Mazeika and Dietterich 2019,
"Deep anomaly detection with outlier exposure"); the pieces and pairs also teach it where one digit
ends and the next begins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.letters import letters
from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.imaging.blur import gaussian
from handwrought.imaging.conversion import to_float
from handwrought.imaging.moments import moments
from handwrought.imaging.pen import polylines

__all__ = ["KINDS", "make_outliers"]

Array = NDArray[Any]

_LETTERS = 1 / 3
"""The share of letters, as there are so many of them."""
_LEAST = 8
_SLIM = 0.22
"""Spread of a bar's ink across it, at most, to that along it; the half of a 0 has more."""


@with_default_errstate
def make_outliers(images: Array, n: int, rng: np.random.Generator) -> Array:
    """Some pictures of no digit, float32 (n, side, side), 0 to 1: a third of them letters, and of the
    other kinds as many each; made of digits, uint8 (m, side, side).

    What came out as nothing but an upright bar would be a 1: it is laid on its side."""
    side = images.shape[-1]
    if images.shape[1:] != (side, side) or side < _LEAST:
        raise InvalidArgument(
            f"images has shape {images.shape}: outliers are made of square images of at least "
            f"{_LEAST} pixels a side"
        )
    out = np.empty((n, side, side), np.float32)
    others = (1 - _LETTERS) / (len(KINDS) - 1)
    kinds = rng.choice(len(KINDS), n, p=[*[others] * (len(KINDS) - 1), _LETTERS])
    for k, make in enumerate(KINDS.values()):
        at = np.flatnonzero(kinds == k)
        if len(at):
            out[at] = make(images, len(at), rng)
    bars = _upright_bars(out)
    out[bars] = out[bars].transpose(0, 2, 1)
    return np.clip(out, 0, 1, out=out)


def _upright_bars(images: Array) -> Array:
    """Which images hold one straight stroke that stands: by the axes of their ink's spread."""
    high, wide, both = moments(images.astype(np.float64))
    middle, reach = (high + wide) / 2, np.hypot((high - wide) / 2, both)
    return np.asarray((middle - reach < _SLIM**2 * (middle + reach)) & (high > wide))


def _some(images: Array, n: int, rng: np.random.Generator) -> Array:
    return to_float(images[rng.integers(0, len(images), n)])


def noise(images: Array, n: int, rng: np.random.Generator) -> Array:
    """Independent pixels, from sparse to full, from faint to strong."""
    side = images.shape[1]
    x = rng.random((n, side, side), np.float32)
    share = rng.random((n, 1, 1), np.float32)
    x = np.where(rng.random((n, side, side), np.float32) < share, x, 0)
    return np.asarray(x * (0.3 + 0.7 * rng.random((n, 1, 1), np.float32)))


def texture(images: Array, n: int, rng: np.random.Generator) -> Array:
    """Smooth patches of chance, soft or cut hard at a level: stains, cloth, shadows."""
    side = images.shape[1]
    x = rng.standard_normal((n, side, side)).astype(np.float32)
    at = np.arange(side)
    for i in range(n):
        smooth = gaussian(at[:, None] - at, rng.uniform(0.7, 5)).astype(np.float32)
        x[i] = smooth @ x[i] @ smooth.T
        x[i] /= np.abs(x[i]).max()
    level = rng.uniform(-0.5, 0.3, (n, 1, 1)).astype(np.float32)
    hard = rng.random((n, 1, 1)) < 0.5
    return np.asarray(np.where(hard, x > level, np.maximum(x - level, 0)), np.float32)


def block(images: Array, n: int, rng: np.random.Generator) -> Array:
    """Filled shapes with an uneven outline: two or three overlapping boxes, shaded."""
    side = images.shape[1]
    unit = side / 28
    y, x = np.mgrid[:side, :side].astype(np.float32)
    out = np.zeros((n, side, side), np.float32)
    for i in range(n):
        for _ in range(rng.integers(1, 4)):
            cy, cx = rng.uniform(7 * unit, side - 7 * unit, 2)
            height, width = rng.uniform(2 * unit, 11 * unit, 2)
            lean = rng.uniform(-0.4, 0.4)
            inside = (np.abs(y - cy) < height) & (np.abs(x - cx - lean * (y - cy)) < width)
            out[i][inside] = rng.uniform(0.3, 1)
    shade = 1 + rng.uniform(-0.4, 0.4, (n, 1, 1)) * (y / side - 0.5)
    return np.asarray(out * shade, np.float32)


def scribble(images: Array, n: int, rng: np.random.Generator) -> Array:
    """A pen that wanders: lines of three to nine points, of MNIST's width."""
    side = images.shape[1]
    unit = side / 28
    out = np.empty((n, side, side), np.float32)
    for i in range(n):
        points = rng.uniform(4 * unit, side - 5 * unit, (rng.integers(3, 10), 2))
        width = rng.uniform(0.8 * unit, 2.2 * unit)
        out[i] = polylines([points], width, side)
    return out


def half(images: Array, n: int, rng: np.random.Generator) -> Array:
    """A part of a digit: above, below or beside a cut that leaves about half of its ink."""
    x = _some(images, n, rng)
    least = rng.uniform(0.4, 0.6, n)
    above, beside = _first_part(x.sum(axis=2), least, rng), _first_part(x.sum(axis=1), least, rng)
    across = (rng.random(n) < 0.5)[:, None, None]
    return np.asarray(x * np.where(across, above[:, :, None], beside[:, None, :]))


def _first_part(profile: Array, share: Array, rng: np.random.Generator) -> Array:
    """True where less than a share of the ink has passed, from one end or from the other."""
    back = (rng.random(len(profile)) < 0.5)[:, None]
    ordered = np.where(back, profile[:, ::-1], profile)
    passed = np.cumsum(ordered, axis=1)
    first = passed <= share[:, None] * passed[:, -1:]
    return np.asarray(np.where(back, first[:, ::-1], first))


def pair(images: Array, n: int, rng: np.random.Generator) -> Array:
    """Two digits side by side in one picture, each squeezed to half of its width."""
    side = images.shape[1]
    even = 2 * (side // 2)
    narrow = _some(images, 2 * n, rng)[:, :, :even].reshape(2 * n, side, side // 2, 2).mean(3)
    out = np.zeros((n, side, side), np.float32)
    near = rng.integers(0, 1 + side // 7, n)
    for i in range(n):
        left, right = near[i], side // 2 - near[i]
        out[i][:, left : left + side // 2] = narrow[2 * i]
        part = out[i][:, right : right + side // 2]
        np.maximum(part, narrow[2 * i + 1], out=part)
    # Squeezed to half, strokes are faint; the height shrinks too, as it does when a pair is read.
    squeezed = out[:, :even].reshape(n, side // 2, 2, side).mean(2)
    tall = rng.random(n) < 0.3
    small = np.zeros_like(out)
    top = side // 4
    small[:, top : top + squeezed.shape[1]] = np.minimum(1.6 * squeezed, 1)
    return np.where(tall[:, None, None], np.minimum(1.3 * out, 1), small)


KINDS = {
    "noise": noise,
    "texture": texture,
    "block": block,
    "scribble": scribble,
    "half": half,
    "pair": pair,
    "letters": letters,
}
