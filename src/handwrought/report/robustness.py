"""How much change it bears: accuracy against each amount of each change."""

from __future__ import annotations

from handwrought.evaluation import wilson_interval
from handwrought.evaluation.robustness import Curve
from handwrought.report.charts import Frame, chart, percent
from handwrought.report.markup import Html, join, section, table, tag
from handwrought.report.pictures import data_uri
from handwrought.report.subject import Subject

__all__ = ["robustness_section"]

_TITLES = {
    "rotation": ("Turned", "degrees, clockwise"),
    "shift": ("Moved", "pixels right, down, left or up"),
    "scale": ("Larger and smaller", "times its size"),
    "noise": ("Noise added", "standard deviation; white is 1"),
    "blur": ("Blurred", "pixels of standard deviation"),
    "thickness": ("Strokes thinner and thicker", "pixels on each side"),
}


def robustness_section(subject: Subject) -> Html | None:
    """A chart for each change, a changed image under each amount, and the numbers in a table."""
    if not subject.has_images:
        return None
    curves = subject.curves
    n = curves[0].n
    which = "All" if n == len(subject.split) else "Evenly chosen"
    how = (
        f"{which} {n:,} test images, changed a little more at each step; under each step, one of "
        f"them. A flat curve means that the change does not disturb the network. Where you still "
        f"know the image and the curve has fallen, it has learned less than you."
    )
    note = (
        "The band is the 95 % interval (Wilson 1927). Every image is changed by the same exact "
        "amount, so two networks can be compared."
    )
    figures = (tag("figure", tag("h3", _TITLES[c.change.name][0]), _curve(c)) for c in curves)
    return section(
        "robustness", "How much change it bears", how, tag("div", *figures, class_="charts"),
        tag("p", note, class_="note"),
        tag("details", tag("summary", "All numbers"), _numbers(curves)),
    )  # fmt: skip


def _curve(curve: Curve) -> Html:
    amounts, accuracy = curve.amounts, curve.accuracy.tolist()
    spacing = amounts[1] - amounts[0]
    frame = Frame((amounts[0] - spacing / 2, amounts[-1] + spacing / 2), bottom=170)
    side = min(38.0, (frame.right - frame.left) / len(amounts) - 3)
    tall = side * curve.samples.shape[1] / curve.samples.shape[2]
    pictures = [
        tag(
            "image", href=data_uri(sample), x=frame.at(amount, 0)[0] - side / 2,
            y=frame.bottom + 24, width=side, height=tall, class_="ink",
        )
        for amount, sample in zip(amounts, curve.samples, strict=True)
    ]  # fmt: skip
    band = [
        (amount, *wilson_interval(right, curve.n))
        for amount, right in zip(amounts, curve.right, strict=True)
    ]
    points = list(zip(amounts, accuracy, strict=True))
    said = [f"{percent(y, 1)} at {_number(x)}" for x, y in points]
    name, unit = _TITLES[curve.change.name]
    below = 24 + tall + 18
    return chart(
        frame.bottom + below + 8,
        f"{name}, {unit}: accuracy {', '.join(said)}",
        frame.axes(
            [(x, _number(x)) for x in amounts],
            [(0, "0 %"), (0.5, "50 %"), (1, "100 %")],
            unit,
            x_title_below=below,
        ),
        frame.band(band),
        frame.line(points),
        frame.dots(points, said),
        join(pictures),
    )


def _numbers(curves: tuple[Curve, ...]) -> Html:
    rows = [
        (_TITLES[c.change.name][0], _number(amount), percent(accuracy, 1), f"{right:,} of {c.n:,}")
        for c in curves
        for amount, accuracy, right in zip(c.amounts, c.accuracy, c.right, strict=True)
    ]
    head = ("change", "amount", "accuracy", "right")
    return table("Accuracy at each amount of each change", head, rows, tall=True)


def _number(amount: float) -> str:
    return f"{amount:.3g}".replace("-", "−")
