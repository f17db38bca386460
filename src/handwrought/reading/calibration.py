"""Confidence that means what it says: one temperature, fitted on images not trained on."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument
from handwrought.nn.network import Network
from handwrought.reading.recognizer import Recognizer

__all__ = ["fit_temperature", "mean_cost"]

_RANGE = (0.2, 5.0)


def fit_temperature(network: Network, split: Split, representation: str = "as-is") -> float:
    """The temperature that gives the labels the largest likelihood (Guo et al. 2017, section 4.2).

    Parameters
    ----------
    network : Network
        784 inputs, twice that where the representation is of strokes; 10 outputs.
    split : Split
        Images that it was not trained on.
    representation : str
        How the network sees them; see :mod:`handwrought.data.representations`.

    Returns
    -------
    float
        From 0.2 to 5; below 1 where the network is too modest, above where it is too sure.

    Raises
    ------
    InvalidArgument
        If the split is empty.
    ModelFileError
        If the network does not read digits.
    """
    # Once through the network: the odds at temperature T are those at 1 to the power of 1/T.
    p = _probabilities(network, split, representation)
    labels = split.labels
    found = minimize_scalar(
        lambda temperature: _cost(p, labels, temperature), bounds=_RANGE, method="bounded"
    )
    return float(found.x)


def mean_cost(
    network: Network, split: Split, temperature: float, representation: str = "as-is"
) -> float:
    """Mean of -ln p of the label, p as a recognizer with this temperature says it."""
    return _cost(_probabilities(network, split, representation), split.labels, temperature)


def _probabilities(network: Network, split: Split, representation: str) -> np.ndarray:
    if not len(split):
        raise InvalidArgument("a temperature is fitted on images, and there is none")
    return Recognizer(network, representation=representation).probabilities(split.images)


def _cost(p: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    z = np.log(np.maximum(p, 1e-30)) / temperature
    z -= z.max(axis=1, keepdims=True)
    of_label = z[np.arange(len(z)), labels] - np.log(np.exp(z).sum(axis=1))
    return float(-of_label.mean())
