"""Whether the network is as sure as it should be: the reliability curve."""

from __future__ import annotations

import numpy as np

from handwrought.evaluation import Calibration, wilson_interval
from handwrought.report.charts import Frame, chart, percent
from handwrought.report.markup import Html, section, table, tag
from handwrought.report.subject import Subject

__all__ = ["calibration_charts", "calibration_section"]

_SHARES = [(0.0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")]


def calibration_section(subject: Subject) -> Html:
    """The curve with 95 % intervals, how many images are in each bin, and the bins as a table."""
    bins = subject.result.calibration()
    points = _points(bins)
    rows = [
        (
            f"{100 * bins.edges[b]:.0f} to {100 * bins.edges[b + 1]:.0f} %",
            f"{n:,}",
            percent(sure, 1),
            percent(right, 1),
        )
        for b, (sure, right, _, _, n) in zip(np.flatnonzero(bins.counts), points, strict=True)
    ]
    gap = sum((sure - right) * n for sure, right, _, _, n in points) / subject.result.n
    verdict = "too sure" if gap > 0 else "not sure enough"
    heated = (
        f"Its confidence is corrected by the temperature {subject.model.temperature:.3f} that the model's "
        f"file records: the outputs' exponents are divided by it."
        if subject.model.temperature != 1
        else "The model's file records no temperature to correct it by."
    )
    output = subject.model.network.activations[-1].name
    if output == "sigmoid":
        heated += " Sigmoid outputs are divided by their sum, so that they add up to 100 %."
    elif output != "softmax":
        heated += " Outputs are divided by their sum, those below 0 being taken for 0."
    return section(
        "calibration",
        "Is its confidence honest?",
        f"Of the answers given with 80 % confidence, 80 % should be right: then the points lie on "
        f"the dashed line. Below the line it is too sure. The upright strokes are 95 % intervals: "
        f"points of few {subject.things} jump about, and the bars below show how many they are.",
        tag(
            "p",
            "Expected calibration error: ",
            tag("strong", percent(bins.error)),
            f". That is the distance to the line, averaged over the {subject.things} (Guo et al. "
            f"2017, 15 bins). On the whole it is {verdict}, by {100 * abs(gap):.2f} points. {heated}",
        ),
        tag(
            "div",
            tag(
                "figure",
                tag("h3", "Right answers at each confidence"),
                *calibration_charts(subject),
            ),
            table("The bins: their mean confidence, and the share right",
                  ("confidence", subject.things, "mean", "right"), rows),
            class_="pair",
        ),
    )  # fmt: skip


def calibration_charts(subject: Subject) -> tuple[Html, Html]:
    """The reliability curve with 95 % intervals, and how many images are in each bin."""
    bins = subject.result.calibration()
    points = _points(bins)
    return _curve(points), _counts(points, bins.edges, subject)


def _points(bins: Calibration) -> list[tuple[float, float, float, float, int]]:
    """Of each bin that holds something: mean confidence, share right, its interval, how many."""
    points = []
    for b in np.flatnonzero(bins.counts):
        n, sure, right = int(bins.counts[b]), float(bins.confidence[b]), float(bins.accuracy[b])
        points.append((sure, right, *wilson_interval(round(right * n), n), n))
    return points


def _curve(points: list[tuple[float, float, float, float, int]]) -> Html:
    frame = Frame((0, 1), bottom=262)
    whiskers = [frame.line([(x, low), (x, high)], "whisker") for x, _, low, high, _ in points]
    at = [(x, y) for x, y, *_ in points]
    labels = [
        f"{percent(x, 1)} sure, {percent(y, 1)} right, {n:,} in all" for x, y, *_, n in points
    ]
    return chart(
        306,
        "Reliability curve, mean confidence and share right: "
        + "; ".join(f"{percent(x, 0)} sure, {percent(y, 0)} right" for x, y in at),
        frame.axes(_SHARES, _SHARES, "confidence"),
        frame.line([(0, 0), (1, 1)], "ideal"),
        *whiskers,
        frame.line(at),
        frame.dots(at, labels),
    )


def _counts(
    points: list[tuple[float, float, float, float, int]], edges: np.ndarray, subject: Subject
) -> Html:
    """Bars whose heights are logarithms: 10,000 images in one bin would hide all others."""
    most = max(n for *_, n in points)
    top = max(1.0, float(np.ceil(np.log10(most) - 1e-9)))
    frame = Frame((0, 1), (0, top + 0.3), bottom=110)
    bars = []
    for sure, _, _, _, n in points:
        b = min(max(int(np.searchsorted(edges, sure)) - 1, 0), len(edges) - 2)
        (x0, y), (x1, bottom) = frame.at(edges[b], np.log10(n) + 0.3), frame.at(edges[b + 1], 0)
        bars.append(
            tag(
                "rect", tag("title", f"{n:,} {subject.things}"), class_="bar",
                x=x0 + 1, y=y, width=round(x1 - x0 - 2, 2), height=round(bottom - y, 2),
            )
        )  # fmt: skip
    numbers = [(i + 0.3, f"{10**i:,}") for i in range(int(top) + 1)]
    return chart(
        152,
        f"{subject.things.capitalize()} in each bin: "
        + "; ".join(f"{n:,} at {percent(sure, 0)}" for sure, *_, n in points),
        frame.axes(_SHARES, numbers, f"{subject.things} at each confidence (log scale)"),
        *bars,
    )
