"""Components of ink on a page: connected strokes, and those that make one digit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.morphology import connected_components, dilation
from handwrought.reading.ink import INK

__all__ = [
    "Component",
    "filter_sizes",
    "find_components",
    "merge_strokes",
    "typical_height",
    "with_soft_edge",
]

Array = NDArray[Any]

_FAINT = 0.6
"""Of the usual strength of ink, below which a component is another's: what shines through the paper."""
_CLOSE = 200
"""Pixels of a side up to which a picture may be cut close around one digit."""


@dataclass(eq=False)
class Component:
    """One digit's ink, (height, width), 0 for paper to 1, other components' ink left out; x and y are those
    of its upper left corner on the page."""

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

    def cut(self, rows: slice, columns: slice = slice(0, None)) -> Component:
        """A part of it, where it is on the page."""
        return Component(self.x + columns.start, self.y + rows.start, self.amount[rows, columns])


def find_components(amount: Array) -> list[Component]:
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
            cut = amount[box] * with_soft_edge(own, labels[box])
            found.append(Component(box[1].start, box[0].start, cut))
    return found


def with_soft_edge(own: Array, labels: Array) -> Array:
    """A component and the ink around it that is too weak to be any component's."""
    return np.asarray(dilation(own, 5, 5) & ((labels == 0) | own))


def typical_height(components: Sequence[Component]) -> float:
    """Typical digit height: the median of the larger components, each counted by its size."""
    sizes = np.array([max(component.height, 0.6 * component.width) for component in components])
    weights = sizes**1.5
    order = np.argsort(sizes)
    total = np.cumsum(weights[order])
    return float(sizes[order][np.searchsorted(total, total[-1] / 2)])


def merge_strokes(components: list[Component], usual: float) -> list[Component]:
    """Strokes of one digit that do not touch: a 5's bar, a broken loop."""
    before = -1
    while len(components) != before:
        before = len(components)
        waiting = sorted(components, key=lambda component: component.x)
        components = []
        while waiting:
            one = waiting.pop(0)
            for i, other in enumerate(waiting):
                if other.x > one.x + one.width + 0.1 * usual:
                    components.append(one)  # and all after it are farther still
                    break
                if _belong(one, other, usual):
                    waiting[i] = _union(one, other)
                    break
            else:
                components.append(one)
    return components


def _belong(one: Component, other: Component, usual: float) -> bool:
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


def _union(one: Component, other: Component) -> Component:
    x, y = min(one.x, other.x), min(one.y, other.y)
    width = max(one.x + one.width, other.x + other.width) - x
    height = max(one.y + one.height, other.y + other.height) - y
    amount = np.zeros((height, width), np.float32)
    for each in (one, other):
        part = amount[each.y - y :, each.x - x :][: each.height, : each.width]
        np.maximum(part, each.amount, out=part)
    return Component(x, y, amount)


def filter_sizes(
    components: Sequence[Component], usual: float, page: tuple[int, ...]
) -> list[Component]:
    """Those that are neither a speck, a dash, a frame nor a shadow."""
    if len(components) == 1 and min(page) <= _CLOSE:
        return list(components)  # cut close around its digit
    return [component for component in components if _is_digit_sized(component, usual, page)]


def _is_digit_sized(component: Component, usual: float, page: tuple[int, ...]) -> bool:
    size = max(component.height, component.width)
    if size < 0.4 * usual or component.height < 0.3 * usual:
        return False
    edge = (
        component.x <= 1
        or component.y <= 1
        or component.x + component.width >= page[1] - 1
        or component.y + component.height >= page[0] - 1
    )
    beside = component.x <= 1 or component.x + component.width >= page[1] - 1
    if (edge and size < 0.7 * usual) or (beside and component.width < 0.25 * usual):
        return False  # a neighbour's end
    return not (component.height > 3 * usual or (component.width > 6 * usual and edge))
