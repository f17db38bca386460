"""How accuracy falls when the images are turned, moved, scaled, blurred, thickened or made noisy.

Unlike an augmentation, which draws its changes at random, each curve takes the same exact amounts
for all images, so that two networks can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.imaging.blur import blur
from handwrought.imaging.morphology import thicken
from handwrought.imaging.sampling import affine, rotate
from handwrought.model import Model
from handwrought.nn.network import Network

__all__ = [
    "CHANGES",
    "Change",
    "Curve",
    "changed",
    "evenly_chosen",
    "in_order",
    "robustness",
]

Array = NDArray[Any]

_SIDE = 28


def shifted(images: Array, pixels: float) -> Array:
    """Moved: image i to the right, down, left or up as i mod 4 is 0, 1, 2 or 3."""
    out = np.empty_like(images)
    for i, (down, right) in enumerate(((0, 1), (1, 0), (0, -1), (-1, 0))):
        out[i::4] = affine(images[i::4], np.eye(2), (down * pixels, right * pixels))
    return out


def scaled(images: Array, factor: float) -> Array:
    """Made larger (above 1) or smaller about the centre, bilinearly."""
    return affine(images, np.eye(2) / factor)


def noisy(images: Array, deviation: float) -> Array:
    """Gaussian noise of this standard deviation added, where white is 1; always the same noise."""
    return np.asarray(np.clip(images + np.float32(deviation) * _noise(images.shape), 0, 1))


@lru_cache(maxsize=1)
def _noise(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def blurred(images: Array, sigma: float) -> Array:
    """Smoothed by a Gaussian of this standard deviation in pixels; black outside."""
    return blur(images, sigma) if sigma else images


@dataclass(frozen=True)
class Change:
    """One way to change images, and by how much.

    Attributes
    ----------
    name, unit : str
    apply : function of images (n, height, width), float32 from 0 to 1, and an amount
    amounts : tuple of float
        In order; lengths are in pixels of an image of 28, and grow with it.
    harmless : float
        The amount that changes nothing.
    length : bool
        Whether amounts are in pixels.
    """

    name: str
    unit: str
    apply: Callable[[Array, float], Array]
    amounts: tuple[float, ...]
    harmless: float = 0.0
    length: bool = False


CHANGES = (
    Change("rotation", "degrees", rotate, (-60, -45, -30, -15, 0, 15, 30, 45, 60)),
    Change("shift", "pixels", shifted, (0, 1, 2, 3, 4, 5, 6), length=True),
    Change("scale", "times the size", scaled, (0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6), harmless=1),
    Change("noise", "of white", noisy, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
    Change("blur", "pixels", blurred, (0, 0.5, 1, 1.5, 2, 2.5, 3), length=True),
    Change("thickness", "pixels", thicken, (-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2), length=True),
)


_ORDER = ("thickness", "scale", "rotation", "shift", "blur", "noise")
"""As it would happen to a digit: it is written, laid down, and photographed."""


@with_default_errstate
def changed(images: Array, amounts: Mapping[str, float]) -> Array:
    """Several changes at once, each by its amount; a change that is not named leaves all as it is.

    Parameters
    ----------
    images : array of float32, shape (n, height, width), from 0 to 1
    amounts : mapping of str to float
        Names of :data:`CHANGES`.

    Raises
    ------
    InvalidArgument
        If a name is none of them, or these are no images.
    """
    if images.ndim != 3:
        raise InvalidArgument(f"images has shape {images.shape}: give (n, height, width)")
    for change, amount in in_order(amounts):
        images = change.apply(images, amount)
    return images


def in_order(amounts: Mapping[str, float]) -> list[tuple[Change, float]]:
    """The changes that :func:`changed` makes, one after the other.

    Raises
    ------
    InvalidArgument
        If a name is no change's.
    """
    named = {change.name: change for change in CHANGES}
    unknown = sorted(set(amounts) - set(named))
    if unknown:
        raise InvalidArgument(f"there is no change {unknown[0]!r}: choose from {', '.join(named)}")
    wanted = [(named[name], amounts.get(name, named[name].harmless)) for name in _ORDER]
    return [(change, amount) for change, amount in wanted if amount != change.harmless]


@dataclass(frozen=True, eq=False)
class Curve:
    """Accuracy at each amount of one change.

    Attributes
    ----------
    change : Change
    amounts : tuple of float
        The change's, in pixels of these images where they are lengths.
    right : tuple of int
        Images read right at each amount, of ``n``.
    n : int
    samples : array of float32, shape (amounts, height, width), from 0 to 1
        One image, changed by each amount.
    """

    change: Change
    amounts: tuple[float, ...]
    right: tuple[int, ...]
    n: int
    samples: Array

    @property
    def accuracy(self) -> Array:
        """Shape (amounts,)."""
        return np.array(self.right) / self.n


def evenly_chosen(n: int, most: int) -> NDArray[np.intp]:
    """Up to ``most`` of n indices, evenly spread: the ends of a data set often differ."""
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
        raise InvalidArgument(f"{most!r} images cannot be measured: give a whole number above 0")
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


@with_default_errstate
def robustness(model: Network | Model, split: Split, most: int = 2000) -> Iterator[Curve]:
    """A curve for each of :data:`CHANGES`, one after the other.

    Parameters
    ----------
    model : Network or Model
    split : Split
        Images, with class labels.
    most : int
        Images measured at most, evenly spread over the split.

    Raises
    ------
    InvalidArgument
        If the split holds tables, or ``most`` is below 1.
    """
    if split.images.ndim != 3:
        raise InvalidArgument("robustness needs images, and the split holds a table of numbers")
    chosen = evenly_chosen(len(split), most)
    labels = split.labels[chosen]
    images = split.inputs(chosen).reshape(len(chosen), *split.images.shape[1:])
    model = Model.of(model)
    unchanged = model.outputs(images).argmax(axis=1)
    shown = int(np.argmax(unchanged == labels))  # the first that is read right
    for change in CHANGES:
        factor = min(images.shape[1:]) / _SIDE if change.length else 1.0
        amounts = tuple(amount * factor for amount in change.amounts)
        right, samples = [], []
        for amount in amounts:
            changed = change.apply(images, amount)
            right.append(int((model.outputs(changed).argmax(axis=1) == labels).sum()))
            samples.append(changed[shown])
        yield Curve(change, amounts, tuple(right), len(chosen), np.stack(samples))
