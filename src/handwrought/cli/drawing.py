"""Digits and tables drawn with characters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table
from rich.text import Text

__all__ = ["confusion_table", "draw_digit", "draw_gallery"]

_SHADES = " .:-=+*#%@"


def draw_digit(image: NDArray[Any], *, colour: bool = False) -> list[str]:
    """Lines of text that show an image, two rows of pixels in each line.

    Parameters
    ----------
    image : array of uint8, shape (height, width)
        Ink bright on black.
    colour : bool
        Half blocks in 24 greys; otherwise, or where the output cannot take them, shades of ASCII.
    """
    if image.shape[0] % 2:
        image = np.vstack([image, np.zeros_like(image[:1])])
    upper, lower = image[0::2].astype(int), image[1::2].astype(int)
    if colour and "utf" in (sys.stdout.encoding or "").lower():
        top, bottom = 232 + upper * 23 // 255, 232 + lower * 23 // 255
        return [
            "".join(f"\x1b[38;5;{t};48;5;{b}m▀" for t, b in zip(*rows, strict=True)) + "\x1b[0m"
            for rows in zip(top, bottom, strict=True)
        ]
    level = (upper + lower) // 2 * (len(_SHADES) - 1) // 255
    return ["".join(_SHADES[v] for v in row) for row in level]


def draw_gallery(
    images: Sequence[NDArray[Any]] | NDArray[Any],
    captions: Sequence[str],
    *,
    columns: int = 6,
    colour: bool = False,
) -> str:
    """Images beside each other, a caption under each, cropped so that three fit 80 characters."""
    crop = slice(2, 26)
    width = crop.stop - crop.start + 2
    columns = min(columns, max(1, 80 // width))
    blocks = []
    for start in range(0, len(captions), columns):
        drawn = [
            draw_digit(image[2:26, crop], colour=colour)
            for image in images[start : start + columns]
        ]
        blocks += ["  ".join(parts) for parts in zip(*drawn, strict=True)]
        blocks += ["".join(f"{text:<{width}}" for text in captions[start : start + columns]), ""]
    return "\n".join(line.rstrip() for line in blocks)


def confusion_table(confusion: NDArray[np.int64]) -> Table:
    """Rows: what is true; columns: what the network says; the diagonal is right."""
    n = len(confusion)
    table = Table(box=box.SIMPLE_HEAD, title="What is true (rows), what it says (columns)")
    table.add_column("", justify="right")
    for k in range(n):
        table.add_column(str(k), justify="right")
    table.add_column("right", justify="right")
    for k, row in enumerate(confusion):
        total = int(row.sum())
        cells = [
            Text(str(count), "bold") if j == k else str(count) if count else "·"
            for j, count in enumerate(row)
        ]
        table.add_row(str(k), *cells, f"{row[k] / total:.1%}" if total else "-")
    return table
