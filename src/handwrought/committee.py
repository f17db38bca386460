"""Committees: the mean opinion of networks, and of one network on an image moved or turned a little."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.representations import deskewed
from handwrought.data.test_time_augmentation import rotations
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.floating_point import with_default_errstate
from handwrought.model import Model

__all__ = ["Committee"]

Array = NDArray[Any]

_ROWS = 2000


def _outputs(model: Model, images: Array, shifts: int) -> Array:
    """The mean of a member's outputs over images moved by up to ``shifts`` pixels, each way."""
    if not shifts:
        return np.asarray(model.outputs(images), np.float64)
    moves = list(product(range(-shifts, shifts + 1), repeat=2))
    out = np.zeros((len(images), model.network.n_outputs))
    for start in range(0, len(images), _ROWS):
        part = slice(start, start + _ROWS)
        seen = deskewed(images[part], model.representation)
        for move in moves:
            x = model.inputs_of_deskewed(_moved(seen, *move))
            out[part] += model.network.feedforward(x)
    return np.asarray(out / len(moves))


def _moved(images: Array, down: int, right: int) -> Array:
    """The images moved by whole pixels; what leaves on one side does not come back on the other."""
    if not down and not right:
        return images
    out = np.zeros_like(images)
    height, width = images.shape[1:]
    out[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = images[
        :, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return out


class Committee:
    """Members that vote with their outputs, each as much as any other.

    Parameters
    ----------
    members : sequence of Model
        At least one; all of the same number of inputs and classes.

    Raises
    ------
    InvalidArgument
        If there is none, or they do not fit together.
    """

    def __init__(self, members: Sequence[Model]) -> None:
        ends = {(m.network.n_inputs, m.network.n_outputs) for m in members}
        if len(ends) != 1:
            raise InvalidArgument(
                f"{len(members)} members with inputs and outputs {sorted(ends)} make no committee: "
                f"give at least one, all alike"
            )
        self.members = tuple(members)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Committee:
        """The committee of a folder that ``handwrought train --committee`` made, or of one model."""
        path = Path(path)
        files = sorted(path.glob("member-*/model.safetensors")) if path.is_dir() else [path]
        if not files:
            raise ModelFileError(f"{path} holds no member-1/model.safetensors: it is no committee")
        return cls([Model.load(file) for file in files])

    @with_default_errstate
    def outputs(self, images: Array, shifts: int = 0, *, rotated: bool = False) -> Array:
        """The members' mean, over the images as they are and rotated if that is asked for.

        Parameters
        ----------
        images : array of uint8, shape (n, height, width)
        shifts : int
            1: nine ways, each axis by -1, 0 and 1 pixel; 0: as they are.
        rotated : bool
            Whether to average over :func:`handwrought.data.test_time_augmentation.rotations`.

        Returns
        -------
        array of float64, shape (n, n_outputs)
        """
        seen = rotations(images) if rotated else [images]
        parts = [_outputs(member, each, shifts) for each in seen for member in self.members]
        return np.asarray(np.mean(parts, axis=0))
