"""Images and labels: a split, a data set of splits, and batches of them as floats.

Images stay uint8, ink bright on black, until the moment a batch is made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handwrought.data.digests import digest_of_arrays
from handwrought.errors import DataError, InvalidArgument

__all__ = ["BatchReader", "Dataset", "Split", "one_hot"]

Array = NDArray[Any]


_MOST = float(np.finfo(np.float32).max)
"""Training is in float32, where a larger number is infinite."""


def _fits(values: Array) -> bool:
    """Whether all are finite in float32, too; two numbers say so, without an array of answers."""
    return not values.size or (float(values.min()) >= -_MOST and float(values.max()) <= _MOST)


def one_hot(
    labels: Array, n_classes: int, dtype: DTypeLike = np.float32, out: Array | None = None
) -> Array:
    """Rows of 0 with a 1 at the label: labels (n,) to (n, n_classes)."""
    if labels.ndim != 1:
        raise InvalidArgument(f"labels has shape {labels.shape}: give one for each example, (n,)")
    if labels.dtype.kind not in "iu":  # booleans would be taken for a mask
        raise InvalidArgument(f"labels has dtype {labels.dtype}: class labels are integers")
    if out is None:
        out = np.empty((len(labels), n_classes), dtype)
    out.fill(0)
    out[np.arange(len(labels)), labels] = 1
    return out


@dataclass(frozen=True, eq=False)
class Split:
    """Examples and their labels.

    Attributes
    ----------
    images : array
        uint8 (n, height, width), ink bright on black; or a table of floats (n, n_features).
    labels : array
        Integer class labels (n,), or booleans, which are kept as 0 and 1; or float targets
        (n, n_out).
    n_classes : int
        Classes, or n_out where labels are targets.
    name : str
        "training", "validation", "test": for messages.

    Raises
    ------
    DataError
        If the counts differ, a label is out of range or a value is not finite.
    """

    images: Array
    labels: Array
    n_classes: int = 10
    name: str = ""

    def __post_init__(self) -> None:
        where = f"{self.name or 'data'}: "
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        if labels.dtype == bool and labels.ndim == 1:  # as an index they would be a mask
            labels = labels.astype(np.uint8)
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)
        if images.ndim not in (2, 3) or (images.ndim == 3 and images.dtype != np.uint8):
            raise DataError(
                f"{where}images has shape {images.shape} and dtype {images.dtype}: give uint8 "
                f"images (n, height, width) or a table of floats (n, n_features)"
            )
        if labels.ndim not in (1, 2) or len(labels) != len(images):
            raise DataError(
                f"{where}labels has {labels.shape[0] if labels.ndim else 0:,} entries but images "
                f"has {len(images):,}: the files belong to different downloads"
            )
        if not all(images.shape[1:]):
            raise DataError(f"{where}images has shape {images.shape}: an example without a value")
        if images.dtype.kind == "f" and not _fits(images):
            row, column = np.argwhere(~(np.abs(images.astype(float)) <= _MOST))[0]
            raise DataError(
                f"{where}row {row}, column {column} is {images[row, column]}: "
                f"every value must be a finite number; fill in or drop that row"
            )
        if images.dtype.kind not in "fiub":
            raise DataError(f"{where}images has dtype {images.dtype}: it must hold numbers")
        if labels.ndim == 1:
            self._check_classes(labels, where)
        elif labels.shape[1] != self.n_classes:
            raise DataError(
                f"{where}targets have shape {labels.shape}: give {self.n_classes} for each example"
            )
        elif labels.dtype.kind != "f" or not _fits(labels):
            raise DataError(f"{where}targets must be finite floats, and are {labels.dtype}")

    def _check_classes(self, labels: Array, where: str) -> None:
        if labels.dtype.kind not in "iu":
            raise DataError(f"{where}labels has dtype {labels.dtype}: class labels are integers")
        wrong = np.flatnonzero((labels < 0) | (labels >= self.n_classes))
        if len(wrong):
            raise DataError(
                f"{where}label {labels[wrong[0]]} at index {wrong[0]} is out of range: "
                f"{self.n_classes} classes are numbered 0 to {self.n_classes - 1}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: slice | Array) -> Split:
        return Split(self.images[chosen], self.labels[chosen], self.n_classes, self.name)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.images.shape[1:]))
        return f"<Split {self.name}: {len(self):,} of {shape}, {self.n_classes} classes>"

    @property
    def n_inputs(self) -> int:
        """Numbers that one example has: 784 for 28 x 28 pixels."""
        return int(np.prod(self.images.shape[1:]))

    def digest(self) -> str:
        """Of images, labels and classes as they are now, in 64 digits."""
        labels = self.labels if self.labels.dtype.kind == "f" else self.labels.astype(np.int64)
        return digest_of_arrays(self.images, labels, np.array(self.n_classes, np.int64))

    def inputs(self, indices: Array | slice | None = None, dtype: DTypeLike = np.float32) -> Array:
        """Examples as floats (m, n_inputs): pixels / 255, tables as they are."""
        chosen = self._chosen(self.images, indices)
        rows = chosen.reshape(len(chosen), self.n_inputs)
        if rows.dtype == np.uint8:
            scaled: Array = np.multiply(rows, np.asarray(1 / 255, dtype), dtype=dtype)
            return scaled
        return rows.astype(dtype)

    def targets(self, indices: Array | slice | None = None, dtype: DTypeLike = np.float32) -> Array:
        """One-hot rows (m, n_classes), or the float targets."""
        chosen = self._chosen(self.labels, indices)
        if chosen.ndim == 2:
            return chosen.astype(dtype)
        return one_hot(chosen, self.n_classes, dtype)

    def _chosen(self, array: Array, indices: Array | slice | None) -> Array:
        if isinstance(indices, np.ndarray) and indices.ndim != 1:
            raise InvalidArgument(f"indices has shape {indices.shape}: give (m,)")
        return array if indices is None else array[indices]

    def reader(self, capacity: int, dtype: DTypeLike = np.float32) -> BatchReader:
        """Buffers of one training run, for batches of up to ``capacity``."""
        return BatchReader(self, capacity, dtype)


class BatchReader:
    """Makes float batches of a split in buffers that are allocated once."""

    def __init__(self, split: Split, capacity: int, dtype: DTypeLike) -> None:
        self._rows = split.images.reshape(len(split), split.n_inputs)
        self._labels = split.labels
        self._bytes = self._rows.dtype == np.uint8
        self._raw = np.empty((capacity, split.n_inputs), self._rows.dtype)
        self._x = np.empty((capacity, split.n_inputs), dtype)
        self._y = np.zeros((capacity, split.n_classes), dtype)
        self._scale = self._x.dtype.type(1 / 255)
        self._at = np.arange(capacity)

    def read(self, indices: Array) -> tuple[Array, Array]:
        """x (m, n_inputs) and y (m, n_classes) of these examples: views, good until the next."""
        m = len(indices)
        raw, x, y = self._raw[:m], self._x[:m], self._y[:m]
        # "clip" lets NumPy write straight into out; the indices are a permutation's, all in range.
        np.take(self._rows, indices, axis=0, out=raw, mode="clip")
        if self._bytes:
            np.multiply(raw, self._scale, out=x)
        else:
            x[...] = raw
        if self._labels.ndim == 2:
            y[...] = self._labels[indices]
        else:
            y.fill(0)
            y[self._at[:m], self._labels[indices]] = 1
        return x, y


@dataclass(frozen=True, eq=False)
class Dataset:
    """Splits that belong together.

    Attributes
    ----------
    name : str
    train, validation, test : Split
        ``validation`` and ``test`` may be None where a file has none.
    full_train : Split
        Training and validation together, for a final training.
    class_names : tuple of str
    """

    name: str
    train: Split
    validation: Split | None
    test: Split | None
    full_train: Split
    class_names: tuple[str, ...]

    @classmethod
    def with_held_out(
        cls,
        name: str,
        full_train: Split,
        test: Split | None,
        class_names: tuple[str, ...],
        held_out: int | None = None,
    ) -> Dataset:
        """Split off the last ``held_out`` training examples (a sixth, as MNIST's) to validate on."""
        if len(full_train) < 2:
            raise DataError(
                f"{name} has {len(full_train)} training examples: at least 2 are needed, "
                f"one to train on and one to validate on"
            )
        n = max(1, len(full_train) // 6) if held_out is None else held_out
        train, validation = full_train[: len(full_train) - n], full_train[len(full_train) - n :]
        return cls(
            name,
            Split(train.images, train.labels, train.n_classes, "training"),
            Split(validation.images, validation.labels, train.n_classes, "validation"),
            test,
            full_train,
            class_names,
        )
