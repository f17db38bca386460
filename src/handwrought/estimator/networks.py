"""From an estimator's ``coefs_`` to a network and back.

scikit-learn's ``coefs_[l]`` is (n_in, n_out), the transpose of this project's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.estimator.examples import Examples, rows_at_once
from handwrought.floating_point import default_errstate
from handwrought.nn.activations import EXPONENTIAL, Activation
from handwrought.nn.costs import POISSON, Cost
from handwrought.nn.layers import Dense, dense_layers
from handwrought.nn.network import Network
from handwrought.nn.parameters import LayerParameters
from handwrought.nn.workspace import Workspace

__all__ = ["OUTPUTS", "adopt", "coefficients", "draw", "mean_cost", "network_of", "outputs"]

Array = NDArray[Any]

OUTPUTS: dict[str, tuple[str | Cost, str | Activation]] = {
    "softmax": ("softmax", "softmax"),
    "logistic": ("cross-entropy", "sigmoid"),
    "identity": ("quadratic", "identity"),
    "exp": (POISSON, EXPONENTIAL),
}
"""Cost and output activation for each ``out_activation_``."""


def network_of(
    sizes: Sequence[int], hidden: Sequence[str], out_activation: str, dtype: Any
) -> Network:
    """A network of zeros."""
    cost, output = OUTPUTS[out_activation]
    return Network(sizes, hidden, cost, seed=None, dtype=dtype, output_activation=output)


def draw(network: Network, random_state: np.random.RandomState) -> None:
    """Initial parameters, uniform within ±√(6 / (n_in + n_out)), biases too, and √2 for sigmoids.

    The draws are scikit-learn's (Glorot and Bengio 2010, equation 16, for weights): the same
    random_state begins with the same network there and here.
    """
    hidden = [activation.name for activation in network.activations[:-1]]
    for layer, name in zip(
        dense_layers(network.layers), [*hidden, *hidden[-1:]] or [""], strict=True
    ):
        factor = 2.0 if name == "sigmoid" else 6.0
        bound = np.sqrt(factor / (layer.n_in + layer.n_out))
        layer.weights[...] = random_state.uniform(-bound, bound, (layer.n_in, layer.n_out)).T
        layer.biases[...] = random_state.uniform(-bound, bound, layer.n_out)


def coefficients(network: Network) -> dict[str, list[Array]]:
    """``coefs_`` and ``intercepts_``, copies in C order."""
    return {
        "coefs_": [layer.weights.T.copy(order="C") for layer in dense_layers(network.layers)],
        "intercepts_": [layer.biases.copy() for layer in dense_layers(network.layers)],
    }


def adopt(network: Network, coefs: Sequence[Array], intercepts: Sequence[Array]) -> None:
    """Copy ``coefs_`` and ``intercepts_`` into a network, or say why they do not fit."""
    layers, found = dense_layers(network.layers), [np.shape(coef) for coef in coefs]
    wanted = [(layer.n_in, layer.n_out) for layer in layers]
    if found != wanted:
        raise InvalidArgument(
            f"coefs_ has shapes {found}, and hidden_layer_sizes and the data ask for {wanted}: "
            f"fit anew with warm_start=False"
        )
    for layer, coef, intercept in zip(layers, coefs, intercepts, strict=True):
        layer.weights[...] = coef.T
        layer.biases[...] = intercept


def outputs(
    X: Any,
    coefs: Sequence[Array],
    intercepts: Sequence[Array],
    hidden: Sequence[str],
    out_activation: str,
) -> Array:
    """The last layer's activations for all rows of X, shape (n, n_out): no parameter is copied."""
    names = [*hidden, OUTPUTS[out_activation][1]]
    layers = [
        Dense(coef.shape[1], name)
        .placed((coef.shape[0],))
        .with_arrays(LayerParameters({"weights": coef.T, "biases": intercept}))
        for coef, intercept, name in zip(coefs, intercepts, names, strict=True)
    ]
    dtype = coefs[0].dtype
    sizes = [coefs[0].shape[0], *(coef.shape[1] for coef in coefs)]
    n = X.shape[0]
    found = np.empty((n, sizes[-1]), dtype)
    examples = Examples(X, np.empty(n, np.intp), 1, None, n)
    capacity = rows_at_once(n, max(sizes))
    rows, workspace = examples.reader(capacity, dtype), Workspace(layers, capacity, dtype)
    with default_errstate(over="ignore", invalid="ignore"):
        for start in range(0, n, capacity):
            a = rows.inputs(slice(start, start + capacity))
            for layer, at in zip(layers, workspace.rows(len(a)), strict=True):
                a = layer.forward(a, at)
            found[start : start + len(a)] = a
    return found


def mean_cost(network: Network, examples: Examples) -> float:
    """The weighted mean of C_x over all examples."""
    capacity = rows_at_once(len(examples), max(network.sizes))
    reader = examples.reader(capacity, network.dtype)
    workspace = network.workspace(capacity)
    total = 0.0
    for start in range(0, len(examples), capacity):
        x, y, weights = reader.read(slice(start, start + capacity))
        states = workspace.rows(len(x))
        network.forward(x, states)
        costs = network.batch_costs(states, y)
        total += float(costs.sum() if weights is None else costs @ weights)
    return total / len(examples)
