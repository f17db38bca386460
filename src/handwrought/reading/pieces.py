"""Pieces of ink on a page: connected strokes, and those that make one digit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.morphology import connected_components, dilation
from handwrought.reading.ink import INK

__all__ = ["Piece", "find_pieces", "joined", "sized", "usual_height"]

Array = NDArray[Any]

_FAINT = 0.6
"""Of the usual strength of ink, below which a piece is another's: what shines through the paper."""
_CLOSE = 200
"""Pixels of a side up to which a picture may be cut close around one digit."""


@dataclass(eq=False)
class Piece:
    """One digit's ink.

    Attributes
    ----------
    x, y : int
        Of its upper left corner on the page.
    amount : array, shape (height, width)
        0 for paper, 1 for ink; other pieces' ink is left out.
    """

    x: int
    y: int
    amount: Array

    @property
    def height(self) -> int:
        return int(self.amount.shape[0])

    @property
    def width(self) -> int:
        return int(self.amount.shape[1])

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width and height."""
        return self.x, self.y, self.width, self.height

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the box's centre."""
        return self.x + self.width / 2, self.y + self.height / 2


def find_pieces(amount: Array) -> list[Piece]:
    """Connected ink, without specks and without what is much fainter than the rest."""
    mask = amount > INK
    connected = connected_components(mask)
    if not len(connected):
        return []
    labels, sums = connected.labels, connected.sums(mask)
    strength = connected.sums(np.where(mask, amount, 0)) / sums
    order = np.argsort(sums)
    smallest = max(4, 1e-5 * mask.size, 0.01 * float(sums[order[-min(5, len(order))]]))
    large = sums >= max(smallest, 0.2 * float(np.median(sums[order[-20:]])))
    if not large.any():
        return []
    faint = _FAINT * float(np.percentile(strength[large], 75))
    found = []
    for i, box in enumerate(connected.boxes):
        if sums[i] >= smallest and strength[i] >= faint:
            own = labels[box] == i + 1
            cut = _with_edges(amount[box], own, labels[box])
            found.append(Piece(box[1].start, box[0].start, cut))
    return found


def _with_edges(amount: Array, own: Array, labels: Array) -> Array:
    """The piece's ink and the soft edge around it, without its neighbours' ink."""
    return np.asarray(amount * (dilation(own, 5, 5) & ((labels == 0) | own)))


def usual_height(pieces: Sequence[Piece]) -> float:
    """Typical digit height: the median of the larger pieces, each counted by its size."""
    sizes = np.array([max(piece.height, 0.6 * piece.width) for piece in pieces])
    weights = sizes**1.5
    order = np.argsort(sizes)
    total = np.cumsum(weights[order])
    return float(sizes[order][np.searchsorted(total, total[-1] / 2)])


def joined(pieces: list[Piece], usual: float) -> list[Piece]:
    """Strokes of one digit that do not touch: a 5's bar, a broken loop."""
    before = -1
    while len(pieces) != before:
        before = len(pieces)
        waiting = sorted(pieces, key=lambda piece: piece.x)
        pieces = []
        while waiting:
            one = waiting.pop(0)
            for i, other in enumerate(waiting):
                if other.x > one.x + one.width + 0.1 * usual:
                    pieces.append(one)  # and all after it are farther still
                    break
                if _belong(one, other, usual):
                    waiting[i] = _union(one, other)
                    break
            else:
                pieces.append(one)
    return pieces


def _belong(one: Piece, other: Piece, usual: float) -> bool:
    top, low = min(one.y, other.y), max(one.y + one.height, other.y + other.height)
    left, right = min(one.x, other.x), max(one.x + one.width, other.x + other.width)
    gap_x = max(one.x, other.x) - min(one.x + one.width, other.x + other.width)
    gap_y = max(one.y, other.y) - min(one.y + one.height, other.y + other.height)
    small = min(one.height, other.height) < 0.55 * usual
    if low - top > 1.25 * max(usual, one.height):
        return False
    halves = small and max(one.height, other.height) < 0.9 * usual
    if halves and right - left < 1.5 * usual and max(gap_x, gap_y) < 0.12 * usual:
        return True  # neither is a whole digit: a 5 whose bar starts beside its body
    if right - left > 1.1 * max(usual, one.width):
        return False
    overlap = -gap_x / min(one.width, other.width)
    if gap_y < 0 and overlap > 0.6:
        return True  # one within the other's box
    if small and overlap > 0.35 and gap_y < 0.25 * usual:
        return True  # above one another
    # A bar beside the body, high up, as a 5's often is; or a stroke that broke.
    return small and max(gap_x, gap_y) < 0.08 * usual and gap_y < 0


def _union(one: Piece, other: Piece) -> Piece:
    x, y = min(one.x, other.x), min(one.y, other.y)
    width = max(one.x + one.width, other.x + other.width) - x
    height = max(one.y + one.height, other.y + other.height) - y
    amount = np.zeros((height, width), np.float32)
    for piece in (one, other):
        part = amount[
            piece.y - y : piece.y - y + piece.height, piece.x - x : piece.x - x + piece.width
        ]
        np.maximum(part, piece.amount, out=part)
    return Piece(x, y, amount)


def sized(pieces: Sequence[Piece], usual: float, page: tuple[int, ...]) -> list[Piece]:
    """Those that are neither a speck, a dash, a frame nor a shadow."""
    if len(pieces) == 1 and min(page) <= _CLOSE:
        return list(pieces)  # cut close around its digit
    return [piece for piece in pieces if _is_sized(piece, usual, page)]


def _is_sized(piece: Piece, usual: float, page: tuple[int, ...]) -> bool:
    size = max(piece.height, piece.width)
    if size < 0.4 * usual or piece.height < 0.3 * usual:
        return False
    edge = (
        piece.x <= 1
        or piece.y <= 1
        or piece.x + piece.width >= page[1] - 1
        or piece.y + piece.height >= page[0] - 1
    )
    beside = piece.x <= 1 or piece.x + piece.width >= page[1] - 1
    if (edge and size < 0.7 * usual) or (beside and piece.width < 0.25 * usual):
        return False  # a neighbour's end
    return not (piece.height > 3 * usual or (piece.width > 6 * usual and edge))
