"""A Playground's points, those put in and taken out by hand among them, and the order of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.toys import Toy
from handwrought.errors import InvalidArgument
from handwrought.studio.playground.settings import MOST_ADDED, Settings
from handwrought.training.batches import chance

__all__ = ["Points"]

Array = NDArray[Any]

_HIGHEST = 10.0
"""A curve's value, at most, where a point is put in by hand."""


class Points:
    """Training points, in the order in which an epoch goes through them, and points held out.

    Parameters
    ----------
    toy : Toy
    settings : Settings

    Attributes
    ----------
    x, y, held_x, held_y : array
    epoch : int
        The epoch under way, from 1.
    seen : int
        Points of this epoch already learnt from.
    last : array of int
        The points of the last step.
    """

    def __init__(self, toy: Toy, settings: Settings) -> None:
        self._toy, self._seed = toy, settings.seed
        x, y = toy.points(settings.points, settings.noise, settings.seed)
        n = len(x) - min(round(settings.held * len(x)), len(x) - 1)
        self.x, self.y = x[:n], y[:n]
        self.held_x, self.held_y = x[n:], y[n:]
        self.most = max(n, len(x) - n) + MOST_ADDED
        """Training or held-out points at any time."""
        self._added = 0
        self.epoch, self.seen = 1, 0
        self.last: Array = np.empty(0, int)
        self._order = self._shuffled()

    def __len__(self) -> int:
        return len(self.x)

    def next(self, most: int) -> Array:
        """The next points of the epoch, at most so many."""
        return self._order[self.seen : self.seen + most]

    def learnt(self, chosen: Array) -> None:
        """These were learnt from; after the last of them an epoch begins."""
        self.last = chosen
        self.seen += len(chosen)
        self._turn()

    def add(self, x: tuple[float, ...], y: float) -> None:
        """A training point more, learnt from in the epochs to come.

        Raises
        ------
        InvalidArgument
            If it lies outside the picture, or there are too many.
        """
        toy, (low, high) = self._toy, self._toy.domain
        if len(x) != toy.n_inputs or not all(low <= each <= high for each in x):
            raise InvalidArgument(
                f"there can be no point at {', '.join(f'{each:g}' for each in x)}: "
                f"{toy.title} has {toy.n_inputs} inputs from {low:g} to {high:g}"
            )
        if not (y in (0, 1) if toy.classes else abs(y) <= _HIGHEST):
            wanted = "be 0 or 1" if toy.classes else f"lie from {-_HIGHEST:g} to {_HIGHEST:g}"
            raise InvalidArgument(f"the point's y is {y:g}: it must {wanted}")
        if self._added >= MOST_ADDED:
            raise InvalidArgument(f"{MOST_ADDED} points were added: that is the most")
        self._added += 1
        self.x = np.concatenate([self.x, [x]])
        self.y = np.concatenate([self.y, [[y]]])

    def remove(self, i: int) -> None:
        """A training point less; the later ones move up.

        Raises
        ------
        InvalidArgument
            If there is none of this number, or it is the last one.
        """
        if not 0 <= i < len(self.x):
            raise InvalidArgument(f"there is no training point {i}: there are {len(self.x)}")
        if len(self.x) == 1:
            raise InvalidArgument("one training point must stay: there would be nothing to learn")
        self.x, self.y = np.delete(self.x, i, axis=0), np.delete(self.y, i, axis=0)
        self.seen -= int((self._order[: self.seen] == i).sum())
        self._order, self.last = (
            each[each != i] - (each[each != i] > i) for each in (self._order, self.last)
        )
        self._turn()

    def _turn(self) -> None:
        if self.seen == len(self._order):
            self.epoch += 1
            self.seen = 0
            self._order = self._shuffled()

    def _shuffled(self) -> Array:
        return chance(self._seed, self.epoch, "order").permutation(len(self.x))
