"""What classifier and regressor have in common: from ``fit`` to ``coefs_``."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from handwrought.errors import InvalidArgument
from handwrought.estimator.checkpoints import Checkpoint
from handwrought.estimator.display import html_of
from handwrought.estimator.examples import Examples, HeldOut
from handwrought.estimator.lbfgs import minimize
from handwrought.estimator.networks import adopt, coefficients, draw, network_of, outputs
from handwrought.estimator.reports import Watchers
from handwrought.estimator.settings import (
    STOCHASTIC,
    check_settings,
    dropout_rates,
    hidden_activations,
    hidden_sizes,
)
from handwrought.estimator.stochastic import Solver, SolverState
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """No callbacks of scikit-learn's own."""

    def with_callbacks(method: Any) -> Any:
        """The method as it is."""
        return method


__all__ = ["Perceptron", "is_stochastic", "with_callbacks"]

Array = NDArray[Any]

_KEPT: tuple[Any, ...] = (np.float64, np.float32, np.uint8)
"""Dtypes of X that stay as they are; all others become float64."""

_RISEN = 1e6
"""A loss that has become so many times the first, and 1, is of a fit that has diverged."""


def is_stochastic(estimator: Any) -> bool:
    """Whether its solver can go on where it stopped; partial_fit is not there otherwise."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers, and solver is "
            f"{estimator.solver!r}: use one of {', '.join(STOCHASTIC)}"
        )
    return True


class Perceptron(CallbackSupportMixin, BaseEstimator, ABC):
    """A network with scikit-learn's face."""

    out_activation_: str
    coefs_: list[Array]
    intercepts_: list[Array]
    hidden_activations_: list[str]
    _html_repr: ClassVar[Any] = html_of

    # --- what differs between classes and numbers -----------------------------------------------

    @abstractmethod
    def _begin(self, y: Array) -> None:
        """Learn from the first y what the targets are, and set ``out_activation_``."""

    @abstractmethod
    def _check_again(self, y: Array, incremental: bool) -> None:
        """Raise ValueError if a later y does not belong to the first."""

    @abstractmethod
    def _encode(self, y: Array) -> tuple[Array, int]:
        """Targets for :class:`Examples`, and the number of outputs."""

    @abstractmethod
    def _decode(self, a: Array) -> Array:
        """What ``predict`` returns for these outputs."""

    @abstractmethod
    def _score_of(self, y: Array, predicted: Array, weights: Array | None) -> float:
        """The validation score."""

    @abstractmethod
    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        """X and y as arrays."""

    def _class_weights(self, y: Array, weights: Array | None, incremental: bool) -> Array | None:
        """Sample weights times class weights."""
        return weights

    def _stratified(self, y: Array) -> Array | None:
        """What a split for early stopping keeps the proportions of."""
        return None

    # --- fit -----------------------------------------------------------------------------------------

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool
    ) -> Any:
        check_settings(self)
        if incremental and self.early_stopping:
            raise InvalidArgument("partial_fit does not support early_stopping=True")
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._checked(X, y, reset=first)
        if first and not incremental:
            self._begin(y)
        else:
            self._check_again(y, incremental)
        given = _checked_weights(sample_weight, X.shape[0])
        weights = self._class_weights(y, given, incremental)
        random_state = check_random_state(self.random_state)

        targets, n_out = self._encode(y)
        hidden = hidden_sizes(self.hidden_layer_sizes)
        sizes = [X.shape[1], *hidden, n_out]
        dtype = np.float32 if X.dtype == np.uint8 else X.dtype
        if not first:
            dtype = np.asarray(self.coefs_[0]).dtype
        self.hidden_activations_ = hidden_activations(self.activation, len(hidden))
        network = network_of(sizes, self.hidden_activations_, self.out_activation_, dtype)
        if targets.ndim == 2:
            network.cost.check_targets(np.asarray(targets, float))
        self._start_curves(first)
        if first:
            draw(network, random_state)
        else:
            adopt(network, self.coefs_, self.intercepts_)
        self.n_layers_, self.n_outputs_ = len(sizes), n_out

        told = {} if sample_weight is None else {"sample_weight": given}
        watchers = Watchers(self, X, y, told, coefficients)
        with watchers.watching():
            if self.solver == "lbfgs":
                examples = Examples.weighted(X, targets, n_out, weights)
                held_out = self._own_validation(validation_data)
                curve_of = None if held_out is None else held_out.examples
                minimize(self, network, examples, curve_of, watchers)
            else:
                self._stochastic(
                    network, X, y, (targets, weights), validation_data, random_state, watchers,
                    incremental,
                )  # fmt: skip
            for name, arrays in coefficients(network).items():
                setattr(self, name, arrays)
        if not np.isfinite(network.parameters.vector).all():
            raise InvalidArgument(
                "Solver produced non-finite parameter weights. The input data may contain large "
                "values and need to be preprocessed."
            )
        self._tell_divergence()
        return self

    def _tell_divergence(self) -> None:
        """Warn where a loss of this fit left the numbers, or rose as no fit that goes on does."""
        from sklearn.exceptions import ConvergenceWarning

        def of_this_fit(curve: list[float] | None) -> list[float]:
            return [] if curve is None else curve[max(0, len(curve) - self.n_iter_) :]

        losses = [*of_this_fit(self.loss_curve_), getattr(self, "loss_", 0.0)]
        first = float([*self.loss_curve_, 1.0][0])
        most = min(_RISEN * max(1.0, first), np.finfo(float).max)
        validation = of_this_fit(getattr(self, "validation_loss_curve_", None))
        wrong = [loss for loss in losses if not loss <= most]
        wrong += [loss for loss in validation if not np.isfinite(loss)]
        if wrong:
            stochastic = self.solver in STOCHASTIC
            rate = (
                f" or the learning rate ({self.learning_rate_init:g}) lowered" if stochastic else ""
            )
            early = stochastic and self.early_stopping
            kept = " The weights of the best validation score are kept." if early else ""
            warnings.warn(
                f"The fit diverged: its loss became {wrong[-1]:g}. The data may need to be scaled"
                f"{rate}.{kept}",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _start_curves(self, first: bool) -> None:
        """Begin the curves; a warm start goes on with those it finds."""
        if first:
            self.n_iter_ = self.t_ = self._no_improvement_count = 0
            self.loss_curve_: list[float] = []
            self.validation_loss_curve_: list[float] | None = None
        if first or self.early_stopping != (getattr(self, "validation_scores_", None) is not None):
            early = self.early_stopping
            self.validation_scores_: list[float] | None = [] if early else None
            self.best_validation_score_ = -np.inf if early else None
            self.best_loss_ = None if early else np.inf

    def _stochastic(
        self,
        network: Network,
        X: Any,
        y: Array,
        targets_and_weights: tuple[Array, Array | None],
        validation_data: Any,
        random_state: np.random.RandomState,
        watchers: Watchers,
        incremental: bool,
    ) -> None:
        targets, weights = targets_and_weights
        held_out = self._own_validation(validation_data)
        if self.early_stopping and held_out is None:
            X, targets, weights, held_out = self._split(X, y, targets, weights, random_state)
        examples = Examples.weighted(X, targets, network.n_outputs, weights)
        if held_out is not None and getattr(self, "validation_loss_curve_", None) is None:
            self.validation_loss_curve_ = []

        def score(held_out: HeldOut) -> float:
            layers = dense_layers(network.layers)
            coefs = [layer.weights.T for layer in layers]
            biases = [layer.biases for layer in layers]
            a = outputs(held_out.X, coefs, biases, self.hidden_activations_, self.out_activation_)
            if not np.isfinite(a).all():
                return float("nan")  # the network has left the numbers
            return float(self._score_of(held_out.y, self._decode(a), held_out.weights))

        state = getattr(self, "_optimizer", None) if incremental else None
        solver = Solver(
            self, network, examples, held_out, score if self.early_stopping else None,
            dropout_rates(self.dropout, len(network.sizes) - 2), random_state, watchers,
        )  # fmt: skip
        keep = None
        if self.checkpoint is not None and not incremental:
            keep = Checkpoint(self.checkpoint, self, examples)
        solver.fit(state or SolverState(self.learning_rate_init), once=incremental, checkpoint=keep)

    def _split(
        self,
        X: Any,
        y: Array,
        targets: Array,
        weights: Array | None,
        random_state: np.random.RandomState,
    ) -> tuple[Any, Array, Array | None, HeldOut]:
        """validation_fraction of the rows set aside, by scikit-learn's own draw."""
        rows, aside = train_test_split(
            np.arange(X.shape[0]),
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=self._stratified(targets),
        )
        if len(aside) < 2:
            raise InvalidArgument(
                f"The validation set is too small. Increase 'validation_fraction' "
                f"({self.validation_fraction}) or the size of your dataset ({X.shape[0]})."
            )
        part = None if weights is None else weights[aside]
        n_out = self._encode(y[:1])[1]
        examples = Examples.weighted(X[aside], targets[aside], n_out, part)
        held_out = HeldOut(examples, X[aside], y[aside], part)
        return X[rows], targets[rows], None if weights is None else weights[rows], held_out

    def _own_validation(self, given: Any) -> HeldOut | None:
        """A validation set of one's own, checked like the data."""
        if given is None:
            return None
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise InvalidArgument(
                "validation_data must be (X, y) or (X, y, sample_weight), and is "
                f"{type(given).__name__}"
            )
        X, y = self._checked(given[0], given[1], reset=False)
        self._check_again(y, incremental=True)
        weights = _checked_weights(given[2] if len(given) == 3 else None, X.shape[0])
        targets, n_out = self._encode(y)
        return HeldOut(Examples.weighted(X, targets, n_out, weights), X, y, weights)

    # --- after it ------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Array:
        """The last layer's activations, (n, n_outputs_)."""
        check_is_fitted(self, "coefs_")
        X = validate_data(self, X, accept_sparse="csr", dtype=list(_KEPT), reset=False)
        hidden = hidden_activations(self.activation, len(self.coefs_) - 1)
        return outputs(X, self.coefs_, self.intercepts_, hidden, self.out_activation_)

    def to_network(self) -> Network:
        """This estimator's network, a copy: to be saved, exported, checked or looked into."""
        check_is_fitted(self, "coefs_")
        sizes = [self.coefs_[0].shape[0], *(coef.shape[1] for coef in self.coefs_)]
        network = network_of(
            sizes, self.hidden_activations_, self.out_activation_, self.coefs_[0].dtype
        )
        adopt(network, self.coefs_, self.intercepts_)
        return network

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _checked_weights(given: Any, n: int) -> Array | None:
    """sample_weight as floats (n,), none below 0."""
    if given is None:
        return None
    if isinstance(given, Real):
        given = np.full(n, given)
    weights = check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weights.shape != (n,):
        raise InvalidArgument(
            f"sample_weight has shape {weights.shape}: give one for each of {n} rows"
        )
    if (weights < 0).any():
        raise InvalidArgument(
            f"sample_weight holds {weights.min():g}: a row cannot count for less than nothing"
        )
    return weights
