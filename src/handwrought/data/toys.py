"""Toys: sets of points small enough to see whole, in a plane or on a line.

Where points lie and how far noise moves them are drawn from streams of their own, so that more
noise moves the same points further.  Points come in no order: the first so many are a fair sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument

__all__ = ["TOYS", "Toy", "toy_named"]

Array = NDArray[np.float64]
Made = tuple[Array, NDArray[Any]]
Rng = np.random.Generator


@dataclass(frozen=True)
class Toy:
    """One kind of points.

    Attributes
    ----------
    name, title : str
    n_inputs : int
        1 for a line, 2 for a plane.
    classes : bool
        Whether y is a class, 0 or 1; else it is a value of a curve.
    domain : (float, float)
        Least and greatest input worth showing, for each input.
    make : callable
        Takes n, noise and a generator each for positions and noise; gives x (n, n_inputs), y (n, 1).
    """

    name: str
    title: str
    n_inputs: int
    classes: bool
    domain: tuple[float, float]
    make: Callable[[int, float, Rng, Rng], Made]

    def points(self, n: int, noise: float = 0.0, seed: int = 0) -> tuple[Array, Array]:
        """Inputs and targets.

        Parameters
        ----------
        n : int
        noise : float
            From 0; 1 is much.  Each kind says what it does.
        seed : int

        Returns
        -------
        x : array, shape (n, n_inputs)
        y : array, shape (n, 1)

        Raises
        ------
        InvalidArgument
            If n is below 1, or noise is below 0 or not finite.
        """
        if n < 1:
            raise InvalidArgument(f"n is {n!r}: it must be a whole number of at least 1")
        if not 0 <= noise < np.inf:
            raise InvalidArgument(f"noise is {noise!r}: it must be at least 0")
        rng, noise_rng = (np.random.default_rng([seed, stream]) for stream in (0, 1))
        x, y = self.make(n, noise, rng, noise_rng)
        return x, y.astype(np.float64).reshape(n, 1)


# --- in a plane: points move by N(0, (0.6 noise)²) in each direction ---------------------------------


def _moved(x: Array, noise: float, noise_rng: Rng) -> Array:
    return x + 0.6 * noise * noise_rng.standard_normal(x.shape)


def _polar(radius: Any, angle: Any) -> Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _circles(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
    """A disc of radius 1.1 inside a ring from 1.8 to 2.7."""
    y = rng.permutation(n) % 2
    share, angle = rng.random(n), rng.uniform(0, 2 * np.pi, n)
    inner, outer = np.sqrt(1.1**2 * share), np.sqrt(1.8**2 + (2.7**2 - 1.8**2) * share)
    return _moved(_polar(np.where(y == 1, inner, outer), angle), noise, noise_rng), y


def _moons(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
    """Two half circles that reach into each other."""
    y = rng.permutation(n) % 2
    x = _polar(1.7, rng.uniform(0, np.pi, n))
    x = np.where((y == 1)[:, None], x * [1, -1] + [0.85, 0.35], x + [-0.85, -0.35])
    return _moved(x, noise, noise_rng), y


def _spirals(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
    """Two arms of one turn and a half each, the second turned by half a turn."""
    y = rng.permutation(n) % 2
    t = np.sqrt(rng.uniform(0.02, 1, n))
    return _moved(_polar(2.8 * t, 3 * np.pi * t + np.pi * y), noise, noise_rng), y


def _xor(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
    """Four quarters of a square, opposite ones alike, with a gap between them."""
    x = rng.uniform(-2.5, 2.5, (n, 2))
    x += 0.2 * np.sign(x)
    return _moved(x, noise, noise_rng), x[:, 0] * x[:, 1] > 0


def _clusters(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
    """Two round clouds: one straight line parts them."""
    y = rng.permutation(n) % 2
    centre = np.where((y == 1)[:, None], 1.2, -1.2)
    return _moved(centre + 0.5 * rng.standard_normal((n, 2)), noise, noise_rng), y


# --- on a line: y moves by N(0, (0.4 noise)²) --------------------------------------------------------


def _curve(f: Callable[[Array], Array]) -> Callable[..., Made]:
    def make(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
        x = rng.uniform(-1, 1, (n, 1))
        return x, f(x) + 0.4 * noise * noise_rng.standard_normal((n, 1))

    return make


def _dog(n: int, noise: float, rng: Rng, noise_rng: Rng) -> Made:
    """Is a dog cute?  x is the size of its eyes in cm; noise blurs where people change their mind.

    The dogs are invented: "cute" has the chance σ((x - 2.8)/width), with a width of 0.05 + noise.
    """
    x = rng.uniform(1, 5, (n, 1))
    chance = 1 / (1 + np.exp(-(x - 2.8) / (0.05 + noise)))
    return x, noise_rng.random((n, 1)) < chance


TOYS: Final[dict[str, Toy]] = {
    toy.name: toy
    for toy in (
        Toy("circles", "Circles", 2, True, (-3.2, 3.2), _circles),
        Toy("moons", "Moons", 2, True, (-3.2, 3.2), _moons),
        Toy("spirals", "Spirals", 2, True, (-3.2, 3.2), _spirals),
        Toy("xor", "Either, not both", 2, True, (-3.2, 3.2), _xor),
        Toy("clusters", "Two clouds", 2, True, (-3.2, 3.2), _clusters),
        Toy(
            *("wave", "Wave", 1, False, (-1.0, 1.0)),
            _curve(lambda x: 0.5 * np.sin(2 * np.pi * x) + 0.5 * x**2),
        ),
        Toy("step", "Step", 1, False, (-1.0, 1.0), _curve(lambda x: np.where(x > 0, 0.7, -0.7))),
        Toy("bend", "Bend", 1, False, (-1.0, 1.0), _curve(lambda x: 1.4 * np.abs(x) - 0.6)),
        Toy("line", "Line", 1, False, (-1.0, 1.0), _curve(lambda x: 0.8 * x - 0.1)),
        Toy("dog", "The dog", 1, True, (0.5, 5.5), _dog),
    )
}


def toy_named(name: str) -> Toy:
    """The toy of this name.

    Raises
    ------
    InvalidArgument
        If there is none.
    """
    if name not in TOYS:
        raise InvalidArgument(f"toy {name!r} is unknown: use one of {', '.join(TOYS)}")
    return TOYS[name]
