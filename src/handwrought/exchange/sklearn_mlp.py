"""scikit-learn's MLPClassifier and MLPRegressor, and networks of ours, in each other's shape.

There ``coefs_[l]`` runs from layer l to layer l + 1, so it is the transpose of our weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from handwrought.errors import InvalidArgument, MissingExtra
from handwrought.exchange.stacks import network_of
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network

__all__ = ["from_sklearn", "to_sklearn"]

_OURS: Final = {"logistic": "sigmoid"}
"""Names of theirs that are not ours."""
_THEIRS: Final = {"identity": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}
_COSTS: Final = {"softmax": "softmax", "sigmoid": "cross-entropy", "identity": "quadratic"}


def from_sklearn(mlp: Any) -> Network:
    """The network of a fitted MLPClassifier or MLPRegressor.

    Parameters
    ----------
    mlp : estimator
        Fitted: with ``coefs_``, ``intercepts_``, ``activation`` and ``out_activation_``.

    Returns
    -------
    Network
        Of the same dtype.  Its outputs are ``predict_proba`` in the order of ``mlp.classes_``
        (of two classes the second alone), or ``predict`` of a regressor.

    Raises
    ------
    InvalidArgument
        If it is not fitted, or has a layer that we have not.
    """
    try:
        coefs, intercepts = list(mlp.coefs_), list(mlp.intercepts_)
        named, output = mlp.activation, mlp.out_activation_
    except AttributeError as error:
        raise InvalidArgument(
            f"{type(mlp).__name__} is no fitted multi-layer perceptron ({error}): fit it first"
        ) from None
    hidden = [named] * (len(coefs) - 1) if isinstance(named, str) else list(named)
    output = _OURS.get(output, output)
    if output not in _COSTS:
        raise InvalidArgument(
            f"the output activation {output!r} is not among ours: {', '.join(_COSTS)}"
        )
    if len(coefs) != len(intercepts):
        raise InvalidArgument(
            f"coefs_ has {len(coefs)} arrays and intercepts_ {len(intercepts)}: they belong together"
        )
    layers = [
        (f"layer {l}", np.asarray(w).T, np.asarray(b))
        for l, (w, b) in enumerate(zip(coefs, intercepts, strict=True))
    ]
    return network_of(layers, [_OURS.get(n, n) for n in hidden], _COSTS[output], output)


def to_sklearn(
    network: Network, *, classes: Sequence[Any] | None = None, multilabel: bool = False
) -> Any:
    """A fitted scikit-learn estimator with the same outputs; it may be trained on by partial_fit.

    Parameters
    ----------
    network : Network
        Hidden layers all of one activation that scikit-learn has: identity, sigmoid, tanh, relu.
    classes : sequence, optional
        Labels, sorted, one for each output (two for a single sigmoid); by default 0, 1, 2, ...
    multilabel : bool
        Whether each sigmoid is a question of its own; else the largest output decides.

    Returns
    -------
    MLPClassifier or MLPRegressor
        A regressor where the outputs are the identity.  Of a softmax over two classes, one
        sigmoid of the difference is made, since scikit-learn has it so.

    Raises
    ------
    InvalidArgument
        If scikit-learn has no such network, or the classes do not fit.
    MissingExtra
        If scikit-learn is not installed.
    """
    try:
        from sklearn.neural_network import MLPClassifier, MLPRegressor
    except ImportError:
        raise MissingExtra("to_sklearn", "sklearn") from None

    names = [activation.name for activation in network.activations]
    hidden, output = set(names[:-1]), names[-1]
    if len(hidden) > 1 or hidden - set(_THEIRS):
        raise InvalidArgument(
            f"the hidden layers are {', '.join(names[:-1])}: scikit-learn has one activation for "
            f"all of them, of {', '.join(_THEIRS)}"
        )
    if output not in _COSTS:
        raise InvalidArgument(
            f"the output is {output}: scikit-learn has {', '.join(_COSTS)} there, and no other"
        )
    layers = dense_layers(network.layers, "scikit-learn")
    coefs = [np.array(layer.weights.T, order="C") for layer in layers]
    intercepts = [layer.biases.copy() for layer in layers]
    made = MLPRegressor if output == "identity" else MLPClassifier
    mlp = made(
        hidden_layer_sizes=network.sizes[1:-1],
        activation=_THEIRS[hidden.pop()] if hidden else "relu",
    )
    if output == "identity":
        if classes is not None or multilabel:
            raise InvalidArgument("identity outputs make a regressor, which has no classes")
        mlp.out_activation_ = "identity"
    else:
        if output == "softmax" and network.n_outputs == 2:
            # softmax(z)_1 = σ(z_1 - z_0)
            coefs[-1] = coefs[-1][:, 1:] - coefs[-1][:, :1]
            intercepts[-1] = intercepts[-1][1:] - intercepts[-1][:1]
            output = "sigmoid"
        if output == "softmax" and (multilabel or network.n_outputs == 1):
            raise InvalidArgument("a softmax chooses one class of several: it is no multilabel")
        _give_classes(mlp, coefs[-1].shape[1], classes, multilabel)
        mlp.out_activation_ = "softmax" if output == "softmax" else "logistic"
    mlp.coefs_, mlp.intercepts_ = coefs, intercepts
    mlp.n_layers_, mlp.n_outputs_ = len(coefs) + 1, coefs[-1].shape[1]
    mlp.n_features_in_ = network.n_inputs
    # What partial_fit goes on from, as if no epoch had been.
    mlp.n_iter_, mlp.t_, mlp.loss_curve_, mlp.best_loss_ = 0, 0, [], np.inf
    mlp._no_improvement_count = 0
    mlp.validation_scores_ = mlp.best_validation_score_ = None
    return mlp


def _give_classes(mlp: Any, n_outputs: int, classes: Any, multilabel: bool) -> None:
    from sklearn.preprocessing import LabelBinarizer

    n_classes = 2 if n_outputs == 1 and not multilabel else n_outputs
    labels = np.arange(n_classes) if classes is None else np.asarray(classes)
    if labels.shape != (n_classes,) or len(np.unique(labels)) != n_classes:
        raise InvalidArgument(
            f"classes has shape {labels.shape}: this network needs {n_classes} different labels"
        )
    if not (np.sort(labels) == labels).all():
        raise InvalidArgument("classes is not sorted, as scikit-learn's classes_ always are")
    if n_outputs == 2 and not multilabel:
        raise InvalidArgument(
            "two sigmoids for two classes have no counterpart in scikit-learn: say multilabel=True, "
            "or train a softmax or a single sigmoid"
        )
    binarizer = LabelBinarizer()
    if multilabel:
        binarizer.fit(np.vstack([np.zeros(n_classes, int), np.ones(n_classes, int)]))
        binarizer.classes_ = labels
    else:
        binarizer.fit(labels)
    mlp._label_binarizer, mlp.classes_ = binarizer, binarizer.classes_
