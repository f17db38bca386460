"""What a fresh model is worth on the test images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from handwrought.committee import Committee
from handwrought.data.dataset import Dataset, Split
from handwrought.evaluation import Evaluation, evaluate, wilson_interval
from handwrought.storage import load_model
from handwrought.training.plan import Plan

__all__ = ["Tested", "share", "test_committee", "test_model"]


@dataclass(frozen=True)
class Tested:
    """A model's result on the test images.

    Attributes
    ----------
    result : Evaluation or None
        None where the data has no test images.
    shifted : float or None
        Accuracy of the mean over nine shifts; None where the training knew no shifts.
    """

    result: Evaluation | None
    shifted: float | None

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "test_accuracy": self.result.accuracy if self.result else None,
            "test_interval": list(self.result.interval) if self.result else None,
            "test_accuracy_over_shifts": self.shifted,
        }

    def show(self, console: Console, data: Dataset, gallery: bool) -> None:
        """On the screen."""
        if self.result is None or data.test is None:
            return
        console.print(f"\nTest accuracy {share(self.result.accuracy, self.result.n)}")
        if self.shifted is not None:
            console.print(f"Averaged over nine shifts: {share(self.shifted, self.result.n)}")
        _show(console, self.result, data.test, data.class_names, gallery)


def share(accuracy: float, n: int) -> str:
    """An accuracy with its interval."""
    low, high = wilson_interval(round(accuracy * n), n)
    return f"{accuracy:.2%} of {n:,} images (95 % interval {low:.2%} to {high:.2%})"


def test_model(path: Path, data: Dataset, plan: Plan) -> Tested:
    """Run a saved model over the test images, in its view of them."""
    if data.test is None:
        return Tested(None, None)
    result = evaluate(load_model(path), plan.seen(data.test))
    if plan.augmentation is None or not plan.augmentation.shift:
        return Tested(result, None)
    outputs = Committee.load(path).outputs(data.test.images, shifts=1)
    return Tested(result, float((outputs.argmax(axis=1) == data.test.labels).mean()))


def test_committee(
    folder: Path, test: Split, console: Console, *, over_shifts: bool
) -> dict[str, Any]:
    """Run a committee's folder over test images, and say what its members' mean is worth."""
    committee = Committee.load(folder)
    n = len(committee.members)
    report: dict[str, Any] = {"committee": str(folder), "members": n, "images": len(test)}
    moves = {"test_accuracy": 0} | ({"test_accuracy_over_shifts": 1} if over_shifts else {})
    for name, shifts in moves.items():
        outputs = committee.outputs(test.images, shifts)
        accuracy = float((outputs.argmax(axis=1) == test.labels).mean())
        report[name] = accuracy
        who = "One network" if n == 1 else f"The {n} members together"
        how = ", averaged over nine shifts" if shifts else ""
        console.print(f"{who}{how}: {share(accuracy, len(test))}")
    return report


def _show(
    console: Console,
    tested: Evaluation,
    test: Split,
    class_names: tuple[str, ...],
    gallery: bool,
) -> None:
    from handwrought.cli.drawing import confusion_table, draw_gallery

    console.print()
    console.print(confusion_table(tested.confusion))
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
        f"says {class_names[tested.predictions[i]]}"
        + (
            ""
            if tested.predictions[i] == tested.labels[i]
            else f", is {class_names[tested.labels[i]]}"
        )
        for i in chosen
    ]
    console.print("\nTwelve test digits, and what the network says:\n")
    console.file.write(
        draw_gallery(
            test.images[chosen], captions, columns=6, colour=console.color_system is not None
        )
        + "\n"
    )
