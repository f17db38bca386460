"""The embedded MNIST: 60,000 + 10,000 handwritten digits (LeCun, Cortes and Burges 1998)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from handwrought.data.dataset import Dataset, Split
from handwrought.data.idx import read_idx

__all__ = ["FOLDER", "SHA256", "load_mnist"]

FOLDER: Final = Path(__file__).parent / "files" / "mnist"

SHA256: Final = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the uncompressed files, since mirrors compress differently."""


def load_mnist() -> Dataset:
    """MNIST from the package's own files: 50,000 to train, 10,000 to validate, 10,000 to test."""
    images, labels = (read_idx(FOLDER / f"{name}.gz") for name in list(SHA256)[:2])
    test_images, test_labels = (read_idx(FOLDER / f"{name}.gz") for name in list(SHA256)[2:])
    digits = tuple("0123456789")
    return Dataset.with_held_out(
        "mnist",
        Split(images, labels, 10, "training"),
        Split(test_images, test_labels, 10, "test"),
        digits,
        held_out=10_000,
    )
