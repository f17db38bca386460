"""L-BFGS: the whole training set in each step, the step's length looked for (Liu and Nocedal 1989).

SciPy chooses the steps; the cost and its gradient are the network's.  Computed in float64, since a
line search lives on small differences; the result has the data's dtype.
"""

from __future__ import annotations

import warnings
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.estimator.examples import Examples, rows_at_once
from handwrought.estimator.networks import mean_cost
from handwrought.estimator.reports import FitReport, Watchers
from handwrought.floating_point import default_errstate
from handwrought.nn.network import Network

__all__ = ["Objective", "minimize"]

Array = NDArray[Any]


class Objective:
    """(1/Σw) [Σ_x w_x C_x + (alpha/2) Σ w²] and its gradient, as functions of the flat parameters.

    Parameters
    ----------
    network : Network
        float64; it holds the parameters last asked for.
    examples : Examples
    alpha : float
    """

    def __init__(self, network: Network, examples: Examples, alpha: float) -> None:
        self.network = network
        self.examples = examples
        self.decay = alpha / examples.total
        # Of several squared errors scikit-learn's loss is the mean, the cost their sum.
        self.reported = 1 / network.n_outputs if network.cost.name == "quadratic" else 1.0
        capacity = rows_at_once(len(examples), max(network.sizes))
        self.reader = examples.reader(capacity, network.dtype)
        self.workspace = network.workspace(capacity, training=True)
        self.gradient = network.parameters.like()
        self.part = network.parameters.like()

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """The cost and a gradient of its own; vector: weights first, then biases."""
        network, n, capacity = self.network, len(self.examples), self.workspace.capacity
        network.parameters.vector[...] = vector
        self.gradient.vector.fill(0)
        cost = 0.0
        for start in range(0, n, capacity):
            x, y, weights = self.reader.read(slice(start, start + capacity))
            states = self.workspace.rows(len(x))
            network.forward(x, states)
            costs = network.batch_costs(states, y)
            cost += float(costs.sum() if weights is None else costs @ weights)
            share = 1 / n if weights is None else (weights / n)[:, np.newaxis]
            network.backward(x, y, states, self.part, share)
            self.gradient.vector += self.part.vector
        self.gradient.weights[...] += self.decay * network.parameters.weights
        return cost / n + self._penalty(vector), self.gradient.vector.copy()

    def _penalty(self, vector: Array) -> float:
        w = vector[: self.network.parameters.n_weights]
        return 0.5 * self.decay * float(w @ w)

    def loss(self, vector: Array, cost: float) -> float:
        """What ``loss_`` shows of a cost at these parameters."""
        penalty = self._penalty(vector)
        return (cost - penalty) * self.reported + penalty


def minimize(
    estimator: Any,
    network: Network,
    examples: Examples,
    validation: Examples | None,
    watchers: Watchers,
) -> None:
    """Fit a network in place; sets ``n_iter_``, the losses and the curves of the estimator.

    Early stopping is for the other solvers, as in scikit-learn.
    """
    from scipy.optimize import minimize as scipy_minimize
    from sklearn.exceptions import ConvergenceWarning

    start = perf_counter()
    wide = network.copy(np.float64)
    objective = Objective(wide, examples, estimator.alpha)
    curve: list[float] = []
    validation_curve: list[float] | None = None if validation is None else []

    def after(intermediate_result: Any) -> None:
        curve.append(objective.loss(intermediate_result.x, float(intermediate_result.fun)))
        wide.parameters.vector[...] = intermediate_result.x
        loss = None
        if validation is not None and validation_curve is not None:
            loss = mean_cost(wide, validation) * objective.reported
            validation_curve.append(loss)
        seconds = perf_counter() - start
        report = FitReport(
            len(curve), estimator.max_iter, curve[-1], loss, None, None, seconds, wide
        )
        if watchers.tell(report):
            raise StopIteration

    with default_errstate(over="ignore", invalid="ignore"):
        result = scipy_minimize(
            objective,
            wide.parameters.vector.copy(),
            method="L-BFGS-B",
            jac=True,
            callback=after,
            options={
                "maxfun": estimator.max_fun,
                "maxiter": estimator.max_iter,
                "gtol": estimator.tol,
            },
        )
    network.parameters.vector[...] = result.x
    estimator.n_iter_ = min(result.nit, estimator.max_iter)
    estimator.loss_ = objective.loss(result.x, float(result.fun))
    estimator.best_loss_ = estimator.loss_
    estimator.validation_scores_ = estimator.best_validation_score_ = None
    estimator.loss_curve_ = curve
    estimator.validation_loss_curve_ = validation_curve
    if result.status == 1:  # out of iterations or calls
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s) and {result.nfev} calls "
            f"({result.message}): raise max_iter ({estimator.max_iter}) or max_fun "
            f"({estimator.max_fun}), or scale the data",
            ConvergenceWarning,
            stacklevel=5,
        )
