"""MLPRegressor."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from handwrought.errors import InvalidArgument
from handwrought.estimator.perceptron import _KEPT, Perceptron, is_stochastic, with_callbacks

__all__ = ["MLPRegressor"]

Array = NDArray[Any]


class MLPRegressor(RegressorMixin, Perceptron):
    """A network that estimates numbers, as ``sklearn.neural_network.MLPRegressor``.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}
        ½ (a - y)² on an identity output; or half the Poisson deviance on an exponential one, for
        counts y of at least 0.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, \
power_t, max_iter, shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, \
early_stopping, validation_fraction, beta_1, beta_2, epsilon, n_iter_no_change, max_fun, dropout, \
callbacks, progress, checkpoint
        As for :class:`MLPClassifier`; the score of early stopping is R².

    Attributes
    ----------
    coefs_, intercepts_, loss_, best_loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, best_validation_score_, hidden_activations_, n_iter_, n_layers_, n_outputs_, \
t_, n_features_in_, feature_names_in_, out_activation_
        As for :class:`MLPClassifier`.
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        dropout: Any = 0.0,
        callbacks: Any = None,
        progress: bool = False,
        checkpoint: Any = None,
    ) -> None:
        asked = dict(locals())
        self.__dict__.update({name: asked[name] for name in asked if name != "self"})

    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> MLPRegressor:
        """Learn from rows of X and their numbers y, shape (n,) or (n, n_outputs).

        The other parameters as for :meth:`MLPClassifier.fit`.
        """
        fitted: MLPRegressor = self._fit(X, y, sample_weight, validation_data, incremental=False)
        return fitted

    @available_if(is_stochastic)
    @with_callbacks
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """One pass over these rows, going on from where the last call stopped."""
        fitted: MLPRegressor = self._fit(X, y, sample_weight, None, incremental=True)
        return fitted

    def predict(self, X: Any) -> Array:
        """The number of each row, shape (n,); or its numbers, shape (n, n_outputs)."""
        return self._decode(self._outputs(X))

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, y_numeric=True, dtype=list(_KEPT),
            order="C", reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _begin(self, y: Array) -> None:
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"

    def _check_again(self, y: Array, incremental: bool) -> None:
        if not hasattr(self, "out_activation_"):  # the first call is partial_fit's
            self._begin(y)
        n_out = 1 if y.ndim == 1 else y.shape[1]
        if hasattr(self, "coefs_") and n_out != self.n_outputs_:
            raise InvalidArgument(
                f"y has {n_out} columns, the estimator {self.n_outputs_} outputs: give the same"
            )

    def _encode(self, y: Array) -> tuple[Array, int]:
        columns = y.reshape(len(y), -1)
        return columns, columns.shape[1]

    def _decode(self, a: Array) -> Array:
        return a[:, 0] if a.shape[1] == 1 else a

    def _score_of(self, y: Array, predicted: Array, weights: Array | None) -> float:
        return float(r2_score(y, predicted, sample_weight=weights))
