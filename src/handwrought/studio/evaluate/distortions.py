"""Evaluate's sliders: a sample of the test images, changed, and what it is taken for.

While a slider moves, what it does to the few images that are shown comes first, and only then what
becomes of the whole sample: the network takes longer for that than all changes together.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handwrought.evaluation import probabilities, wilson_interval
from handwrought.evaluation.robustness import (
    CHANGES,
    Curve,
    evenly_chosen,
    in_order,
)
from handwrought.imaging.conversion import to_uint8
from handwrought.report.subject import Subject

__all__ = [
    "SAMPLE",
    "ChangeOffered",
    "Changed",
    "CurveSeen",
    "CurvesSeen",
    "Measured",
    "Sample",
    "changes_offered",
    "curves_seen",
]

SAMPLE = 1000
"""Images that are changed while a slider moves."""
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


@dataclass(frozen=True)
class ChangeOffered:
    """A slider: from ``least`` to ``most`` by ``step``; at ``harmless`` it changes nothing."""

    name: str
    unit: str
    least: float
    most: float
    step: float
    harmless: float


@dataclass(frozen=True)
class Measured:
    """How many of the sample's images are read right, with the accuracy's 95 % Wilson interval."""

    right: int
    images: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Changed:
    """What changed images are taken for.

    Attributes
    ----------
    measured : Measured or None
        Of the whole sample, where that was asked for.
    at, labels, said : list of int
        Of the images shown.
    confidence : list of float
    pixels : array of uint8, shape (shown, 784)
    """

    measured: Measured | None
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


class Sample:
    """The sample of a model's test images, as the sliders have changed it last.

    What comes before the first slider that has moved since is not done again.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.chosen = evenly_chosen(len(subject.split), SAMPLE)
        self.labels = subject.result.labels[self.chosen]
        self._shown = _some_of_each(self.labels)
        whole = subject.split.inputs(self.chosen)
        self._whole = whole.reshape(-1, *subject.split.images.shape[1:])
        self._done: list[tuple[str, float, NDArray[Any]]] = []
        self._lock = threading.Lock()

    def change(self, amounts: Mapping[str, float], *, measure: bool = True) -> Changed:
        """Change all images by these amounts; ``measure``: ask the network about all of them."""
        subject, shown = self._subject, self._shown
        images = self._changed(amounts)
        outputs = self._outputs(images[shown])
        said = outputs.argmax(axis=1)
        p = probabilities(outputs, subject.model.temperature)
        return Changed(
            measured=self._measured(images) if measure else None,
            at=self.chosen[shown].tolist(),
            labels=self.labels[shown].tolist(),
            said=said.tolist(),
            confidence=p[np.arange(len(shown)), said].tolist(),
            pixels=to_uint8(images[shown]).reshape(len(shown), -1),
        )

    def _changed(self, amounts: Mapping[str, float]) -> NDArray[Any]:
        """The images, shape (sample, height, width)."""
        with self._lock:
            images, done = self._whole, self._done
            self._done, same = [], True
            for i, (change, amount) in enumerate(in_order(amounts)):
                same = same and i < len(done) and done[i][:2] == (change.name, amount)
                images = done[i][2] if same else change.apply(images, amount)
                self._done.append((change.name, amount, images))
        return images

    def _outputs(self, images: NDArray[Any]) -> NDArray[Any]:
        return self._subject.model.outputs(images)

    def _measured(self, images: NDArray[Any]) -> Measured:
        right = int((self._outputs(images).argmax(axis=1) == self.labels).sum())
        n = len(images)
        return Measured(right, n, right / n, wilson_interval(right, n))


def changes_offered() -> list[ChangeOffered]:
    """The sliders."""
    return [
        ChangeOffered(c.name, c.unit, c.amounts[0], c.amounts[-1], _STEPS[c.name], c.harmless)
        for c in CHANGES
    ]


def curves_seen(curves: tuple[Curve, ...]) -> CurvesSeen:
    """Accuracy at each amount of each change."""
    return CurvesSeen(
        [CurveSeen(c.change.name, list(c.amounts), c.accuracy.tolist()) for c in curves]
    )


def _some_of_each(labels: NDArray[Any]) -> NDArray[np.intp]:
    """The first of each class, then the second of each, as many as are shown."""
    by_class = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    rounds = [rest[turn] for turn in range(_SHOWN) for rest in by_class if turn < len(rest)]
    return np.array(rounds[:_SHOWN], np.intp)
