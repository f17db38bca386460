"""The sheet of paper in a photograph that shows the desk around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.morphology import (
    closing,
    connected_components,
    dilation,
    fill_holes,
    minimum_filter,
)
from handwrought.imaging.sampling import resize
from handwrought.imaging.threshold import otsu

__all__ = ["find_sheet"]

Array = NDArray[Any]

_SMALL = 200
"""Pixels of the longer side at which a sheet is looked for."""
_LEAST_AREA = 0.12
"""Of the picture, that a sheet takes."""
_STEP = 0.08
"""Of white, by which paper is lighter than the desk beside it."""


def find_sheet(picture: Array) -> Array | None:
    """Where the sheet is, as a mask of the picture's size; None where paper fills the picture.

    A sheet is lighter than what lies around it, in its darkest channel, with a sharp edge (shade has
    a soft one), and has straight sides.
    """
    height, width = picture.shape[:2]
    factor = min(1.0, _SMALL / max(height, width))
    size = max(1, round(height * factor)), max(1, round(width * factor))
    if min(size) < 40:
        return None
    grey = picture[:, :, 0]
    for c in range(1, picture.shape[2]):
        grey = np.minimum(grey, picture[:, :, c])
    closed = closing(resize(grey, *size, "box"), max(5, max(size) // 14 | 1))
    light = closed > otsu(closed)
    components = connected_components(light)
    if not len(components):
        return None
    areas = components.sums(light)
    best = int(np.argmax(areas))
    sheet = fill_holes(components.labels == best + 1)
    share = sheet.mean()
    if not _LEAST_AREA <= share <= 0.97 or light[sheet].mean() < 0.85:
        return None
    if not _is_sharp(closed, sheet) or not _is_straight(sheet):
        return None
    inner = minimum_filter(sheet, 3, 3, "edge")
    if _is_shadow(picture, size, closed, inner, ~dilation(sheet)):
        return None
    return resize(inner * np.uint8(255), height, width, "bilinear") > 200


def _is_sharp(values: Array, sheet: Array) -> bool:
    """Whether the light falls at the sheet's edge, and not slowly across the picture."""
    near_inside = sheet & dilation(~sheet, 9, 9) & ~dilation(~sheet, 3, 3)
    near_outside = ~sheet & dilation(sheet, 9, 9) & ~dilation(sheet, 3, 3)
    if not near_inside.any() or not near_outside.any():
        return False
    step = float(np.median(values[near_inside]) - np.median(values[near_outside]))
    whole = float(np.median(values[sheet]) - np.median(values[~sheet]))
    return step > _STEP and step > 0.45 * whole


def _is_shadow(
    picture: Array, size: tuple[int, int], closed: Array, sheet: Array, beside: Array
) -> bool:
    """Whether what lies beside is the same paper in the shade: as smooth, and of the same colour."""
    if not sheet.any() or not beside.any():
        return False
    ratios = []
    for c in range(picture.shape[2]):
        small = resize(picture[:, :, c], *size, "box")
        ratios.append(float(np.median(small[beside]) / max(float(np.median(small[sheet])), 1e-3)))
    steps = np.abs(np.diff(closed, axis=1))
    inside = sheet[:, 1:] & sheet[:, :-1]
    outside = beside[:, 1:] & beside[:, :-1]
    rough = float(steps[outside].mean()) > 2 * float(steps[inside].mean()) + 0.004
    return min(ratios) > 0.4 and max(ratios) - min(ratios) < 0.1 and not rough


def _is_straight(sheet: Array) -> bool:
    """Whether it fills its convex hull, and most of the tightest rectangle around it."""
    from_edge = np.argwhere(sheet & ~minimum_filter(sheet, 3, 3, "constant"))
    angles = np.deg2rad(np.arange(0, 180, 3))
    directions = np.stack([np.sin(angles), np.cos(angles)])
    across = from_edge @ directions
    low, high = across.min(0), across.max(0)
    widths = high - low + 1
    quarter = len(angles) // 2
    rectangle = float((widths[:quarter] * widths[quarter:]).min())
    # The hull, as the cells between every pair of parallel lines that touch the sheet.
    y, x = np.mgrid[: sheet.shape[0], : sheet.shape[1]]
    hull = np.ones(sheet.shape, bool)
    for i, (dy, dx) in enumerate(directions.T):
        at = y * dy + x * dx
        hull &= (at >= low[i] - 0.5) & (at <= high[i] + 0.5)
    return bool(sheet.sum() > 0.9 * hull.sum() and sheet.sum() > 0.72 * rectangle)
