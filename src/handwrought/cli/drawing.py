"""Digits and tables drawn with characters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from handwrought.cli.streams import printable

__all__ = ["confusion_table", "draw_digit", "draw_gallery"]

_SHADES = " .:-=+*#%@"
_WIDTH, _NAME, _PAIRS = 80, 16, 15
"""Columns of a terminal, of a class name in it, and pairs of classes that are listed."""


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


def confusion_table(
    confusion: NDArray[np.int64], class_names: Sequence[str] | None = None
) -> RenderableType:
    """Rows: what is true; columns: what the network says; the diagonal is right.

    Where 80 columns cannot hold it, the pairs that are confused most often, and the share of each
    class that is right, the least first.
    """
    n = len(confusion)
    names = [_short(name) for name in class_names or map(str, range(n))]
    widths = [
        max(cell_len(name), len(str(column.max()))) + 2
        for name, column in zip(names, confusion.T, strict=True)
    ]
    if max(map(cell_len, names)) + sum(widths) + 10 > _WIDTH:
        return _folded(confusion, names)
    table = Table(box=box.SIMPLE_HEAD, title="What is true (rows), what it says (columns)")
    for name in ("", *names, "right"):
        table.add_column(Text(name), justify="right")
    for k, row in enumerate(confusion):
        cells = [
            Text(str(count), "bold") if j == k else str(count) if count else "·"
            for j, count in enumerate(row)
        ]
        table.add_row(Text(names[k]), *cells, _share(row, k))
    return table


def _folded(confusion: NDArray[np.int64], names: list[str]) -> Text:
    mistakes = confusion * ~np.eye(len(confusion), dtype=bool)
    pairs = [
        np.unravel_index(at, mistakes.shape)
        for at in np.argsort(-mistakes, axis=None, kind="stable")
    ]
    lines = [
        f"{mistakes[i, j]:6,}  {names[i]} taken for {names[j]}"
        for i, j in pairs[:_PAIRS]
        if mistakes[i, j]
    ]
    if lines:
        lines = ["The most frequent mistakes:", *lines, ""]
    counts = confusion.sum(axis=1)
    right = np.divide(np.diag(confusion), counts, out=np.ones(len(counts)), where=counts > 0)
    cells = [
        f"{set_cell_size(names[k], _NAME)} {_share(confusion[k], k):>6}"
        for k in np.argsort(right, kind="stable")
    ]
    rows = -(-len(cells) // (_WIDTH // (_NAME + 10)))
    lines += ["The share of each class that is right, the least first:"]
    return Text("\n".join(lines + ["   ".join(cells[i::rows]) for i in range(rows)]))


def _share(row: NDArray[np.int64], k: int) -> str:
    total = int(row.sum())
    return f"{row[k] / total:.1%}" if total else "-"


def _short(name: str) -> str:
    name = printable(name)
    return name if cell_len(name) <= _NAME else set_cell_size(name, _NAME - 1).rstrip() + "…"
