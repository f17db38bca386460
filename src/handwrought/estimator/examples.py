"""The examples of a fit: rows made ready a batch at a time, from arrays, bytes or sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from handwrought.data.dataset import one_hot
from handwrought.errors import InvalidArgument

__all__ = ["Examples", "HeldOut", "Reader", "rows_at_once"]

Array = NDArray[Any]
_CELLS = 2**21
"""Numbers in one part of a pass through all examples: 8 MB of float32, however wide they are."""


def rows_at_once(n: int, width: int) -> int:
    """Examples in one part of a pass through n of them."""
    return max(1, min(n, _CELLS // max(1, width)))


@dataclass(frozen=True, eq=False)
class Examples:
    """What is trained or validated on.

    Attributes
    ----------
    X : array or CSR matrix, shape (n, n_in)
        float32, float64 or uint8; never copied, never made dense as a whole.
    y : array
        Class numbers (n,), made one-hot a batch at a time; or targets (n, n_out).
    n_out : int
    weights : array, shape (n,), optional
        Mean 1, so that an example's share of a mini-batch of m is its weight / m.
    total : float
        Sum of the sample weights as they were given: n where there are none.
    """

    X: Any
    y: Array
    n_out: int
    weights: Array | None
    total: float

    @classmethod
    def weighted(cls, X: Any, y: Array, n_out: int, weights: Array | None) -> Examples:
        """With sample weights as they were given: a weight of 0 is a row that is not there."""
        if weights is None:
            return cls(X, y, n_out, None, float(X.shape[0]))
        there = np.flatnonzero(weights)
        if not len(there):
            raise InvalidArgument(
                "sample_weight, times class_weight, is zero for every row: there is nothing to learn from"
            )
        if len(there) < len(weights):
            X, y, weights = X[there], y[there], weights[there]
        total = float(weights.sum(dtype=np.float64))
        return cls(X, y, n_out, weights * (len(weights) / total), total)

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def reader(self, capacity: int, dtype: Any) -> Reader:
        """Buffers for batches of up to ``capacity``."""
        return Reader(self, capacity, np.dtype(dtype))


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A validation set: as examples for the loss, and as it came for the score."""

    examples: Examples
    X: Any
    y: Array
    weights: Array | None


class Reader:
    """Makes dense batches of the network's dtype, in buffers that are allocated once."""

    def __init__(self, examples: Examples, capacity: int, dtype: np.dtype[Any]) -> None:
        self.examples = examples
        self.dtype = dtype
        self.capacity = capacity
        X = examples.X
        self._sparse = sparse.issparse(X)
        self._as_is = not self._sparse and X.dtype == dtype
        self._x = np.empty((capacity, X.shape[1]), dtype)
        self._raw = None if self._sparse or self._as_is else np.empty_like(self._x, X.dtype)
        self._y = np.empty((capacity, examples.n_out), dtype)
        weights = examples.weights
        self._weights = None if weights is None else weights.astype(dtype, copy=False)

    def read(self, chosen: slice | Array) -> tuple[Array, Array, Array | None]:
        """x (m, n_in), y (m, n_out) and weights (m,) of these rows: good until the next call."""
        weights = self._weights
        return (
            self.inputs(chosen),
            self._targets(chosen),
            None if weights is None else weights[chosen],
        )

    def inputs(self, chosen: slice | Array) -> Array:
        """x (m, n_in) of these rows: good until the next call."""
        X = self.examples.X
        if self._sparse:
            rows = X[chosen]
            out = self._x[: rows.shape[0]]
            if rows.dtype == self.dtype:
                return rows.toarray(out=out)
            out[...] = rows.toarray()
            return out
        if isinstance(chosen, slice):
            return np.ascontiguousarray(X[chosen], dtype=self.dtype)
        out = self._x[: len(chosen)]
        into = out if self._raw is None else self._raw[: len(chosen)]
        # "clip" lets NumPy write straight into out; the indices are a permutation's, all in range.
        np.take(X, chosen, axis=0, out=into, mode="clip")
        if into is not out:
            out[...] = into
        return out

    def _targets(self, chosen: slice | Array) -> Array:
        y = self.examples.y[chosen]
        out = self._y[: len(y)]
        if y.ndim == 1:
            return one_hot(y, self.examples.n_out, out=out)
        out[...] = y
        return out
