"""Digits that touch, cut apart where the parts look most like digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.imaging.blur import gaussian_filter
from handwrought.imaging.moments import bounding_box
from handwrought.reading.components import Component

__all__ = ["Likelihood", "split_touching"]

Array = NDArray[Any]
Likelihood = Callable[[Sequence[Array]], Array]
"""How digit-like each of some maps of ink is, 0 to 1."""
_CUTS = 10
"""Thin places of a component, the thinnest, at which it may be cut."""
_MOST_GROUPS = 80
"""Wide components on a page beyond which it is no page of digits but of words."""


def split_touching(
    components: list[Component], usual: float, likelihood: Likelihood
) -> list[Component]:
    """Each component that is too wide for one digit as the digits it consists of."""
    out: list[Component] = []
    wide = [
        component
        for component in components
        if component.width > 1.15 * max(component.height, 0.8 * usual)
    ]
    if len(wide) > _MOST_GROUPS:
        return [component for component in components if component not in wide]
    for component in components:
        n = component.width / max(component.height, 0.8 * usual)
        if component.height > 1.7 * usual:
            out.extend(_stacked(component, usual, likelihood))
        elif n < 1.15:
            out.append(component)
        else:
            out.extend(_cut(component, likelihood, most=min(6, int(n * 2) + 1)))
    return out


def _stacked(component: Component, usual: float, likelihood: Likelihood) -> list[Component]:
    """A digit whose tail runs into the line below, cut at the thinnest place if that helps."""
    profile = component.amount.sum(1)
    start, stop = round(0.3 * component.height), round(0.7 * component.height)
    at = start + int(np.argmin(profile[start:stop]))
    halves = [component.cut(slice(0, at)), component.cut(slice(at, None))]
    halves = [_trimmed(half) for half in halves]
    whole, *parts = likelihood([component.amount, *(half.amount for half in halves)])
    if min(parts) <= whole:
        return [component]
    return split_touching([half for half in halves if half.height > 0.4 * usual], usual, likelihood)


def _trimmed(component: Component) -> Component:
    """Cut to the box of its ink."""
    box = bounding_box(component.amount > 0.3)
    return component if box is None else component.cut(*box)


def _cut(component: Component, likelihood: Likelihood, most: int) -> list[Component]:
    """The best way into up to ``most`` digits: cuts at thin places, dynamic programming."""
    columns = component.amount.sum(0, keepdims=True)
    profile = gaussian_filter(columns, max(1.0, component.height / 40))[0]
    minima = np.flatnonzero((profile[1:-1] <= profile[:-2]) & (profile[1:-1] < profile[2:])) + 1
    lows = sorted(sorted(minima.tolist(), key=lambda at: profile[at])[:_CUTS])
    edges = [0, *lows, component.width]
    spans = [
        (i, j)
        for i in range(len(edges))
        for j in range(i + 1, len(edges))
        if 0.12 * component.height < edges[j] - edges[i] < 1.3 * component.height
    ]
    parts = {span: _slice(component, edges[span[0]], edges[span[1]]) for span in spans}
    # A bar's end or a tail is no digit, however much it looks like one by itself.
    spans = [span for span in spans if parts[span].height > 0.55 * component.height]
    if not spans:
        return [component]
    whole = float(likelihood([component.amount])[0])
    scores = dict(zip(spans, likelihood([parts[span].amount for span in spans]), strict=True))
    best: dict[int, tuple[float, list[Component]]] = {0: (0.0, [])}
    for j in range(1, len(edges)):
        for i in range(j):
            if (i, j) in scores and i in best and len(best[i][1]) < most:
                thin = profile[edges[j]] / component.height if j < len(edges) - 1 else 0.0
                value = best[i][0] + float(np.log(scores[i, j] + 1e-3)) - 1.5 * float(thin) - 0.3
                if j not in best or value > best[j][0]:
                    best[j] = (value, [*best[i][1], parts[i, j]])
    end = best.get(len(edges) - 1)
    if end is None or end[0] < float(np.log(whole + 1e-3)) - 1.0:
        return [component]
    return end[1]


def _slice(component: Component, start: int, stop: int) -> Component:
    part = component.cut(slice(0, None), slice(start, stop))
    box = bounding_box(part.amount > 0.3)
    return part if box is None else part.cut(box[0])
