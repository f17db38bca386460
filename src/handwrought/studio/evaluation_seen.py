"""What Evaluate shows of an evaluated network, made for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.evaluation import probabilities, wilson_interval
from handwrought.evaluation.robustness import CHANGES, Curve, changed, evenly_chosen
from handwrought.report.calibration import calibration_charts
from handwrought.report.refusal import refusal_chart
from handwrought.report.subject import Subject
from handwrought.studio.background import Say
from handwrought.studio.maps import activations, has_tsne, pca, tsne

__all__ = [
    "POINTS",
    "SAMPLE",
    "CellSeen",
    "ChangeOffered",
    "Changed",
    "ClassSeen",
    "CurveSeen",
    "CurvesSeen",
    "LayerOffered",
    "MapSeen",
    "PictureSeen",
    "Refusals",
    "Result",
    "changed_seen",
    "curves_seen",
    "map_seen",
    "pictures_seen",
    "result_seen",
]

SAMPLE = 1000
"""Images that are changed while a slider moves."""
POINTS = 1500
"""Images on the map."""
_SHOWN = 20
"""Changed images that are shown."""
_STEPS = {
    "rotation": 1.0,
    "shift": 0.1,
    "scale": 0.02,
    "noise": 0.01,
    "blur": 0.05,
    "thickness": 0.05,
}


@dataclass(frozen=True, eq=False)
class PictureSeen:
    """A test image and what the network says of it; ``pixels`` are uint8, 28 x 28."""

    at: int
    label: int
    said: int
    confidence: float
    second: int
    second_confidence: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class ClassSeen:
    """One class; precision, recall and F1 are None where they have no meaning."""

    name: str
    images: int
    said: int
    right: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class LayerOffered:
    """A layer that can be mapped; numbers count from 1, the input."""

    number: int
    activation: str
    size: int


@dataclass(frozen=True)
class ChangeOffered:
    """A slider: from ``least`` to ``most`` by ``step``; at ``harmless`` it changes nothing."""

    name: str
    unit: str
    least: float
    most: float
    step: float
    harmless: float


@dataclass(frozen=True, eq=False)
class Refusals:
    """Accuracy against the share refused.

    Attributes
    ----------
    svg : str
        The curve as a picture.
    x, y : (float, float)
        Share refused at the left and right edge, accuracy at the lower and upper edge.
    box : (float, float, float, float)
        Left, right, top and bottom of the rectangle between these edges, in the picture's units.
    thresholds, accepted, wrong : array, shape (m,)
        Rising thresholds, and how many images are accepted and misread at each.
    """

    svg: str
    x: tuple[float, float]
    y: tuple[float, float]
    box: tuple[float, float, float, float]
    thresholds: NDArray[Any]
    accepted: NDArray[Any]
    wrong: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """A model's result on its test images."""

    title: str
    dataset: str
    layers: list[LayerOffered]
    cost_name: str
    parameters: int
    images: int
    accuracy: float
    interval: tuple[float, float]
    wrong: int
    cost: float
    confusion: list[list[int]]
    classes: list[ClassSeen]
    temperature: float
    calibration_error: float
    over: float
    """Mean confidence less accuracy: above 0 where it is too sure."""
    calibration_svg: str
    counts_svg: str
    refusals: Refusals
    changes: list[ChangeOffered]
    tsne: bool
    """Whether t-SNE can be had."""
    done: Literal[True] = True


@dataclass(frozen=True, eq=False)
class CellSeen:
    """Images of one cell, or of all mistakes, from ``start`` on; ``count`` are there in all."""

    count: int
    start: int
    pictures: list[PictureSeen]


@dataclass(frozen=True, eq=False)
class Changed:
    """What changed images are taken for.

    Attributes
    ----------
    right, images : int
        Of the whole sample.
    interval : (float, float)
        95 % Wilson interval of the accuracy.
    at, labels, said : list of int
        Of the images shown.
    confidence : list of float
    pixels : array of uint8, shape (shown, 784)
    """

    right: int
    images: int
    accuracy: float
    interval: tuple[float, float]
    at: list[int]
    labels: list[int]
    said: list[int]
    confidence: list[float]
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class CurveSeen:
    """Accuracy at each amount of one change."""

    name: str
    amounts: list[float]
    accuracy: list[float]


@dataclass(frozen=True)
class CurvesSeen:
    """How much of each change the model bears."""

    curves: list[CurveSeen]
    done: Literal[True] = True


@dataclass(frozen=True, eq=False)
class MapSeen:
    """Images in the plane.

    Attributes
    ----------
    places : array, shape (n, 2)
    shares : list of float
        The part of the variance along each direction; empty for t-SNE.
    at, labels, said : list of int
        Of each point.
    """

    places: NDArray[Any]
    shares: list[float]
    at: list[int]
    labels: list[int]
    said: list[int]
    done: Literal[True] = True


