"""The solvers that go through the data in mini-batches, as scikit-learn's do.

A batch's gradient is the mean over its examples plus (alpha / m) w; an iteration is one pass over
the data.  What happens in a step is :class:`handwrought.training.step.Step`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.estimator.checkpoints import Checkpoint
from handwrought.estimator.examples import Examples, HeldOut
from handwrought.estimator.networks import mean_cost
from handwrought.estimator.reports import FitReport, Watchers
from handwrought.floating_point import default_errstate
from handwrought.kernels import wanted
from handwrought.nn.network import Network
from handwrought.training.best import Best
from handwrought.training.optimizers import make_optimizer
from handwrought.training.step import Step

__all__ = ["Solver", "SolverState"]

Array = NDArray[Any]

_MANY = 10_000
"""Examples from which on compiled kernels can make up for being imported."""
_SMALLEST_RATE = 1e-6
"""Where "adaptive" gives up dividing."""


@dataclass(eq=False)
class SolverState:
    """What ``partial_fit`` goes on from, and a pickle keeps."""

    learning_rate: float
    steps: int = 0
    arrays: dict[str, Array] = field(default_factory=dict)


@dataclass(eq=False)
class Solver:
    """One fit by mini-batches.

    Attributes
    ----------
    estimator : estimator
        Its parameters are read, its fitted attributes written.
    network : Network
        Trained in place.
    examples : Examples
    held_out : HeldOut, optional
        The validation set, of which the curve is kept.
    score : callable, optional
        The network's score on it, where early stopping looks at one.
    rates : list of float
        Dropout of each layer.
    random_state : RandomState
        Of the order of the examples.
    watchers : Watchers
    """

    estimator: Any
    network: Network
    examples: Examples
    held_out: HeldOut | None
    score: Callable[[HeldOut], float] | None
    rates: list[float]
    random_state: np.random.RandomState
    watchers: Watchers

    def __post_init__(self) -> None:
        est, n = self.estimator, len(self.examples)
        asked = min(200, n) if est.batch_size == "auto" else est.batch_size
        if asked > n:
            warnings.warn(
                f"batch_size is {asked}, and there are {n} examples: taken as {n}", stacklevel=7
            )
        self.batch_size = min(asked, n)
        self.masks = self.random_state.randint(2**31) if any(self.rates) else 0
        self.chance = np.random.default_rng(0)  # of a pass with dropout, drawn anew for each
        self.order = np.arange(n)
        self.per_example = n / self.examples.total
        """1 / the mean sample weight."""
        # Of several squared errors scikit-learn's loss is the mean, the cost their sum.
        self.reported = 1 / est.n_outputs_ if self.network.cost.name == "quadratic" else 1.0
        self.optimizer = self._optimizer()
        self.step = Step(
            self.network, self.optimizer, self.rates, self.batch_size,
            backprop_fraction=1.0, l1=0.0, clip_norm=None,
        )  # fmt: skip
        self.reader = self.examples.reader(self.batch_size, self.network.dtype)
        self.best = Best(self.network)

    def _optimizer(self) -> Any:
        est = self.estimator
        name = est.solver if est.solver != "sgd" else "momentum"
        if est.solver == "sgd" and est.nesterovs_momentum:
            name = "nesterov"
        optimizer: Any = make_optimizer(name, self.network.parameters)
        # As scikit-learn bounds them: its momentum may be 1.
        optimizer.momentum, optimizer.epsilon = est.momentum, est.epsilon
        optimizer.beta1, optimizer.beta2 = est.beta_1, est.beta_2
        n = len(self.examples)
        optimizer.compiled = n >= _MANY and wanted(n * est.max_iter)
        return optimizer

    # --- one fit ------------------------------------------------------------------------------------

    def fit(self, state: SolverState, *, once: bool, checkpoint: Checkpoint | None) -> None:
        """Go through the data until the loss, the score, a watcher or max_iter ends it."""
        from sklearn.exceptions import ConvergenceWarning

        est = self.estimator
        # Its own, since a shallow copy of the estimator holds the same.
        est._optimizer = state = replace(state)
        est.n_iter_ = 0
        if state.arrays:
            self.optimizer.steps = state.steps
            for slot, array in state.arrays.items():
                self.optimizer.vectors[slot][...] = array
        finished = False
        if checkpoint is not None:
            checkpoint.restore(self)
        start = perf_counter()
        try:
            # A loss that overflows is answered once, after the fit, not with NumPy's warnings.
            with default_errstate(over="ignore", invalid="ignore"):
                while est.n_iter_ < est.max_iter and not finished:
                    finished = self._iteration(start) or once
                    if checkpoint is not None:
                        last = finished or est.n_iter_ == est.max_iter
                        checkpoint.save(self, finished=last)
            if not finished:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({est.max_iter}) reached and the "
                    f"optimization hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=6,
                )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=6)
        if self.score is not None:
            self.best.put_back()
        state.steps, state.arrays = self.optimizer.steps, self.optimizer.vectors

    def _iteration(self, start: float) -> bool:
        """One pass over the data; whether the fit is to end with it."""
        est, state = self.estimator, self.estimator._optimizer
        rate = state.learning_rate
        est.loss_ = self._pass(rate)
        est.n_iter_ += 1
        est.t_ += len(self.examples)
        est.loss_curve_.append(est.loss_)
        validation_loss = score = None
        if self.held_out is not None:
            validation_loss = mean_cost(self.network, self.held_out.examples) * self.reported
            est.validation_loss_curve_.append(validation_loss)
            if self.score is not None:
                score = self.score(self.held_out)
                est.validation_scores_.append(score)
        self._count(score)
        report = FitReport(
            est.n_iter_, est.max_iter, est.loss_, validation_loss, score, rate,
            perf_counter() - start, self.network,
        )  # fmt: skip
        stop = self.watchers.tell(report)
        if est.solver == "sgd" and est.learning_rate == "invscaling":
            state.learning_rate = est.learning_rate_init / (est.t_ + 1) ** est.power_t
        return self._exhausted() or stop

    def _pass(self, rate: float) -> float:
        """Train on every mini-batch once; the loss as scikit-learn counts it."""
        est, n, size = self.estimator, len(self.examples), self.batch_size
        if est.shuffle:
            # As sklearn.utils.shuffle draws, without its checks: they took longer than a small step.
            moved = np.arange(n)
            self.random_state.shuffle(moved)
            self.order = self.order[moved]
        if any(self.rates):
            self.chance = np.random.default_rng([self.masks, est.t_])
        optimizer, weights = self.optimizer, self.network.parameters.weights
        total = 0.0
        for i in range(0, n, size):
            part = slice(i, min(i + size, n))
            x, y, shares = self.reader.read(self.order[part] if est.shuffle else part)
            if est.alpha:
                optimizer.weight_decay = est.alpha * self.per_example / len(x)
                total += 0.5 * est.alpha * self.per_example * float(weights @ weights)
            if optimizer.name.startswith("adam"):
                # scikit-learn's ε stands beside √s, the optimizer's beside √ŝ.
                optimizer.epsilon = est.epsilon / np.sqrt(1 - est.beta_2 ** (optimizer.steps + 1))
            total += self.reported * self.step(x, y, rate, self.chance, shares)
        return total / n

    # --- when to stop -------------------------------------------------------------------------------

    def _count(self, score: float | None) -> None:
        """Count the iterations in a row that brought nothing; keep the best network's weights."""
        est = self.estimator
        if score is None:
            better = est.loss_ <= est.best_loss_ - est.tol
            est.best_loss_ = est.loss_ if est.loss_ < est.best_loss_ else est.best_loss_
        else:
            better = score >= est.best_validation_score_ + est.tol
            self.best.score = est.best_validation_score_  # of an earlier fit, perhaps
            if self.best.consider(est.n_iter_, score):
                est.best_validation_score_ = score
        est._no_improvement_count = 0 if better else est._no_improvement_count + 1

    def _exhausted(self) -> bool:
        """Whether it has gone on for long enough without improvement."""
        est = self.estimator
        if est._no_improvement_count <= est.n_iter_no_change:
            return False
        what = "Training loss" if self.score is None else "Validation score"
        said = (
            f"{what} did not improve more than tol={est.tol:f} for {est.n_iter_no_change} "
            f"consecutive epochs."
        )
        state = est._optimizer
        if est.solver != "sgd" or est.learning_rate != "adaptive":
            self.watchers.say(f"{said} Stopping.")
            return True
        if state.learning_rate <= _SMALLEST_RATE:
            self.watchers.say(f"{said} Learning rate too small. Stopping.")
            return True
        state.learning_rate /= 5
        self.watchers.say(f"{said} Setting learning rate to {state.learning_rate:f}")
        est._no_improvement_count = 0
        return False
