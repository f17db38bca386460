"""Data sets that are fetched once, checked, and kept.

Fashion-MNIST is checked against the SHA-256 of its uncompressed files. For the others no checksum
that we could verify is at hand: their files are read strictly, their shapes and counts must be the
published ones, and the SHA-256 seen first is kept beside the file and compared from then on.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handwrought.data import mnist
from handwrought.data.idx import idx_bytes, read_idx
from handwrought.errors import DataError, DownloadError
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import check_regular, read_regular

__all__ = ["SOURCES", "Source", "cache_folder", "load_downloaded"]

Array = NDArray[Any]
Pair = tuple[Array, Array]


@dataclass(frozen=True)
class Source:
    """Where a data set lies and what it must be."""

    mirrors: tuple[str, ...]
    files: tuple[str, ...] = tuple(mnist.SHA256)
    sha256: tuple[str, ...] = ()
    """Of the uncompressed files, in the order of ``files``; empty where none is known."""
    n_train: int = 60_000
    n_test: int = 10_000
    class_names: tuple[str, ...] = tuple("0123456789")
    transposed: bool = False
    """Stored with rows and columns exchanged."""
    installed: tuple[str, ...] = ()
    """Folders where a system package may have put the files."""
    archive: str = ""
    """A zip file that holds them all, gzipped, where no mirror gives single files."""
    inside: str = ""
    """The folder within that archive."""


SOURCES: Final[dict[str, Source]] = {
    "fashion-mnist": Source(
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        ),
        sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        class_names=(
            "T-shirt", "trouser", "pullover", "dress", "coat",
            "sandal", "shirt", "sneaker", "bag", "ankle boot",
        ),
        installed=("/usr/share/dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist"),
    ),
    "kmnist": Source(
        mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    "emnist-digits": Source(
        mirrors=(),
        files=(
            "emnist-digits-train-images-idx3-ubyte",
            "emnist-digits-train-labels-idx1-ubyte",
            "emnist-digits-test-images-idx3-ubyte",
            "emnist-digits-test-labels-idx1-ubyte",
        ),
        n_train=240_000,
        n_test=40_000,
        transposed=True,
        archive="https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
        inside="gzip/",
    ),
    "qmnist": Source(
        mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
        files=(
            "qmnist-train-images-idx3-ubyte",
            "qmnist-train-labels-idx2-int",
            "qmnist-test-images-idx3-ubyte",
            "qmnist-test-labels-idx2-int",
        ),
        n_test=60_000,
    ),
}  # fmt: skip


def cache_folder() -> Path:
    """Where data sets are kept: HANDWROUGHT_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_dir

    return Path(os.environ.get("HANDWROUGHT_CACHE") or user_cache_dir("handwrought"))


def load_downloaded(name: str) -> tuple[Pair, Pair, tuple[str, ...]]:
    """Training and test images and labels, and the names of the classes.

    Raises
    ------
    DownloadError
        If a file is not kept and no mirror gives it.
    DataError
        If a file is not what it should be.
    """
    source = SOURCES[name]
    arrays = []
    for i, file in enumerate(source.files):
        path = _find(name, source, file)
        array = read_idx(path)
        _verify(path, array, source.sha256[i] if source.sha256 else None)
        arrays.append(array)
    pairs = []
    for (images, labels), n in zip(
        (arrays[:2], arrays[2:]), (source.n_train, source.n_test), strict=True
    ):
        if labels.ndim == 2:  # QMNIST keeps the label in the first of several columns
            labels = labels[:, 0]
        if images.shape != (n, 28, 28) or labels.shape != (n,) or images.dtype != np.uint8:
            raise DataError(
                f"{name}: images have shape {images.shape} and labels {labels.shape}, expected "
                f"({n}, 28, 28) and ({n},): remove {cache_folder() / name} and fetch it again"
            )
        if source.transposed:
            images = images.transpose(0, 2, 1)
        pairs.append((np.ascontiguousarray(images), labels))
    return pairs[0], pairs[1], source.class_names


def _find(name: str, source: Source, file: str) -> Path:
    """The file, plain or gzipped, where it lies already, or fetched."""
    folder = cache_folder() / name
    places = (folder, folder / "unpacked" / source.inside, *map(Path, source.installed))
    for place in places:
        for candidate in (place / file, place / f"{file}.gz"):
            if candidate.is_file():
                return candidate
    import pooch

    failures = []
    for mirror in source.mirrors:
        try:
            fetched = pooch.retrieve(
                f"{mirror}{file}.gz", known_hash=None, fname=f"{file}.gz", path=folder
            )
            return Path(fetched)
        except Exception as error:  # pooch passes on whatever the transport raises
            failures.append(f"{mirror} ({type(error).__name__})")
    if source.archive:
        wanted = [f"{source.inside}{each}.gz" for each in source.files]
        try:
            check_regular(folder / f"{name}.zip")
            unpacked = pooch.retrieve(
                source.archive,
                known_hash=None,
                fname=f"{name}.zip",
                path=folder,
                processor=pooch.Unzip(members=wanted, extract_dir="unpacked"),
            )
            return next(Path(each) for each in unpacked if Path(each).name == f"{file}.gz")
        except Exception as error:  # as above; a member that is missing ends here, too
            failures.append(f"{source.archive} ({type(error).__name__})")
    tried = "; ".join(failures)
    raise DownloadError(
        f"{name} is not on this machine and cannot be fetched: {tried}. With a connection try "
        f"again, or put {file}.gz and its three companions in {folder}"
    )


def _verify(path: Path, array: Array, expected: str | None) -> None:
    found = hashlib.sha256(idx_bytes(array)).hexdigest()
    note = path.with_name(path.name + ".sha256")
    if expected is None and note.is_file():
        expected = read_regular(note, 100).decode("ascii", "replace").strip()
    if expected is None:
        if os.access(path.parent, os.W_OK):
            write_atomically(note, f"{found}\n".encode())
    elif found != expected:
        raise DataError(
            f"{path} has SHA-256 {found} when unpacked, expected {expected}: "
            f"remove it and fetch it again"
        )
