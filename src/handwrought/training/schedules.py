"""Schedules: the learning rate as a share of the one asked for, over the course of a training.

A schedule is a function of progress, from 0 at the first mini-batch to 1 after the last;
``halve-on-plateau`` alone looks at results, and lives in :class:`Plateau`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi
from typing import Any, Final

from handwrought.errors import InvalidArgument
from handwrought.training.state import TrainingState

__all__ = ["SCHEDULES", "Plateau", "Schedule", "make_schedule"]

Schedule = Callable[[float], float]


def constant(progress: float) -> float:
    """The same throughout."""
    return 1.0


def step(progress: float) -> float:
    """A tenth after half of the training, a hundredth after three quarters."""
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


def cosine(progress: float) -> float:
    """½ (1 + cos π t): from 1 to 0 (Loshchilov and Hutter 2017, equation 5, without restarts)."""
    return 0.5 * (1 + cos(pi * progress))


def one_cycle(progress: float) -> float:
    """Up from 1/25 over the first 30 %, then down to 1/10,000, both along a cosine (Smith 2018)."""
    low, last, turn = 1 / 25, 1e-4, 0.3
    if progress < turn:
        return low + (1 - low) * (1 - cosine(progress / turn))
    return last + (1 - last) * cosine((progress - turn) / (1 - turn))


SCHEDULES: Final[dict[str, Schedule]] = {
    "constant": constant,
    "step": step,
    "halve-on-plateau": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
}


def make_schedule(name: str, warm_up: float = 0.0) -> Schedule:
    """The schedule of this name, after a linear rise over the first ``warm_up`` of the training.

    Raises
    ------
    InvalidArgument
        If there is none of this name, or warm_up is no share of the training.
    """
    if name not in SCHEDULES:
        raise InvalidArgument(f"schedule {name!r} is unknown: use one of {', '.join(SCHEDULES)}")
    if not 0 <= warm_up < 1:
        raise InvalidArgument(f"warm_up is {warm_up!r}: it is a share of the training, 0 to 1")
    rest = SCHEDULES[name]

    def risen(progress: float) -> float:
        if progress < warm_up:
            return progress / warm_up
        return rest((progress - warm_up) / (1 - warm_up))

    return risen if warm_up else rest


class Plateau:
    """Halves the learning rate when the validation cost has not fallen for ``patience`` epochs."""

    def __init__(self, patience: int = 5) -> None:
        self.patience = patience
        self.share = 1.0
        self.best = float("inf")
        self.waited = 0

    def state(self) -> tuple[dict[str, float], dict[str, Any]]:
        """What it has come to."""
        return {"share": self.share, "best": self.best, "waited": self.waited}, {}

    def restore(self, state: TrainingState) -> None:
        """Stand where the plateau of this training stood."""
        self.share, self.best = state.numbers["share"], state.numbers["best"]
        self.waited = int(state.numbers["waited"])

    def observe(self, cost: float) -> None:
        """Take in one epoch's cost."""
        if cost < self.best:
            self.best, self.waited = cost, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.share, self.waited = self.share / 2, 0
