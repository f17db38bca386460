"""How weights and biases begin: one function each, from a random generator and a layer's size.

An initializer takes ``(rng, n_in, n_out)`` and returns ``(weights, biases)`` in float64, of shapes
(n_out, n_in) and (n_out,).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument

__all__ = ["ALIASES", "INITIALIZERS", "Initializer", "default_initializer", "initializer_named"]

Floats = NDArray[np.float64]
Initializer = Callable[[np.random.Generator, int, int], tuple[Floats, Floats]]


def normal(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Floats, Floats]:
    """N(0, 1) for weights and biases: the article's, and Nielsen's in chapter 1.

    With 784 inputs most neurons start saturated, which is why ``lecun_normal`` exists.
    """
    biases = rng.standard_normal(n_out)
    return rng.standard_normal((n_out, n_in)), biases


def lecun_normal(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Floats, Floats]:
    """N(0, 1/n_in) for weights (LeCun et al. 1998, equation 16), N(0, 1) for biases (Nielsen,
    chapter 3)."""
    weights, biases = normal(rng, n_in, n_out)
    return weights / np.sqrt(n_in), biases


def glorot(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Floats, Floats]:
    """Uniform within ±√(6 / (n_in + n_out)), biases 0 (Glorot and Bengio 2010, equation 16)."""
    bound = np.sqrt(6.0 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_out, n_in)), np.zeros(n_out)


def he(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Floats, Floats]:
    """N(0, 2/n_in), biases 0: for activations that are zero on one half (He et al. 2015, eq. 10)."""
    return rng.standard_normal((n_out, n_in)) * np.sqrt(2.0 / n_in), np.zeros(n_out)


INITIALIZERS: Final[dict[str, Initializer]] = {
    "normal": normal,
    "lecun_normal": lecun_normal,
    "glorot": glorot,
    "he": he,
}
ALIASES: Final = {
    **dict.fromkeys(("scaled", "lecun-normal"), "lecun_normal"),
    **dict.fromkeys(("xavier", "xavier_uniform", "glorot_uniform"), "glorot"),
    **dict.fromkeys(("kaiming", "kaiming_normal", "he_normal"), "he"),
}
"""Other names that are accepted: PyTorch's, Keras's, and "scaled", ours of before."""


def default_initializer(activation: str) -> str:
    """The initializer that suits an activation: He for the ReLU family, else 1/√n_in."""
    return "he" if activation in {"relu", "leaky-relu", "silu", "gelu"} else "lecun_normal"


def initializer_named(name: str) -> Initializer:
    """The initializer of this name, or of one of its :data:`ALIASES`.

    Raises
    ------
    InvalidArgument
        If there is none; the message lists those there are.
    """
    if name == "scaled":
        warnings.warn(
            "the initializer 'scaled' is now called 'lecun_normal'",
            DeprecationWarning,
            stacklevel=5,
        )
    try:
        return INITIALIZERS[ALIASES.get(name, name)]
    except (KeyError, TypeError):
        raise InvalidArgument(
            f"initializer {name!r} is unknown: use one of {', '.join(INITIALIZERS)}"
        ) from None
