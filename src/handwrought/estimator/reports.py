"""What a fit tells whoever watches it: one report an iteration, to plain callables, to
scikit-learn's callbacks, to a progress bar and to standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from handwrought.nn.network import Network

__all__ = ["FitReport", "Watchers"]


@dataclass(frozen=True, eq=False)
class FitReport:
    """One iteration's result: an epoch of the stochastic solvers, a step of L-BFGS.

    Attributes
    ----------
    iteration, max_iter : int
        From 1.
    loss : float
        On the training data, as in ``loss_curve_``.
    validation_loss, validation_score : float or None
        On the validation set, where there is one.
    learning_rate : float or None
        Of the iteration; None for L-BFGS, which looks for its own.
    seconds : float
        Since the fit began.
    network : Network
        The network in training itself: read it, or save it with ``report.network.save(path)``.
    """

    iteration: int
    max_iter: int
    loss: float
    validation_loss: float | None
    validation_score: float | None
    learning_rate: float | None
    seconds: float
    network: Network


class Watchers:
    """All that looks on while an estimator is fitted.

    Parameters
    ----------
    estimator : estimator
    X, y, metadata : Any
        What scikit-learn's callbacks are told of the training data.
    attributes : callable
        Of the network: the fitted attributes that it amounts to.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        metadata: dict[str, Any],
        attributes: Callable[[Network], dict[str, Any]],
    ) -> None:
        self.estimator = estimator
        self.told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.attributes = attributes
        self._root: Any = None
        self._heard = False
        self._iteration: Any = None
        self._bar: Any = None
        self._errstate: Any = np.geterr()
        """What callbacks find of NumPy's errors: what whoever called fit had set."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Open what has to be opened for a fit, and close it whatever happens."""
        estimator = self.estimator
        if hasattr(estimator, "_init_callback_context"):  # scikit-learn 1.9 and later
            self._root = estimator._init_callback_context(max_subtasks=None)
            self._root.call_on_fit_task_begin(**self.told)
            self._heard = bool(getattr(estimator, "_skl_callbacks", None))
            self._begin()
        if not estimator.progress:
            yield
        else:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
            from rich.progress import TimeRemainingColumn as Remaining

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            with Progress(*columns, Remaining(), console=Console(stderr=True)) as progress:
                task = progress.add_task("fit", total=estimator.max_iter)
                self._bar = lambda **change: progress.update(task, **change)
                yield
            self._bar = None
        if self._root is not None:
            if self._heard:  # the iteration that was begun and never ran ends empty
                self._iteration.call_on_fit_task_end(estimator=estimator)
            self._root.call_on_fit_task_end(**self.told, reconstruction_attributes=dict)

    def _begin(self) -> None:
        if not self._heard:
            return
        self._iteration = self._root.subcontext(task_name="iteration")
        self._iteration.call_on_fit_task_begin(**self.told)

    def tell(self, report: FitReport) -> bool:
        """Hand one report to all; whether one of them wants the fit to stop."""
        with np.errstate(**self._errstate):
            return self._tell(report)

    def _tell(self, report: FitReport) -> bool:
        stop = False
        for callback in self.estimator.callbacks or ():
            stop |= callback(report) is True
        if self._heard:
            stop |= bool(
                self._iteration.call_on_fit_task_end(
                    **self.told,
                    reconstruction_attributes=lambda: self.attributes(report.network),
                )
            )
            self._begin()
        if self._bar is not None:
            shown = f"loss {report.loss:.4f}"
            if report.validation_score is not None:
                shown += f", validation {report.validation_score:.4f}"
            self._bar(completed=report.iteration, description=shown)
        self.say(f"Iteration {report.iteration}, loss = {report.loss:.8f}")
        if report.validation_score is not None:
            self.say(f"Validation score: {report.validation_score:f}")
        return stop

    def say(self, line: str) -> None:
        """Print a line where ``verbose`` asks for it."""
        if self.estimator.verbose:
            sys.stdout.write(line + "\n")
