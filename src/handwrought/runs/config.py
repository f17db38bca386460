"""What a run is asked for and how it stands: ``config.json``, whole or not there, with a digest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from math import inf, isfinite
from os import PathLike
from pathlib import Path
from time import time
from typing import Any, Final

from handwrought.errors import CannotWrite, InvalidArgument, TrainingDiverged
from handwrought.runs.folder import CONFIG
from handwrought.runs.old_configs import upgraded
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import read_regular
from handwrought.storage.sealed import sealed, unsealed
from handwrought.training.config import REHEARSED, SHARE, TrainingConfig

__all__ = ["ENDS", "Lesson", "RunConfig", "begin_run", "end_run"]

FORMAT: Final = 2
ENDS: Final = ("finished", "stopped", "diverged", "failed")
"""How a training may end that says so itself."""
STATUSES: Final = ("starting", "running", "paused", *ENDS, "crashed")
_MOST_BYTES = 1 << 20
_MOST_NAME = 120
_PROGRESS: Final = {
    "step": int, "total": int, "epoch": float, "epochs": int, "cost": float, "rate": float,
    "speed": float, "left": float, "accuracy": float,
}  # fmt: skip
_SHAPE: Final = {"step": int, "batches": int, "images": int, "parameters": int, "sizes": list}


@dataclass(frozen=True)
class Lesson:
    """Of a fine-tuning: the model that is taught, and the digits that it learns.

    Attributes
    ----------
    source : str
        "shipped", the model's file, or in the studio a run.
    model : str
        The model's digest; empty where the folder has a copy of it.
    digits : str
        Their folder; empty where the run's folder has copies of them.
    share, rehearsed
        See :func:`handwrought.training.fine_tuning.fine_tune`.
    """

    source: str
    model: str = ""
    digits: str = ""
    share: float = SHARE
    rehearsed: int = REHEARSED


@dataclass(frozen=True)
class RunConfig:
    """What ``config.json`` holds.

    Attributes
    ----------
    settings : TrainingConfig
    lesson : Lesson or None
        Of a fine-tuning.
    name : str
    created : float
        Seconds since 1970.
    status : str
        One of STATUSES; a run that says it is under way and that nobody holds was killed.
    sentence : str
        What ended it, where that was no wish of anybody.
    progress, shape : dict
        How far it is, and how large.
    """

    settings: TrainingConfig
    lesson: Lesson | None = None
    name: str = ""
    created: float = 0.0
    status: str = "stopped"
    sentence: str = ""
    progress: Mapping[str, Any] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> RunConfig:
        """That of a file, of this format or one before.

        Raises
        ------
        InvalidArgument
            If there is none, or it is damaged.
        """
        try:
            content = read_regular(path, _MOST_BYTES, follow_links=False)
        except OSError as error:
            raise InvalidArgument(
                f"{path} cannot be read ({error.strerror or error}): name a folder that handwrought "
                f"train --out made"
            ) from None
        try:
            return _of(unsealed(content, indent=1)[0])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InvalidArgument(f"{path} is no training's plan, or is damaged: {error}") from None

    def write(self, path: str | PathLike[str]) -> None:
        """Keep it.

        Raises
        ------
        CannotWrite
            If that cannot be done; what was there is whole.
        """
        try:
            write_atomically(Path(path), sealed(self.as_json(), indent=1))
        except OSError as error:
            raise CannotWrite.of(path, error, "name another folder with --out") from None

    def as_json(self) -> dict[str, Any]:
        """What the file holds."""
        return {"format": FORMAT, **asdict(self), "settings": self.settings.as_json()}


def begin_run(
    folder: Path, settings: TrainingConfig, lesson: Lesson | None = None, status: str = "running"
) -> RunConfig:
    """Keep in a folder what its training is asked for, and that it runs.

    Raises
    ------
    CannotWrite
        If that cannot be done, and is not there already.
    """
    path = folder / CONFIG
    kept = RunConfig.read(path) if path.exists() else None
    before = kept or RunConfig(settings, lesson, folder.resolve().name[:80], time())
    config = replace(before, settings=settings, lesson=lesson, status=status, sentence="")
    try:
        config.write(path)
    except CannotWrite:
        if kept is None or (kept.settings, kept.lesson) != (settings, lesson):
            raise
    return config


def end_run(
    folder: Path,
    config: RunConfig,
    problem: BaseException | None,
    progress: Mapping[str, Any],
    shape: Mapping[str, Any],
) -> None:
    """Keep how it ended, if there is room for that."""
    diverged = isinstance(problem, TrainingDiverged)
    status = "diverged" if diverged else "finished" if problem is None else "stopped"
    sentence = str(problem) if diverged else ""
    ended = replace(config, status=status, sentence=sentence, progress=progress, shape=shape)
    with suppress(CannotWrite):
        ended.write(folder / CONFIG)


def _of(values: dict[str, Any]) -> RunConfig:
    kept = upgraded(values)
    version = kept.pop("format")
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise ValueError(f"its format is {version!r:.20}, and this version reads up to {FORMAT}")
    lesson = kept.pop("lesson", None)
    config = RunConfig(
        TrainingConfig.of(kept.pop("settings")),
        None if lesson is None else Lesson(**lesson),
        **kept,
    )
    _check(config)
    return config


def _check(config: RunConfig) -> None:
    """Raise ValueError for a value of another kind than ours."""
    if type(config.name) is not str or len(config.name) > _MOST_NAME:
        raise ValueError(f"name is {config.name!r:.80}")
    if type(config.sentence) is not str:
        raise ValueError(f"sentence is {config.sentence!r:.80}")
    if config.status not in STATUSES:
        raise ValueError(f"status is {config.status!r:.80}")
    _check_number("created", config.created, float, most=1e11)
    for values, kinds in ((config.progress, _PROGRESS), (config.shape, _SHAPE)):
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"it holds {name!r:.40}")
            if kinds[name] is list:
                for each in value:
                    _check_number(name, each, int)
            elif value is not None:
                _check_number(name, value, kinds[name])
    lesson = config.lesson
    if lesson is not None:
        if not all(type(t) is str for t in (lesson.source, lesson.model, lesson.digits)):
            raise ValueError("lesson names no model or digits")
        _check_number("share", lesson.share, float)
        _check_number("rehearsed", lesson.rehearsed, int)


def _check_number(name: str, value: Any, kind: type, most: float | None = None) -> None:
    most = most or (10**12 if kind is int else inf)
    if type(value) not in (int, kind) or not isfinite(value) or not 0 <= value <= most:
        raise ValueError(f"{name} is {value!r:.80}")
