"""Where the digits are on a page: sheet, ink, components, digits, lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.moments import bounding_box
from handwrought.reading.borders import remove_borders
from handwrought.reading.components import (
    Component,
    filter_sizes,
    find_components,
    merge_strokes,
    typical_height,
)
from handwrought.reading.ink import INK, find_ink
from handwrought.reading.lines import group_lines, line_slope
from handwrought.reading.ruled_lines import remove_ruled_lines
from handwrought.reading.sheet import find_sheet
from handwrought.reading.touching import Likelihood, split_touching

__all__ = ["Glyph", "find_lines"]

Array = NDArray[Any]
Box = tuple[int, int, int, int]

_TURNED = np.tan(np.deg2rad(7))
"""Slope of the lines from which the digits may be turned with them."""

_CELL = 160
"""Pixels of a side up to which a picture may be a form's cell."""
_WIDEST = 1.7
"""Width of a digit, in its heights."""


@dataclass(frozen=True, eq=False)
class Glyph:
    """A digit's ink, upright in its line, and its box on the page (x, y, width, height)."""

    amount: Array
    box: Box


def find_lines(picture: Array, likelihood: Likelihood) -> list[list[Glyph]]:
    """The digits of a page, (height, width, channels), 0 black to 1 white: line by line from the top, each
    line from the left.

    The likelihood, how digit-like each of some maps of ink is, 0 to 1, decides where touching digits part,
    and whether the digits of a slanting line are turned with it."""
    sheet = find_sheet(picture)
    side = min(picture.shape[:2])
    reach = side / (3 if side < 120 else 9)
    amount = _ink(picture, sheet, reach)
    components = _digits(amount, likelihood)
    if components and typical_height(components) > 3 * reach:
        # Digits that fill the picture have strokes broader than what was taken for strokes.
        amount = _ink(picture, sheet, side / 3)
        components = _digits(amount, likelihood)
    level = [[Glyph(p.amount, p.box) for p in line] for line in group_lines(components)]
    slope = line_slope(components)
    if abs(slope) < _TURNED:
        return level
    turned = _turned_back(amount, float(np.rad2deg(np.arctan(slope))), likelihood)
    return max(level, turned, key=lambda lines: _likely(lines, likelihood))


def _ink(picture: Array, sheet: Array | None, reach: float) -> Array:
    """The ink of a page, 0 to 1, without what was printed."""
    pad = max(2, min(picture.shape[:2]) // 50)
    amount = find_ink(picture, max(9, reach), pad=pad, sheet=sheet)
    if not amount.any():
        return amount
    # A cell cut out of a form, or a page's own edge.
    cleared, sides = remove_borders(amount, 0.22 if max(amount.shape) <= _CELL else 0.03)
    if sides > 1:
        amount = cleared
    if sheet is None:
        return remove_ruled_lines(amount)
    part = bounding_box(sheet)
    assert part is not None
    amount[part] = remove_ruled_lines(amount[part])
    return amount


def _digits(amount: Array, likelihood: Likelihood) -> list[Component]:
    components = find_components(amount)
    if not components:
        return []
    components = merge_strokes(components, typical_height(components))
    usual = typical_height(components)
    components = filter_sizes(components, usual, amount.shape)
    # What is still far wider than high could not be parted into digits: a scribble, a word.
    digits = split_touching(components, usual, likelihood)
    return [p for p in digits if p.width < _WIDEST * max(p.height, 0.8 * usual)]


def _likely(lines: list[list[Glyph]], likelihood: Likelihood) -> float:
    found = likelihood([each.amount for line in lines for each in line])
    return float(np.log(found + 1e-3).mean()) if len(found) else -np.inf


def _turned_back(amount: Array, degrees: float, likelihood: Likelihood) -> list[list[Glyph]]:
    """The page turned so that its lines are level, read, and the boxes turned with it again."""
    from PIL import Image

    image = Image.fromarray(amount).rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    turned = np.clip(np.asarray(image), 0, 1)
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    lines = []
    for line in group_lines(_digits(turned, likelihood)):
        found = []
        for component in line:
            y, x = np.nonzero(component.amount > INK)
            across = x + component.x + 0.5 - turned.shape[1] / 2
            down = y + component.y + 0.5 - turned.shape[0] / 2
            left = cos * across - sin * down + amount.shape[1] / 2
            top = sin * across + cos * down + amount.shape[0] / 2
            box = _around(left, top, amount.shape)
            found.append(Glyph(component.amount, box))
        lines.append(found)
    return lines


def _around(x: Array, y: Array, shape: tuple[int, ...]) -> Box:
    left, top = max(0, int(x.min())), max(0, int(y.min()))
    right, low = min(shape[1], int(np.ceil(x.max()))), min(shape[0], int(np.ceil(y.max())))
    return left, top, max(1, right - left), max(1, low - top)
