"""Evaluate's map: a layer's activations for some of the test images, in the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.evaluation.robustness import evenly_chosen
from handwrought.report.subject import Subject
from handwrought.studio.evaluate.projections import pca, tsne
from handwrought.studio.server.background import Say

__all__ = ["POINTS", "MapSeen", "map_seen"]

POINTS = 1500
"""Images on the map."""


@dataclass(frozen=True, eq=False)
class MapSeen:
    """Images in the plane.

    Attributes
    ----------
    places : array, shape (n, 2)
    shares : list of float
        The part of the variance along each direction; empty for t-SNE.
    at, labels, said : list of int
        Of each point.
    """

    places: NDArray[Any]
    shares: list[float]
    at: list[int]
    labels: list[int]
    said: list[int]
    done: Literal[True] = True


def map_seen(subject: Subject, layer: int, method: str, say: Say) -> MapSeen:
    """A layer's activations in the plane; layers count from 1, the input.

    Raises
    ------
    InvalidArgument
        If there is no such layer, or scikit-learn is missing for t-SNE.
    """
    sizes = subject.model.network.sizes
    if not 1 <= layer <= len(sizes):
        raise InvalidArgument(f"layer is {layer}: this network has layers 1 to {len(sizes)}")
    say("Feeding forward", 0.0)
    chosen = evenly_chosen(len(subject.split), POINTS)
    points = subject.model.activations(subject.split.images[chosen])[layer - 1]
    if method == "tsne":
        places, shares = tsne(points, say), []
    else:
        say("Finding the principal components", 0.3)
        places, found = pca(points)
        shares = found.tolist()
    labels, said = subject.result.labels[chosen], subject.result.predictions[chosen]
    return MapSeen(places, shares, chosen.tolist(), labels.tolist(), said.tolist())
