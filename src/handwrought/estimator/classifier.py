"""MLPClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from handwrought.errors import InvalidArgument
from handwrought.estimator.perceptron import _KEPT, Perceptron, is_stochastic, with_callbacks
from handwrought.floating_point import default_errstate

__all__ = ["MLPClassifier"]

Array = NDArray[Any]


class MLPClassifier(ClassifierMixin, Perceptron):
    """A network that tells classes apart, as ``sklearn.neural_network.MLPClassifier``.

    One output and a sigmoid for two classes, softmax for more, a sigmoid for each label where an
    example may have several (y of shape (n, n_labels), 0 or 1).

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Neurons of each hidden layer; ``()`` for none.
    activation : str or sequence of str
        Of the hidden layers, one name for all or one each: "identity", "logistic" (or "sigmoid"),
        "tanh", "relu", "leaky-relu", "silu", "gelu", "softmax".
    solver : {"adam", "sgd", "lbfgs", "adamw", "rmsprop"}
        "sgd" has ``momentum`` and ``nesterovs_momentum``; "adamw" shrinks the weights beside the
        gradient instead of in it.
    alpha : float
        Of the penalty (alpha / 2n) Σ w², n being the sum of sample weights.
    batch_size : int or "auto"
        "auto": 200, or all where there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}
        For "sgd": as it is; divided by t^power_t; divided by 5 whenever n_iter_no_change
        iterations in a row have brought less than tol.
    learning_rate_init, power_t : float
    max_iter : int
        Passes over the data; steps of L-BFGS.
    shuffle : bool
    random_state : int, RandomState or None
        Of initial weights, order, dropout and the split for early stopping.
    tol : float
    verbose : bool or int
        A line on standard output after each iteration.
    warm_start : bool
        Begin with the weights of the last ``fit``.
    momentum : float
    nesterovs_momentum : bool
    early_stopping : bool
        Stop when the score on the validation set has not risen by tol for n_iter_no_change
        iterations, and keep the best weights.
    validation_fraction : float
        Share of the data set aside for that, unless ``fit`` is given a validation set.
    beta_1, beta_2, epsilon : float
        Of "adam" and "adamw".
    n_iter_no_change : int or inf
    max_fun : int
        Evaluations of "lbfgs".
    dropout : float or sequence of float
        Share of neurons left out of each hidden layer in training, one for all or one each.
    class_weight : dict or "balanced", optional
        What an example of each class counts for, times its sample weight; "balanced": classes
        count alike (with several labels, the yes and no of each: an example has their product).
    callbacks : sequence of callable, optional
        Each is given a :class:`FitReport` after each iteration; one that returns True ends the
        fit.  scikit-learn's callbacks go to ``set_callbacks``, where it has that (1.9).
    progress : bool
        A bar on standard error.
    checkpoint : path, optional
        File that holds where the fit stands, after each iteration; a ``fit`` that finds there an
        interrupted one of the same settings and data goes on with it, to the same bits.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
    coefs_ : list of array, shapes (n_in, n_out)
    intercepts_ : list of array, shapes (n_out,)
    loss_, best_loss_ : float
        ``best_loss_`` is None with early stopping.
    loss_curve_ : list of float
    validation_loss_curve_ : list of float or None
        Mean loss on the validation set after each iteration, where there is one.
    validation_scores_, best_validation_score_ : list of float, float, or None
        With early stopping.
    hidden_activations_ : list of str
    n_iter_, n_layers_, n_outputs_, t_, n_features_in_ : int
    feature_names_in_ : array of str
    out_activation_ : str
    """

    def __init__(
        self,
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
        class_weight: Any = None,
        callbacks: Any = None,
        progress: bool = False,
        checkpoint: Any = None,
    ) -> None:
        asked = dict(locals())
        self.__dict__.update({name: asked[name] for name in asked if name != "self"})

    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> MLPClassifier:
        """Learn from rows of X and their classes y.

        Parameters
        ----------
        X : array, sparse matrix or frame, shape (n, n_features)
            float32 stays float32, and so does the network; uint8 is read a batch at a time, as
            float32; all else becomes float64.
        y : array, shape (n,) or (n, n_labels)
        sample_weight : array, shape (n,), optional
            How many rows each row counts for; 0 is a row that is not there.
        validation_data : (X, y) or (X, y, sample_weight), optional
            For ``validation_loss_curve_``, and for early stopping in place of a share of X.

        Raises
        ------
        InvalidArgument
            A ValueError, for parameters or data that cannot be used.
        """
        fitted: MLPClassifier = self._fit(X, y, sample_weight, validation_data, incremental=False)
        return fitted

    @available_if(is_stochastic)
    @with_callbacks
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """One pass over these rows, going on from where the last call stopped.

        Parameters
        ----------
        X, y, sample_weight
            As for :meth:`fit`.
        classes : array, shape (n_classes,)
            All classes that will ever come; needed in the first call.
        """
        self._take_classes(y, classes)
        fitted: MLPClassifier = self._fit(X, y, sample_weight, None, incremental=True)
        return fitted

    # --- classes ---------------------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=list(_KEPT), order="C",
            reset=reset,
        )  # fmt: skip
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise InvalidArgument(
                f"y has {y.shape[1]} columns of several classes each: columns must hold 0 or 1 "
                f"(multi-label), or fit one estimator for each column"
            )
        if not kind.startswith("multilabel"):
            y = column_or_1d(y, warn=True)
        return X, y

    def _begin(self, y: Array) -> None:
        self._settle(y, np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y))

    def _settle(self, y: Any, classes: Array) -> None:
        self.classes_ = classes
        self._multilabel = np.ndim(y) == 2 or sparse.issparse(y)
        self._sparse_labels = sparse.issparse(y)
        several = len(classes) > 2 and not self._multilabel
        self.out_activation_ = "softmax" if several else "logistic"

    def _take_classes(self, y: Any, classes: Any) -> None:
        """Keep what the first call of partial_fit says, and hold later calls to it."""
        known = getattr(self, "classes_", None)
        if classes is None:
            if known is None:
                raise InvalidArgument("classes must be passed on the first call to partial_fit.")
            return
        told = unique_labels(classes)
        if known is None:
            labels = y if type_of_target(y).startswith("multilabel") else np.empty(0)
            self._settle(labels, told)
        elif not np.array_equal(known, told):
            raise InvalidArgument(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{known!r}"
            )

    def _check_again(self, y: Array, incremental: bool) -> None:
        if (y.ndim == 2) != self._multilabel:
            raise InvalidArgument(
                "y is multi-label in one call and not in another: fit a new estimator"
            )
        if self._multilabel:
            if y.shape[1] != len(self.classes_):
                raise InvalidArgument(
                    f"y has {y.shape[1]} labels, the estimator {len(self.classes_)}: give the same"
                )
            return
        classes = np.unique(y)
        if not incremental and set(classes) != set(self.classes_):
            raise InvalidArgument(
                f"warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise InvalidArgument(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _encode(self, y: Array) -> tuple[Array, int]:
        if self._multilabel:
            labels: Any = y
            dense = labels.toarray() if sparse.issparse(y) else labels
            return dense.astype(bool), len(self.classes_)
        number = np.searchsorted(self.classes_, y)
        if self.out_activation_ == "softmax":
            return number, len(self.classes_)
        return (number == 1)[:, np.newaxis], 1

    def _decode(self, a: Array) -> Array:
        if self._multilabel:
            labels = (a > 0.5).astype(int)
            return sparse.csr_matrix(labels) if self._sparse_labels else labels
        if self.out_activation_ == "softmax":
            return self.classes_[a.argmax(axis=1)]
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(a))
        return self.classes_[(a[:, 0] > 0.5).astype(int)]

    def _score_of(self, y: Array, predicted: Array, weights: Array | None) -> float:
        return accuracy_score(y, predicted, sample_weight=weights)

    def _stratified(self, y: Array) -> Array | None:
        # scikit-learn keeps proportions for two classes alone; the same rows are set aside here.
        return y if y.ndim == 2 and y.shape[1] == 1 else None

    def _class_weights(self, y: Array, weights: Array | None, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return weights
        targets, _ = self._encode(y)
        counts = np.ones(len(targets)) if weights is None else weights
        # Columns of class numbers: one, or a yes or no for each of several labels.
        columns = targets[:, np.newaxis] if targets.ndim == 1 else targets.astype(int)
        if isinstance(self.class_weight, str):
            if self.class_weight != "balanced":
                raise InvalidArgument(
                    f"class_weight is {self.class_weight!r}: use a dict, 'balanced' or None"
                )
            if incremental:
                raise InvalidArgument(
                    "class_weight='balanced' needs all data at once, and partial_fit sees a part: "
                    "give a dict"
                )
            return counts * np.prod([_balance(column, counts) for column in columns.T], axis=0)
        if self._multilabel:
            raise InvalidArgument(
                "class_weight as a dict is for classes that exclude each other, and y is "
                "multi-label: use 'balanced' or sample_weight"
            )
        unknown = [label for label in self.class_weight if label not in self.classes_]
        if unknown and not incremental:
            raise InvalidArgument(f"class_weight names {unknown[0]!r}, which is no class of y")
        each = np.array([self.class_weight.get(label, 1.0) for label in self.classes_.tolist()])
        if not (np.isfinite(each).all() and (each >= 0).all()):
            raise InvalidArgument(f"class_weight is {self.class_weight!r}: weights are at least 0")
        return counts * each[columns[:, 0]]

    # --- predictions --------------------------------------------------------------------------------------

    def predict(self, X: Any) -> Array:
        """The class of each row, shape (n,); or its labels, shape (n, n_labels)."""
        return self._decode(self._outputs(X))

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes in the order of ``classes_``, shape (n, n_classes)."""
        a = self._outputs(X)
        if self._multilabel or self.out_activation_ == "softmax":
            return a
        if len(self.classes_) == 1:
            return np.ones_like(a)
        return np.hstack([1 - a, a])

    def predict_log_proba(self, X: Any) -> Array:
        """Their logarithms, -inf where a probability is 0."""
        with default_errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _balance(number: Array, counts: Array) -> Array:
    """For each row, all counts / (classes there are × the counts of its class)."""
    seen = np.bincount(number, counts)
    return counts.sum() / np.maximum((seen > 0).sum() * seen, np.finfo(float).tiny)[number]
