"""A run that learns its writer's own digits: what it may be asked for, and what it has brought.

Its folder has copies of the model and of the digits (:mod:`handwrought.runs.digits`), and
``measured.json``: how many images the model read right before and after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handwrought.errors import DataError
from handwrought.studio.train.run_folder import read_json, write_json
from handwrought.studio.train.training_request import OwnDigits, TrainingRequest, controls
from handwrought.training.config import TrainingConfig

if TYPE_CHECKING:
    from handwrought.reading.lesson import LessonTraining

__all__ = ["brought", "measure", "offered", "prepare", "standard_wish", "taught_settings"]

_MEASURED = "measured.json"


@dataclass(frozen=True)
class _Count:
    accuracy: float | None
    right: int
    images: int
    interval: tuple[float, ...] | None


@dataclass(frozen=True)
class _Counts:
    held_out: _Count
    own: _Count
    validation: _Count
    test: _Count


@dataclass(frozen=True)
class _Brought:
    before: _Counts | None = None
    after: _Counts | None = None


def standard_wish() -> TrainingRequest:
    """What ``handwrought train --from shipped --add`` does."""
    from handwrought.training.config import REHEARSED, SHARE
    from handwrought.training.fine_tuning import arguments

    return TrainingRequest(**arguments(), own=OwnDigits(share=SHARE, rehearsed=REHEARSED))


def offered(digits: Path) -> dict[str, Any]:
    """What the page's form is made of: how many digits are kept, and the wish that it begins with."""
    from handwrought.data.collection import Collection
    from handwrought.reading.fine_tuned import LEAST

    wish = standard_wish()
    asked = {"epochs": wish.epochs, "learning_rate": wish.learning_rate, "seed": wish.seed}
    described = {control.name: control for control in controls()}
    fields = [replace(described[name], default=value) for name, value in asked.items()]
    fields[:0] = [described["own.share"], described["own.rehearsed"]]
    return {
        "counts": Collection.open(digits).counts(),
        "least": LEAST,
        "wish": wish,
        "source": described["own.source"],
        "controls": fields,
    }


def taught_settings(settings: TrainingConfig, source: Path) -> TrainingConfig:
    """The settings with the network that the model is, and MNIST's images as it sees them.

    Raises
    ------
    ModelFileError
        If the model cannot learn digits, or cannot be read.
    """
    from handwrought.model import Model
    from handwrought.reading.lesson import taught
    from handwrought.reading.recognizer import check_reads_digits

    model = Model.load(source)
    check_reads_digits("this model", model)
    return taught(settings, model)


def prepare(folder: Path, source: Path, digits: Path) -> None:
    """Put a copy of the model and of the digits into a run's folder.

    Raises
    ------
    DataError
        If there are too few digits, or one cannot be read.
    """
    from handwrought.data.collection import Collection
    from handwrought.reading.fine_tuned import LEAST
    from handwrought.runs.digits import keep_copies

    collection = Collection.open(digits)
    if len(collection) < LEAST:
        raise DataError(
            f"{len(collection)} of your digits are kept: label at least {LEAST} in Draw, "
            f"better 30 or more"
        )
    own, held_out = collection.split()
    if not len(own):
        raise DataError("all of your digits fell to those held out: label some more in Draw")
    keep_copies(folder, source, own, held_out)


def brought(folder: Path) -> dict[str, Any] | None:
    """How the model read before and, once it has ended, after; None where a run is no such one.

    Raises
    ------
    DataError
        If that file is damaged.
    """
    return read_json(folder / _MEASURED, _Brought)


def measure(folder: Path, when: str, lesson: LessonTraining) -> dict[str, Any]:
    """How many images of each kind are read right, kept under "before" or "after"."""
    found = brought(folder) or {}
    if when == "after" or when not in found:
        each = lesson.measured(lesson.model)
        found[when] = {name: one.as_json() for name, one in each.items()}
        write_json(folder / _MEASURED, found)
    return found
