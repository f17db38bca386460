"""Charts as SVG, drawn at the width of a telephone and grown on larger screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handwrought.report.markup import Html, join, tag

__all__ = ["Frame", "chart", "percent", "ticks"]

WIDTH = 400


def percent(share: float, digits: int = 2) -> str:
    """A share as people write it; never rounded up to 100 or down to 0 where it is not."""
    text = f"{100 * share:.{digits}f}"
    while 0 < share < 1 and float(text) in (0.0, 100.0) and digits < 12:
        digits += 1
        text = f"{100 * share:.{digits}f}"
    return f"{text} %"


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, evenly spaced."""
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * s for s in (1, 2, 2.5, 5, 10) if power * s >= rough * (1 - 1e-9))
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(i * step) for i in range(int(first), int(last) + 1)]


@dataclass(frozen=True)
class Frame:
    """The rectangle of a chart in which data is drawn, and the numbers at its edges."""

    x: tuple[float, float]
    y: tuple[float, float] = (0.0, 1.0)
    left: float = 50
    right: float = 386
    top: float = 14
    bottom: float = 200

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data is drawn."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            round(self.left + across * (self.right - self.left), 2),
            round(self.bottom - up * (self.bottom - self.top), 2),
        )

    def axes(
        self,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        x_title: str,
        *,
        x_title_below: float = 34,
    ) -> Html:
        """Lines across, the numbers at both axes and what runs along the lower one."""
        parts = []
        for value, text in y_ticks:
            y = self.at(self.x[0], value)[1]
            parts.append(tag("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid"))
            parts.append(tag("text", text, x=self.left - 8, y=y + 4, text_anchor="end"))
        for value, text in x_ticks:
            x = self.at(value, self.y[0])[0]
            parts.append(tag("text", text, x=x, y=self.bottom + 17, text_anchor="middle"))
        middle = (self.left + self.right) / 2
        below = self.bottom + x_title_below
        parts.append(tag("text", x_title, x=middle, y=below, text_anchor="middle", class_="title"))
        return join(parts)

    def line(self, points: Sequence[tuple[float, float]], class_: str = "line") -> Html:
        """A line through points of the data."""
        path = " ".join(f"{x},{y}" for x, y in (self.at(*point) for point in points))
        return tag("polyline", points=path, class_=class_)

    def band(self, points: Sequence[tuple[float, float, float]]) -> Html:
        """The area between two lines: (x, lower, upper)."""
        there = [self.at(x, low) for x, low, _ in points]
        back = [self.at(x, high) for x, _, high in reversed(points)]
        return tag("polygon", points=" ".join(f"{x},{y}" for x, y in there + back), class_="band")

    def dots(self, points: Sequence[tuple[float, float]], labels: Sequence[str]) -> Html:
        """Marks on points of the data; each shows its label where a mouse rests on it."""
        return join(
            tag("circle", tag("title", label), cx=x, cy=y, r=4, class_="dot")
            for (x, y), label in zip((self.at(*p) for p in points), labels, strict=True)
        )


def chart(height: float, summary: str, *parts: object) -> Html:
    """An SVG picture; ``summary`` is what a screen reader says of it."""
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_label=summary,
        class_="chart",
    )
