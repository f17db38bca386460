"""Where the digits are on a page: ink to pieces, pieces to digits, digits to lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from handwrought.reading.ink import find_ink

__all__ = ["Piece", "find_lines"]

Array = NDArray[Any]
Likelihood = Callable[[Sequence[Array]], Array]


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


def find_lines(picture: Array, likelihood: Likelihood) -> list[list[Piece]]:
    """The digits of a page, line by line from the top, each line from the left.

    Parameters
    ----------
    picture : array, shape (height, width, channels)
        0 black to 1 white.
    likelihood : callable
        How digit-like each of some maps of ink is, 0 to 1; decides where touching digits part.
    """
    side = min(picture.shape[:2])
    pad = max(2, side // 50)
    wide = np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    ink = find_ink(wide, reach=max(9, side / (3 if side < 120 else 9)))
    amount = ink.amount[pad:-pad, pad:-pad]
    if not ink.contrast:
        return []
    amount = _without_rules(amount)
    pieces = _pieces(amount)
    if not pieces:
        return []
    usual = _usual_height(pieces)
    pieces = _joined(pieces, usual)
    usual = _usual_height(pieces)
    pieces = [piece for piece in pieces if _is_sized(piece, usual, amount.shape)]
    pieces = _parted(pieces, usual, likelihood)
    return _lines(pieces)


def _without_rules(amount: Array) -> Array:
    """Long straight lines, ruled or printed, taken out where no stroke crosses them."""
    mask = amount > 0.42
    height, width = mask.shape
    rules = np.zeros_like(mask)
    for axis, length in ((1, width // 3), (0, height // 3)):
        if length < 60:
            continue
        # A rule may lean: close gaps along it, then look for long runs in a band of three pixels.
        band = ndimage.binary_dilation(mask, np.ones((3, 1) if axis else (1, 3)))
        line = np.ones((1, length) if axis else (length, 1), bool)
        runs = ndimage.binary_opening(band, line) & mask
        thick = np.ones((9, 1) if axis else (1, 9), bool)
        thin = runs & ~ndimage.binary_opening(mask, thick)
        rules |= thin
    if not rules.any():
        return amount
    out = amount.copy()
    out[ndimage.binary_dilation(rules, np.ones((3, 3))) & ~_crossing(mask, rules)] = 0
    return out


def _crossing(mask: Array, rules: Array) -> Array:
    """Ink of the rules that carries a stroke from one side to the other."""
    rest = mask & ~ndimage.binary_dilation(rules, np.ones((3, 3)))
    near = ndimage.binary_dilation(rest, np.ones((9, 3)))
    return np.asarray(near & ndimage.binary_dilation(rest, np.ones((3, 3)), iterations=2))


def _pieces(amount: Array) -> list[Piece]:
    """Connected ink, specks left out."""
    mask = amount > 0.42
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    if not n:
        return []
    found = []
    sums = np.bincount(labels.ravel(), weights=mask.ravel())[1:]
    smallest = max(4, 1e-5 * mask.size, 0.01 * float(np.sort(sums)[-min(5, n)]))
    for i, box in enumerate(ndimage.find_objects(labels)):
        if sums[i] < smallest:
            continue
        own = labels[box] == i + 1
        found.append(Piece(box[1].start, box[0].start, _with_edges(amount[box], own, labels[box])))
    return found


def _with_edges(amount: Array, own: Array, labels: Array) -> Array:
    """The piece's ink and the soft edge around it, without its neighbours' ink."""
    around = ndimage.binary_dilation(own, np.ones((3, 3)), iterations=2)
    return np.asarray(amount * (around & ((labels == 0) | own)))


def _usual_height(pieces: Sequence[Piece]) -> float:
    """Typical digit height: the median of the larger pieces, each counted by its size."""
    sizes = np.array([max(piece.height, 0.6 * piece.width) for piece in pieces])
    weights = sizes**1.5
    order = np.argsort(sizes)
    total = np.cumsum(weights[order])
    return float(sizes[order][np.searchsorted(total, total[-1] / 2)])


def _joined(pieces: list[Piece], usual: float) -> list[Piece]:
    """Strokes of one digit that do not touch: a 5's bar, a broken loop."""
    pieces = sorted(pieces, key=lambda piece: -piece.amount.sum())
    merged = True
    while merged:
        merged = False
        for i, one in enumerate(pieces):
            for other in pieces[i + 1 :]:
                if _belong(one, other, usual):
                    pieces.remove(one)
                    pieces.remove(other)
                    pieces.append(_union(one, other))
                    pieces.sort(key=lambda piece: -piece.amount.sum())
                    merged = True
                    break
            if merged:
                break
    return pieces


def _belong(one: Piece, other: Piece, usual: float) -> bool:
    top, low = min(one.y, other.y), max(one.y + one.height, other.y + other.height)
    left, right = min(one.x, other.x), max(one.x + one.width, other.x + other.width)
    if low - top > 1.25 * max(usual, one.height) or right - left > 1.1 * max(usual, one.width):
        return False
    gap_x = max(one.x, other.x) - min(one.x + one.width, other.x + other.width)
    gap_y = max(one.y, other.y) - min(one.y + one.height, other.y + other.height)
    overlap = -gap_x / min(one.width, other.width)
    small = min(one.height, other.height) < 0.55 * usual
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


