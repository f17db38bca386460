"""What it gains by refusing the answers it is least sure of."""

from __future__ import annotations

from typing import Any

import numpy as np

from handwrought.evaluation import Rejection, RiskCoverage
from handwrought.report.charts import Frame, chart, percent, ticks
from handwrought.report.markup import Html, section, table, tag
from handwrought.report.subject import Subject

__all__ = ["rejection_chart", "rejection_section"]

_TARGET = 0.999
_MOST_POINTS = 400


def rejection_section(subject: Subject) -> Html:
    """Accuracy against the share refused, and three thresholds worth knowing."""
    curve = subject.result.risk_coverage()
    target = curve.at_accuracy(_TARGET)
    rows = [
        _row("none refused", curve.at_rejected(0.0)),
        _row("1 % refused", curve.at_rejected(0.01)),
        _row("5 % refused", curve.at_rejected(0.05)),
    ]
    if target is not None:
        rows.append(_row(f"{percent(_TARGET, 1)} right", target))
    else:
        rows.append((f"{percent(_TARGET, 1)} right", "not reached", "–", "–", "–"))
    head = ("aim", "threshold", "refused", "wrong", "right")
    return section(
        "refusal",
        "What if it may say “I do not know”?",
        "A reader that passes doubtful cases to a person makes fewer mistakes. Moving right, more "
        "of the least sure answers are refused, and more of the rest are right.",
        tag(
            "div",
            tag(
                "figure", tag("h3", "Right answers among those accepted"), rejection_chart(curve)[0]
            ),
            table("Thresholds of confidence worth knowing", head, rows),
            class_="pair",
        ),
        tag(
            "p",
            "An answer is refused if its confidence is below the threshold. The thresholds were "
            "found on these same test images, so expect a little less on others. The curve is the "
            "risk-coverage curve of El-Yaniv and Wiener (2010).",
            class_="note",
        ),
    )


def _row(name: str, at: Rejection) -> tuple[Any, ...]:
    return (
        name,
        percent(at.threshold),
        percent(at.rejected),
        f"{at.wrong:,} of {at.accepted:,}",
        percent(at.accuracy),
    )


def rejection_chart(curve: RiskCoverage) -> tuple[Html, Frame]:
    """The curve as far as it is worth looking at, and the rectangle in which it is drawn."""
    target = curve.at_accuracy(_TARGET)
    refused = 1 - curve.coverage
    # To the target and a little on, or half of all.
    last = min(1.0, max(0.1, 1.5 * target.rejected)) if target else 0.5
    seen = np.flatnonzero(refused <= last)
    thin = seen[np.unique(np.linspace(0, len(seen) - 1, _MOST_POINTS).astype(int))]
    points = [(float(refused[i]), float(curve.accuracy[i])) for i in thin]
    x_ticks = ticks(0, last)
    room = 1 - min(y for _, y in points)
    low = max(0.0, 1 - max(0.001, 1.15 * room))
    y_ticks = ticks(low, 1)
    digits = max(0, int(np.ceil(-np.log10(y_ticks[1] - y_ticks[0]) - 2 - 1e-9)))
    frame = Frame((0, last), (low, 1), left=62, bottom=230)
    marks = [curve.at_rejected(0.01), curve.at_rejected(0.05)] + ([target] if target else [])
    shown = [(at.rejected, at.accuracy) for at in marks if at.rejected <= last]
    labels = [f"{percent(y)} right, {percent(x)} refused" for x, y in shown]
    summary = f"Accuracy against the share refused: {percent(points[0][1])} right with none refused"
    drawn = chart(
        276,
        "; ".join([summary, *labels]),
        frame.axes(
            [(x, f"{100 * x:g} %") for x in x_ticks],
            [(y, f"{100 * y:.{digits}f} %") for y in y_ticks],
            "refused",
        ),
        frame.line(points),
        frame.dots(shown, labels),
    )
    return drawn, frame
