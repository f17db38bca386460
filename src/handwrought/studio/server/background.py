"""Work that takes longer than a request should: done once, in a thread of its own, with progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from handwrought.errors import HandwroughtError

__all__ = ["Progress", "Say", "Stopped", "Work"]

T = TypeVar("T")
Say = Callable[[str, float], None]
"""Told what is being done, and the share that is done."""


@dataclass(frozen=True)
class Progress:
    """How far work is.

    Attributes
    ----------
    doing : str
        What is being done, a few words.
    share : float
        Of the whole, from 0 to 1.
    """

    doing: str
    share: float
    done: Literal[False] = False


class Stopped(HandwroughtError):
    """The work is wanted no longer."""


class Work(Generic[T]):
    """One piece of work, begun when it is made.

    Parameters
    ----------
    task : callable
        Is given ``say(doing, share)``, to be called now and then, and returns the result.  ``say``
        raises :class:`Stopped` once nobody wants the result.
    """

    def __init__(self, task: Callable[[Say], T], name: str) -> None:
        self.progress = Progress("Beginning", 0.0)
        self._task = task
        self._future: Future[T] = Future()
        self._unwanted = threading.Event()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            self._future.set_result(self._task(self._say))
        except BaseException as error:
            self._future.set_exception(error)

    def _say(self, doing: str, share: float) -> None:
        if self._unwanted.is_set():
            raise Stopped("the work was stopped before it was done: ask for it again")
        self.progress = Progress(doing, share)

    @property
    def done(self) -> bool:
        """Whether it has ended, well or badly."""
        return self._future.done()

    def result(self) -> T:
        """What came of it; waits for it, and raises what the task raised."""
        return self._future.result()

    def stop(self) -> None:
        """It ends when it next says how far it is."""
        self._unwanted.set()
