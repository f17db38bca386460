"""What goes wrong in a run, by the rules of :mod:`handwrought.training.diagnosis`."""

from __future__ import annotations

from collections.abc import Sequence

from handwrought.studio.train.training_request import TrainingRequest
from handwrought.training import diagnosis
from handwrought.training.diagnosis import Finding, Mend
from handwrought.training.metrics import Point

__all__ = ["Finding", "Mend", "diagnose"]


def diagnose(wish: TrainingRequest, points: Sequence[Point], diverged: str = "") -> list[Finding]:
    """What goes wrong with a run that was measured so; see
    :func:`handwrought.training.diagnosis.diagnose`."""
    from handwrought.data.augmentation import Augmentation
    from handwrought.training.optimizers import default_learning_rate

    asked = diagnosis.Asked(
        wish.rate,
        default_learning_rate(wish.optimizer, wish.cost),
        str(wish.activation),
        wish.initializer,
        wish.weight_decay,
        augmented=wish.augmentation not in (None, Augmentation()),
        taught=wish.own is not None,
    )
    return diagnosis.diagnose(asked, points, diverged)
