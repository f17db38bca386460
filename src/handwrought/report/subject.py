"""What a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.evaluation import Evaluation
from handwrought.evaluation.robustness import Curve, robustness
from handwrought.model import Model
from handwrought.report.markup import shortened

__all__ = ["Subject"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and its result on a split.

    Attributes
    ----------
    model : Model
    split : Split
        What it was evaluated on.
    result : Evaluation
    dataset, title : str
        Names of data and model for the reader.
    robustness_images : int
        How many images are changed and read again, at most.
    measured : tuple of Curve, optional
        What that gave, where it was done before.
    """

    model: Model
    split: Split
    result: Evaluation
    dataset: str
    title: str
    robustness_images: int = 2000
    measured: tuple[Curve, ...] | None = None

    @property
    def has_images(self) -> bool:
        """Whether the split holds images and not a table of numbers."""
        return self.split.images.ndim == 3

    @property
    def things(self) -> str:
        """What the examples are called."""
        return "images" if self.has_images else "examples"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for each class, short enough for a table."""
        return tuple(map(shortened, self.model.class_names))

    @cached_property
    def probabilities(self) -> Array:
        """Calibrated, shape (n, n_classes)."""
        return self.result.probabilities()

    @cached_property
    def confidence(self) -> Array:
        """Of each prediction, shape (n,)."""
        return np.asarray(self.probabilities[np.arange(self.result.n), self.result.predictions])

    @cached_property
    def surest_wrong(self) -> NDArray[np.intp]:
        """Indices of the misread examples, the most confident first."""
        wrong = np.flatnonzero(self.result.predictions != self.result.labels)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """Accuracy at each amount of each change."""
        if self.measured is not None:
            return self.measured
        return tuple(robustness(self.model, self.split, self.robustness_images))

    def cell(self, label: int, said: int) -> NDArray[np.intp]:
        """Indices of one cell of the confusion matrix: of mistakes the surest first, of right
        answers the least sure."""
        result = self.result
        found = np.flatnonzero((result.labels == label) & (result.predictions == said))
        unsure = found[np.argsort(self.confidence[found], kind="stable")]
        return unsure if label == said else unsure[::-1]

    def second_guess(self, n: int) -> int:
        """The class that comes after what it said of an example."""
        others = self.probabilities[n].copy()
        others[self.result.predictions[n]] = -1.0
        return int(np.argmax(others))
