"""Deformed copies of images, a batch at a time: a network that sees no image twice learns more.

Simard, Steinkraus and Platt (2003), section 2: affine and elastic deformations of the training
images, interpolated bilinearly, were what brought fully connected networks below 1 % error on MNIST.
"""

# No "from __future__ import annotations": the types of the settings are read as they stand.

from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.flags import add_flags
from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.imaging.blur import blur, gaussian_matrix
from handwrought.imaging.conversion import to_float
from handwrought.imaging.morphology import thicken
from handwrought.imaging.sampling import sample
from handwrought.setting import Setting, check, settings_of

__all__ = ["Augmentation"]

Array = NDArray[Any]


_MOST = 1e6
"""No change is larger than that, whatever its unit."""


def _change(
    sentence: str,
    form: float,
    *,
    least: float = 0,
    high: float | None = None,
    below: float | None = None,
) -> Setting:
    """A change of so much and so far; ``form``: the most that a page offers."""
    high = _MOST if high is None and below is None else high
    return Setting(
        sentence, "augmentation", low=0, high=high, below=below, form=(least, form), live=True
    )


@dataclass(frozen=True)
class Augmentation:
    """How far images may be changed; every change is drawn anew for each image, and 0 is none.

    Raises
    ------
    InvalidArgument
        If a number is negative, not finite, or so large that nothing would be left of an image.
    """

    shift: Annotated[float, _change("Pixels that an image is moved at most, each way.", 6)] = 0.0
    rotation: Annotated[float, _change("Degrees that it is turned at most, each way.", 45)] = 0.0
    scale: Annotated[float, _change(
        "Share by which height and width, each for itself, grow or shrink at most: 0.15 is "
        "from 0.85 to 1.15.", 0.5, below=1
    )] = 0.0  # fmt: skip
    shear: Annotated[float, _change(
        "Degrees by which the upright leans at most, each way.", 45, below=90
    )] = 0.0  # fmt: skip
    elastic: Annotated[float, _change(
        "Standard deviation of the displacement of the paper, in pixels; Simard's α = 34 at σ "
        "= 4 is 1.4.", 3
    )] = 0.0  # fmt: skip
    elastic_sigma: Annotated[float, _change(
        "Pixels over which neighbours are displaced together: the Gaussian's standard "
        "deviation.", 8, least=2
    )] = 4.0  # fmt: skip
    thickness: Annotated[float, _change(
        "Pixels by which strokes grow or shrink at most.", 2, high=4
    )] = 0.0  # fmt: skip
    blur: Annotated[float, _change(
        "Largest standard deviation of a Gaussian blur, in pixels.", 3
    )] = 0.0  # fmt: skip
    noise: Annotated[float, _change(
        "Largest standard deviation of noise on each pixel, of a white of 1.", 0.5
    )] = 0.0  # fmt: skip
    contrast: Annotated[float, _change(
        "Share by which ink is brightened or dimmed at most.", 0.9, below=1
    )] = 0.0  # fmt: skip
    cutout: Annotated[float, _change(
        "Largest side of a square set to black, in pixels (DeVries and Taylor 2017).", 14
    )] = 0.0  # fmt: skip
    stretch: Annotated[float, _change(
        "Share of the images drawn wider, up to a square box, as forms and old scanners do.",
        1, high=1
    )] = 0.0  # fmt: skip
    flags: Annotated[float, _change(
        "Share of the ones and sevens that get what MNIST's writers leave out: a flag and a "
        "foot for 1, a bar through 7. Needs the labels.", 1, high=1
    )] = 0.0  # fmt: skip
    share: Annotated[float, _change(
        "Share of the images that are changed at all.", 1, high=1
    )] = 1.0  # fmt: skip

    def __post_init__(self) -> None:
        for name, setting in settings_of(type(self)).items():
            check(setting, getattr(self, name))
        if self.elastic and not self.elastic_sigma:
            raise InvalidArgument("elastic_sigma is 0: it must be above 0 where elastic is used")

    def times(self, strength: float) -> "Augmentation":
        """The same changes, each ``strength`` times as large."""
        if strength == 1:
            return self
        kept = ("elastic_sigma", "stretch", "flags", "share")
        sizes = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in kept}
        return replace(self, **{name: strength * size for name, size in sizes.items()})

    @with_default_errstate
    def __call__(
        self, images: Array, rng: np.random.Generator, labels: Array | None = None
    ) -> Array:
        """Changed copies of the images.

        Parameters
        ----------
        images : array, shape (n, height, width)
            uint8, or floats from 0 to 1; ink bright on black.
        rng : numpy.random.Generator
            The only source of chance.
        labels : array of int, shape (n,), optional
            The digits, for ``flags``.

        Returns
        -------
        array of float32, shape (n, height, width), from 0 to 1

        Raises
        ------
        InvalidArgument
            If these are no images, or ``flags`` is asked for without a label for each.
        """
        if images.ndim != 3 or not all(images.shape[1:]):
            raise InvalidArgument(f"images has shape {images.shape}: give (n, height, width)")
        if self.flags and labels is None:
            raise InvalidArgument("flags are for ones and sevens: give the labels, too")
        if self.flags and labels is not None and labels.shape != (len(images),):
            raise InvalidArgument(
                f"labels has shape {labels.shape}: give one for each of {len(images)} images"
            )
        x = to_float(images)
        if not len(x):
            return x
        original = x
        # Each change draws its numbers whether or not it is the last, and in this order.
        if self.flags and labels is not None:
            x = add_flags(x, labels, self.flags, rng)
        if self.thickness:
            x = thicken(x, _uniform(rng, self.thickness, len(x)))
        moved = (self.shift, self.rotation, self.scale, self.shear, self.elastic, self.stretch)
        if any(moved):
            x = sample(x, *self._sources(x, rng))
        if self.blur:
            sigmas = rng.random(len(x), dtype=np.float32) * np.float32(self.blur)
            x = blur(x, np.maximum(sigmas, np.float32(0.05)), border="cut")  # 0.05 is none at all
        if self.contrast:
            x = x * (1 + _uniform(rng, self.contrast, len(x)))[:, None, None]
        if self.noise:
            deviation = rng.random(len(x), dtype=np.float32) * np.float32(self.noise)
            x = x + rng.standard_normal(x.shape, np.float32) * deviation[:, None, None]
        if self.cutout:
            x = x * ~_squares(x.shape, self.cutout, rng)
        if self.share < 1:
            x = np.where((rng.random(len(x)) < self.share)[:, None, None], x, original)
        out: Array = np.clip(x, 0, 1)
        return out

    def _sources(self, images: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Where each pixel's value comes from: rows and columns, each of the images' shape."""
        n, height, width = images.shape
        turn = np.deg2rad(_uniform(rng, self.rotation, n))
        lean = np.tan(np.deg2rad(_uniform(rng, self.shear, n)))
        tall, wide = 1 + _uniform(rng, self.scale, n), 1 + _uniform(rng, self.scale, n)
        if self.stretch:
            wide *= _widened(images, self.stretch, rng)
        cos, sin = np.cos(turn), np.sin(turn)
        # The inverse of rotation · shear · scale, which maps a pixel to where it came from.
        down, right = _uniform(rng, self.shift, n), _uniform(rng, self.shift, n)
        y = np.arange(height, dtype=np.float32)[None, :, None] - np.float32((height - 1) / 2)
        x = np.arange(width, dtype=np.float32)[None, None, :] - np.float32((width - 1) / 2)
        y, x = y - down[:, None, None], x - right[:, None, None]
        c, s = cos[:, None, None], sin[:, None, None]
        rows, columns = c * y - s * x, s * y + c * x
        columns = (columns + lean[:, None, None] * rows) / wide[:, None, None]
        rows = rows / tall[:, None, None]
        rows += np.float32((height - 1) / 2)
        columns += np.float32((width - 1) / 2)
        if self.elastic:
            # Unit variance after smoothing, away from the border: σ² Σ k² is that of white noise.
            norms = [
                np.linalg.norm(gaussian_matrix(side, self.elastic_sigma)[side // 2])
                for side in (height, width)
            ]
            gain = self.elastic / (norms[0] * norms[1])
            for field in (rows, columns):
                noise = rng.random((n, height, width), dtype=np.float32)
                noise -= np.float32(0.5)
                noise *= np.float32(np.sqrt(12) * gain)
                field += blur(noise, self.elastic_sigma)
        return rows, columns


def _uniform(rng: np.random.Generator, most: float, n: int) -> Array:
    return (rng.random(n, dtype=np.float32) * 2 - 1) * np.float32(most)


def _widened(images: Array, share: float, rng: np.random.Generator) -> Array:
    """By how much each image is to be stretched: some up to a square box, at most thrice."""
    ink = images > 0.3
    rows, columns = ink.any(axis=2), ink.any(axis=1)
    most = np.clip(rows.sum(1) / np.maximum(columns.sum(1), 1), 1, 3)
    chosen = rng.random(len(images)) < share
    out = 1 + (most - 1) * rng.random(len(images)) * chosen
    return np.asarray(out, np.float32)


def _squares(shape: tuple[int, ...], most: float, rng: np.random.Generator) -> Array:
    """True inside one square of each image."""
    n, height, width = shape
    half = rng.random(n, dtype=np.float32)[:, None, None] * np.float32(most / 2)
    y = rng.random(n, dtype=np.float32)[:, None, None] * np.float32(height - 1)
    x = rng.random(n, dtype=np.float32)[:, None, None] * np.float32(width - 1)
    inside_y = np.abs(np.arange(height, dtype=np.float32)[None, :, None] - y) < half
    inside_x = np.abs(np.arange(width, dtype=np.float32)[None, None, :] - x) < half
    return np.asarray(inside_y & inside_x)
