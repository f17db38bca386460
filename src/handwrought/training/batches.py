"""The mini-batches of a training: as the images are, or changed anew each time.

Whatever chance decides is drawn from (seed, epoch, batch), so that a batch does not depend on what
came before it, nor on how the training was watched or interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Split
from handwrought.data.outliers import make_outliers
from handwrought.data.representations import extract_features
from handwrought.training.prefetch import prefetched

__all__ = ["AugmentedBatches", "chance"]

Array = NDArray[Any]

_STREAMS = {"order": 0, "dropout": 1, "augmentation": 2}


def chance(seed: int, epoch: int, stream: str, batch: int = 0) -> np.random.Generator:
    """The random numbers of one purpose in one batch (from 0) of one epoch (from 1)."""
    return np.random.default_rng([seed, epoch, batch, _STREAMS[stream]])


@dataclass(frozen=True, eq=False)
class AugmentedBatches:
    """Batches of images that are changed in a thread beside the training."""

    split: Split
    augmentation: Augmentation
    outliers: float
    dtype: np.dtype[Any]
    seed: int
    representation: str = "as-is"
    """Its last part comes after the changes; its first part is the split's already."""
    full_epochs: int | None = None
    """Epochs with changes at full strength; after them they are half as large."""

    def read(self, epoch: int, batches: list[Array], start: int) -> Iterator[tuple[Array, Array]]:
        """x (m, n_in) and y (m, n_out) of the batches of one epoch from ``start`` on."""
        half = self.full_epochs is not None and epoch > self.full_epochs
        change = self.augmentation.times(0.5 if half else 1.0)

        def made(i: int) -> tuple[Array, Array]:
            rng, chosen = chance(self.seed, epoch, "augmentation", start + i), batches[start + i]
            images, labels = self.split.images[chosen], self.split.labels[chosen]
            x, y = change(images, rng, labels), self.split.targets(chosen, self.dtype)
            n = round(self.outliers * len(x))
            if n:
                x[:n], y[:n] = make_outliers(self.split.images, n, rng), 1 / y.shape[1]
            x = extract_features(x, self.representation)
            return x.reshape(len(x), -1).astype(self.dtype, copy=False), y

        yield from prefetched(made, len(batches) - start)