def _is_sized(piece: Piece, usual: float, page: tuple[int, ...]) -> bool:
    """Neither a speck, a dash, a frame nor a shadow."""
    size = max(piece.height, piece.width)
    if size < 0.4 * usual or piece.height < 0.3 * usual:
        return False
    edge = (
        piece.x <= 1
        or piece.y <= 1
        or piece.x + piece.width >= page[1] - 1
        or piece.y + piece.height >= page[0] - 1
    )
    if edge and size < 0.7 * usual:
        return False
    return not (piece.height > 3 * usual or (piece.width > 6 * usual and edge))


def _parted(pieces: list[Piece], usual: float, likelihood: Likelihood) -> list[Piece]:
    """Touching digits cut where the parts look most like digits."""
    out: list[Piece] = []
    for piece in pieces:
        n = piece.width / max(piece.height, 0.8 * usual)
        if n < 1.15:
            out.append(piece)
        else:
            out.extend(_cut(piece, likelihood, most=min(6, int(n * 2) + 1)))
    return out


def _cut(piece: Piece, likelihood: Likelihood, most: int) -> list[Piece]:
    """The best way into up to ``most`` digits: cuts at thin places, dynamic programming."""
    profile = ndimage.gaussian_filter1d(piece.amount.sum(0), max(1.0, piece.height / 40))
    minima = np.flatnonzero((profile[1:-1] <= profile[:-2]) & (profile[1:-1] < profile[2:])) + 1
    lows = sorted(sorted(minima.tolist(), key=lambda at: profile[at])[:14])
    edges = [0, *lows, piece.width]
    spans = [
        (i, j)
        for i in range(len(edges))
        for j in range(i + 1, len(edges))
        if 0.12 * piece.height < edges[j] - edges[i] < 1.3 * piece.height
    ]
    parts = {span: _slice(piece, edges[span[0]], edges[span[1]]) for span in spans}
    # A bar's end or a tail is no digit, however much it looks like one by itself.
    spans = [span for span in spans if parts[span].height > 0.55 * piece.height]
    if not spans:
        return [piece]
    whole = float(likelihood([piece.amount])[0])
    scores = dict(zip(spans, likelihood([parts[span].amount for span in spans]), strict=True))
    best: dict[int, tuple[float, list[Piece]]] = {0: (0.0, [])}
    for j in range(1, len(edges)):
        for i in range(j):
            if (i, j) in scores and i in best and len(best[i][1]) < most:
                thin = profile[edges[j]] / piece.height if j < len(edges) - 1 else 0.0
                value = best[i][0] + float(np.log(scores[i, j] + 1e-3)) - 1.5 * float(thin) - 0.3
                if j not in best or value > best[j][0]:
                    best[j] = (value, [*best[i][1], parts[i, j]])
    end = best.get(len(edges) - 1)
    if end is None or end[0] < float(np.log(whole + 1e-3)) - 1.0:
        return [piece]
    return end[1]


def _slice(piece: Piece, start: int, stop: int) -> Piece:
    amount = piece.amount[:, start:stop]
    rows = np.flatnonzero((amount > 0.3).any(1))
    if not len(rows):
        return Piece(piece.x + start, piece.y, amount)
    return Piece(piece.x + start, piece.y + int(rows[0]), amount[rows[0] : rows[-1] + 1])


def _lines(pieces: list[Piece]) -> list[list[Piece]]:
    """Neighbours that stand side by side form a line, however it slants."""
    if not pieces:
        return []
    usual = float(np.median([piece.height for piece in pieces]))
    slope = _slope(pieces, usual)
    level = {id(p): p.centre[1] - slope * p.centre[0] for p in pieces}
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: level[id(p)]):
        if lines:
            last = float(np.mean([level[id(p)] for p in lines[-1]]))
            if level[id(piece)] - last < 0.6 * usual:
                lines[-1].append(piece)
                continue
        lines.append([piece])
    return [sorted(line, key=lambda p: p.centre[0]) for line in lines]


def _slope(pieces: Sequence[Piece], usual: float) -> float:
    """How the lines slant: that under which the pieces' levels fall into the narrowest lines."""
    if len(pieces) < 3:
        return 0.0
    centres = np.array([piece.centre for piece in pieces])
    best, found = np.inf, 0.0
    for slope in np.tan(np.deg2rad(np.arange(-45, 45.5, 1.0))):
        levels = np.sort(centres[:, 1] - slope * centres[:, 0]) * np.cos(np.arctan(slope))
        steps = np.diff(levels)
        breaks = steps > 0.45 * usual
        spread = float(steps[~breaks].sum()) + 0.75 * usual * int(breaks.sum())
        spread += 0.15 * usual * abs(float(slope))
        if spread < best:
            best, found = spread, float(slope)
    return found