def result_seen(subject: Subject) -> Result:
    """All numbers and charts of a result."""
    result, network = subject.result, subject.network
    curve, counts = calibration_charts(subject)
    return Result(
        title=subject.model,
        dataset=subject.dataset,
        layers=[
            LayerOffered(number, name, size)
            for number, (name, size) in enumerate(
                zip(["input", *(σ.name for σ in network.activations)], network.sizes, strict=True),
                start=1,
            )
        ],
        cost_name=network.cost.name,
        parameters=network.parameters.vector.size,
        images=result.n,
        accuracy=result.accuracy,
        interval=result.interval,
        wrong=len(subject.surest_wrong),
        cost=result.cost,
        confusion=result.confusion.tolist(),
        classes=_classes(subject),
        temperature=subject.temperature,
        calibration_error=result.calibration(temperature=subject.temperature).error,
        over=float(subject.confidence.mean()) - result.accuracy,
        calibration_svg=curve,
        counts_svg=counts,
        refusals=_refusals(subject),
        changes=[
            ChangeOffered(c.name, c.unit, c.amounts[0], c.amounts[-1], _STEPS[c.name], c.harmless)
            for c in CHANGES
        ],
        tsne=has_tsne(),
    )


def _classes(subject: Subject) -> list[ClassSeen]:
    result = subject.result
    there, said = result.confusion.sum(axis=1).tolist(), result.confusion.sum(axis=0).tolist()
    return [
        ClassSeen(
            name=name,
            images=there[k],
            said=said[k],
            right=int(result.confusion[k, k]),
            precision=float(result.precision[k]) if said[k] else None,
            recall=float(result.recall[k]) if there[k] else None,
            f1=float(result.f1[k]) if said[k] or there[k] else None,
        )
        for k, name in enumerate(subject.names)
    ]


def _refusals(subject: Subject) -> Refusals:
    curve = subject.result.risk_coverage(subject.temperature)
    drawn, frame = refusal_chart(curve)
    box = frame.left, frame.right, frame.top, frame.bottom
    return Refusals(drawn, frame.x, frame.y, box, curve.thresholds, curve.accepted, curve.wrong)


def pictures_seen(subject: Subject, chosen: NDArray[np.intp], start: int, most: int) -> CellSeen:
    """Some of the chosen images, from ``start`` on."""
    found = []
    for n in chosen[start : start + most].tolist():
        second = subject.second_guess(n)
        found.append(
            PictureSeen(
                at=n,
                label=int(subject.result.labels[n]),
                said=int(subject.result.predictions[n]),
                confidence=float(subject.confidence[n]),
                second=second,
                second_confidence=float(subject.probabilities[n, second]),
                pixels=subject.split.images[n],
            )
        )
    return CellSeen(len(chosen), start, found)


def changed_seen(subject: Subject, amounts: Mapping[str, float]) -> Changed:
    """What becomes of the sample when all its images are changed by these amounts."""
    chosen = evenly_chosen(len(subject.split), SAMPLE)
    images = subject.split.inputs(chosen).reshape(-1, *subject.split.images.shape[1:])
    images = changed(images, amounts)
    rows = images.reshape(len(images), -1)
    outputs = subject.network.feedforward(rows.astype(subject.network.dtype, copy=False))
    said = outputs.argmax(axis=1)
    labels = subject.result.labels[chosen]
    right = int((said == labels).sum())
    shown = _some_of_each(labels)
    p = probabilities(outputs[shown], subject.result.output_activation, subject.temperature)
    return Changed(
        right=right,
        images=len(chosen),
        accuracy=right / len(chosen),
        interval=wilson_interval(right, len(chosen)),
        at=chosen[shown].tolist(),
        labels=labels[shown].tolist(),
        said=said[shown].tolist(),
        confidence=p[np.arange(len(shown)), said[shown]].tolist(),
        pixels=(np.clip(rows[shown], 0, 1) * 255).round().astype(np.uint8),
    )


def _some_of_each(labels: NDArray[Any]) -> NDArray[np.intp]:
    """The first of each class, then the second of each, as many as are shown."""
    by_class = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    rounds = [rest[turn] for turn in range(_SHOWN) for rest in by_class if turn < len(rest)]
    return np.array(rounds[:_SHOWN], np.intp)


def curves_seen(curves: tuple[Curve, ...]) -> CurvesSeen:
    """Accuracy at each amount of each change."""
    return CurvesSeen(
        [CurveSeen(c.change.name, list(c.amounts), c.accuracy.tolist()) for c in curves]
    )


def map_seen(subject: Subject, layer: int, method: str, say: Say) -> MapSeen:
    """A layer's activations in the plane; layers count from 1, the input.

    Raises
    ------
    InvalidArgument
        If there is no such layer, or scikit-learn is missing for t-SNE.
    """
    sizes = subject.network.sizes
    if not 1 <= layer <= len(sizes):
        raise InvalidArgument(f"layer is {layer}: this network has layers 1 to {len(sizes)}")
    say("Feeding forward", 0.0)
    chosen = evenly_chosen(len(subject.split), POINTS)
    points = activations(subject.network, subject.split.inputs(chosen))[layer - 1]
    if method == "tsne":
        places, shares = tsne(points, say), []
    else:
        say("Finding the principal components", 0.3)
        places, found = pca(points)
        shares = found.tolist()
    labels, said = subject.result.labels[chosen], subject.result.predictions[chosen]
    return MapSeen(places, shares, chosen.tolist(), labels.tolist(), said.tolist())
