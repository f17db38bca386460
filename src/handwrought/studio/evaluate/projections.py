"""A layer's activations for many images, laid out in the plane: near are images it takes for alike."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.studio.server.background import Say

__all__ = ["has_tsne", "pca", "tsne"]

Array = NDArray[Any]

_STAGES = 4
_STEPS = 250
_DIMENSIONS = 50


def pca(points: Array, dimensions: int = 2) -> tuple[Array, Array]:
    """The directions in which points differ most (Pearson 1901), by the singular value decomposition.

    With X the points less their mean and X = U S Vᵀ, the places are U S, and each direction's part
    of the variance is s² / Σ s².  The sign of each direction is free: the point farthest out lies on
    its positive side.

    Parameters
    ----------
    points : array, shape (n, neurons)
    dimensions : int

    Returns
    -------
    places : array of float64, shape (n, dimensions)
        Columns of 0 where there are fewer directions than that.
    shares : array, shape (dimensions,)
        Of the variance; they are 0 where all points are the same.
    """
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    found = min(dimensions, len(s))
    places, shares = np.zeros((len(points), dimensions)), np.zeros(dimensions)
    places[:, :found] = u[:, :found] * s[:found]
    total = float(s @ s)
    if total > 0:
        shares[:found] = s[:found] ** 2 / total
    farthest = places[np.abs(places).argmax(axis=0), np.arange(dimensions)]
    return places * np.where(farthest < 0, -1.0, 1.0), shares


def has_tsne() -> bool:
    """Whether scikit-learn, which does t-SNE, is installed."""
    return find_spec("sklearn") is not None


def tsne(points: Array, say: Say) -> Array:
    """Neighbours stay neighbours (van der Maaten and Hinton 2008), by scikit-learn.

    Parameters
    ----------
    points : array, shape (n, neurons)
        At least 4; more than 50 numbers each are reduced to 50 by PCA first.
    say : callable
        Told what is being done and what share of it is done.

    Returns
    -------
    array of float64, shape (n, 2)

    Raises
    ------
    InvalidArgument
        If scikit-learn is not installed.

    Notes
    -----
    It begins where PCA puts the points, so that it comes out the same each time.  The steps are
    taken in four stages, each from where the last one ended; scikit-learn tells nothing in between.
    """
    if not has_tsne():
        raise InvalidArgument(
            "t-SNE needs scikit-learn, which is not installed: pip install scikit-learn"
        )
    say("Loading scikit-learn", 0.0)
    from sklearn.manifold import TSNE

    reduced, _ = pca(points, min(_DIMENSIONS, points.shape[1], len(points)))
    places = reduced[:, :2] if reduced.shape[1] > 1 else np.hstack([reduced, 0 * reduced])
    # As scikit-learn begins by itself: small, so that no pair starts too far apart to meet.
    places = places * (1e-4 / max(float(places[:, 0].std()), 1e-30))
    for stage in range(_STAGES):
        say("Neighbours find each other", (stage + 0.3) / _STAGES)
        made = TSNE(
            init=np.asarray(places, np.float32),
            perplexity=min(30.0, (len(points) - 1) / 3),
            early_exaggeration=12.0 if stage == 0 else 1.0,
            max_iter=_STEPS,
            random_state=0,
            n_jobs=1,
        )
        places = made.fit_transform(reduced)
    return np.asarray(places, np.float64)
