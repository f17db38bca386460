"""What Evaluate shows of an evaluated network, made for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handwrought.report.calibration import calibration_charts
from handwrought.report.rejection import rejection_chart
from handwrought.report.subject import Subject
from handwrought.studio.evaluate.distortions import ChangeOffered, changes_offered
from handwrought.studio.evaluate.projections import has_tsne

__all__ = [
    "CellSeen",
    "ClassSeen",
    "LayerOffered",
    "PictureSeen",
    "Rejections",
    "Result",
    "pictures_seen",
    "result_seen",
]


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


@dataclass(frozen=True, eq=False)
class Rejections:
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
    rejections: Rejections
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


def result_seen(subject: Subject) -> Result:
    """All numbers and charts of a result."""
    result, network = subject.result, subject.model.network
    curve, counts = calibration_charts(subject)
    return Result(
        title=subject.title,
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
        temperature=subject.model.temperature,
        calibration_error=result.calibration().error,
        over=float(subject.confidence.mean()) - result.accuracy,
        calibration_svg=curve,
        counts_svg=counts,
        rejections=_rejections(subject),
        changes=changes_offered(),
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


def _rejections(subject: Subject) -> Rejections:
    curve = subject.result.risk_coverage()
    drawn, frame = rejection_chart(curve)
    box = frame.left, frame.right, frame.top, frame.bottom
    return Rejections(drawn, frame.x, frame.y, box, curve.thresholds, curve.accepted, curve.wrong)


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
