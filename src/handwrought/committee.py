"""Committees: the mean opinion of networks, and of one network on an image moved or turned a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.looks import looks
from handwrought.data.representations import REPRESENTATIONS, deskewed, extract_features
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.floating_point import with_default_errstate
from handwrought.nn.network import Network
from handwrought.storage import read_model

__all__ = ["Committee", "Member"]

Array = NDArray[Any]

_ROWS = 2000


@dataclass(frozen=True, eq=False)
class Member:
    """A network and the representation in which it sees images.

    Attributes
    ----------
    network : Network
    representation : str
        One of :data:`handwrought.data.representations.REPRESENTATIONS`.
    """

    network: Network
    representation: str = "as-is"

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Member:
        """A model file's network, and the representation in which it was trained.

        Raises
        ------
        ModelFileError
            If the file cannot be trusted, or names no representation that there is.
        """
        header, network = read_model(path)
        representation = header["representation"]
        if representation not in REPRESENTATIONS:
            raise ModelFileError(
                f"{path}: it sees digits {representation!r}, which is none of {', '.join(REPRESENTATIONS)}"
            )
        return cls(network, representation)

    @with_default_errstate
    def outputs(self, images: Array, shifts: int = 0) -> Array:
        """The mean of the network's outputs over the image moved by up to ``shifts`` pixels.

        Parameters
        ----------
        images : array of uint8, shape (n, height, width)
        shifts : int
            0: the images as they are; 1: nine ways, each axis by -1, 0 and 1 pixel.

        Returns
        -------
        array of float64, shape (n, n_outputs)
        """
        moves = list(product(range(-shifts, shifts + 1), repeat=2))
        out = np.zeros((len(images), self.network.n_outputs))
        for start in range(0, len(images), _ROWS):
            seen = deskewed(images[start : start + _ROWS], self.representation)
            for move in moves:
                x = extract_features(_moved(seen, *move), self.representation)
                x = x.reshape(len(seen), -1).astype(self.network.dtype)
                x *= self.network.dtype.type(1 / 255)
                out[start : start + len(seen)] += self.network.feedforward(x)
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
    members : sequence of Member
        At least one; all of the same number of inputs and classes.

    Raises
    ------
    InvalidArgument
        If there is none, or they do not fit together.
    """

    def __init__(self, members: Sequence[Member]) -> None:
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
        return cls([Member.load(file) for file in files])

    @with_default_errstate
    def outputs(self, images: Array, shifts: int = 0, *, turned: bool = False) -> Array:
        """The members' mean, over the images as they are and turned if that is asked for.

        Parameters
        ----------
        images : array of uint8, shape (n, height, width)
        shifts : int
            See :meth:`Member.outputs`.
        turned : bool
            Whether to average over :func:`handwrought.data.looks.looks`.

        Returns
        -------
        array of float64, shape (n, n_outputs)
        """
        seen = looks(images) if turned else [images]
        parts = [member.outputs(each, shifts) for each in seen for member in self.members]
        return np.asarray(np.mean(parts, axis=0))
