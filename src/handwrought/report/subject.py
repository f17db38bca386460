"""What a report is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.evaluation import Evaluation
from handwrought.evaluation.robustness import Curve, robustness
from handwrought.nn.network import Network
from handwrought.report.markup import shortened

__all__ = ["Subject"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Subject:
    """A network and its result on a split.

    Attributes
    ----------
    network : Network
    split : Split
        What it was evaluated on.
    result : Evaluation
    dataset, model : str
        Names for the reader.
    class_names : tuple of str
    record : dict
        How the model was trained, as its file says.
    temperature : float
        Of the confidence.
    robustness_images : int
        How many images are changed and read again, at most.
    measured : tuple of Curve, optional
        What that gave, where it was done before.
    representation : str
        How the network sees the split's images; see :mod:`handwrought.data.representations`.
    """

    network: Network
    split: Split
    result: Evaluation
    dataset: str
    model: str
    class_names: tuple[str, ...]
    record: dict[str, Any] = field(default_factory=dict)
    temperature: float = 1.0
    robustness_images: int = 2000
    measured: tuple[Curve, ...] | None = None
    representation: str = "as-is"

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
        given = self.class_names
        n = self.result.confusion.shape[0]
        return tuple(shortened(given[k]) if k < len(given) else str(k) for k in range(n))

    @cached_property
    def probabilities(self) -> Array:
        """Calibrated, shape (n, n_classes)."""
        return self.result.probabilities(self.temperature)

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
        return tuple(
            robustness(self.network, self.split, self.robustness_images, self.representation)
        )

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
