"""What a fresh model is worth on the test images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from handwrought.cli.streams import printable
from handwrought.committee import Committee
from handwrought.data.dataset import Dataset, Split
from handwrought.evaluation import Evaluation, evaluate, wilson_interval
from handwrought.model import Model
from handwrought.training.config import TrainingConfig

__all__ = ["AVERAGES", "Tested", "averages_known", "share", "test_committee", "test_model"]

_SHIFTS, _ROTATIONS = "test_accuracy_over_shifts", "test_accuracy_over_rotations"
AVERAGES = {_SHIFTS: "nine shifts", _ROTATIONS: "five rotations"}
"""What the outputs for an image can be averaged over, by the name of the accuracy then."""


@dataclass(frozen=True)
class Tested:
    """A model's result on the test images.

    Attributes
    ----------
    result : Evaluation or None
        None where the data has no test images.
    averaged : dict of float
        Accuracies of the mean over nine shifts and over five rotations, by name; none where the
        training knew no such changes.
    """

    result: Evaluation | None
    averaged: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "test_accuracy": self.result.accuracy if self.result else None,
            "test_interval": list(self.result.interval) if self.result else None,
            "test_confusion": self.result.confusion.tolist() if self.result else None,
            **{key: self.averaged.get(key) for key in AVERAGES},
        }

    def show(self, console: Console, data: Dataset, gallery: bool) -> None:
        """On the screen."""
        if self.result is None or data.test is None:
            return
        console.print(f"\nTest accuracy {share(self.result.accuracy, self.result.n)}")
        for key, accuracy in self.averaged.items():
            console.print(f"Averaged over {AVERAGES[key]}: {share(accuracy, self.result.n)}")
        _show(console, self.result, data.test, data.class_names, gallery)


def share(accuracy: float, n: int) -> str:
    """An accuracy with its interval."""
    low, high = wilson_interval(round(accuracy * n), n)
    return f"{accuracy:.2%} of {n:,} images (95 % interval {low:.2%} to {high:.2%})"


def test_model(path: Path, data: Dataset, plan: TrainingConfig) -> Tested:
    """Run a saved model over the test images, in its view of them."""
    if data.test is None:
        return Tested(None)
    result = evaluate(Model.load(path), data.test)
    known = averages_known(plan)
    return Tested(result, _averaged(Committee.load(path), data.test, known) if known else {})


def averages_known(plan: TrainingConfig) -> list[str]:
    """The averages over changes that a training made itself, by their names in ``--json``."""
    changes = plan.augmentation
    if changes is None:
        return []
    return [
        *([_SHIFTS] if changes.shift else []),
        *([_ROTATIONS] if changes.rotation else []),
    ]


def test_committee(
    folder: Path, test: Split, console: Console, averages: Iterable[str]
) -> dict[str, Any]:
    """Run a committee's folder over test images, and say what its members' mean is worth."""
    committee = Committee.load(folder)
    n = len(committee.members)
    who = "One network" if n == 1 else f"The {n} members together"
    found = _averaged(committee, test, ["test_accuracy", *averages])
    for key, accuracy in found.items():
        how = f", averaged over {AVERAGES[key]}" if key in AVERAGES else ""
        console.print(f"{who}{how}: {share(accuracy, len(test))}")
    return {"committee": str(folder), "members": n, "images": len(test), **found}


def _averaged(committee: Committee, test: Split, keys: Iterable[str]) -> dict[str, float]:
    """Accuracies of the members' mean, by name: as the images are, and averaged."""
    found = {}
    for key in keys:
        outputs = committee.outputs(
            test.images, shifts=int(key == _SHIFTS), rotated=key == _ROTATIONS
        )
        found[key] = float((outputs.argmax(axis=1) == test.labels).mean())
    return found


def _show(
    console: Console,
    tested: Evaluation,
    test: Split,
    class_names: tuple[str, ...],
    gallery: bool,
) -> None:
    from handwrought.cli.drawing import confusion_table, draw_gallery

    console.print()
    names = [printable(name) for name in class_names]
    console.print(confusion_table(tested.confusion, class_names))
    if not gallery or test.images.ndim != 3:
        return
    # Four that it misreads with the greatest confidence, and eight right ones of all kinds.
    wrong = list(tested.wrong[:4])
    right = [
        int(np.flatnonzero((tested.labels == k) & (tested.predictions == k))[0])
        for k in range(test.n_classes)
        if ((tested.labels == k) & (tested.predictions == k)).any()
    ]
    chosen = (right + wrong)[-12:] if len(wrong) == 4 else right[:12]
    captions = [
        f"says {names[tested.predictions[i]]}"
        + ("" if tested.predictions[i] == tested.labels[i] else f", is {names[tested.labels[i]]}")
        for i in chosen
    ]
    console.print("\nTwelve test images, and what the network says:\n")
    console.file.write(
        draw_gallery(
            test.images[chosen], captions, columns=6, colour=console.color_system is not None
        )
        + "\n"
    )
