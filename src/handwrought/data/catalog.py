"""Data sets by name, or from a path."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from handwrought.data.dataset import Dataset, Split
from handwrought.errors import DataError

__all__ = ["DOWNLOADABLE", "load_dataset"]

DOWNLOADABLE = ("fashion-mnist", "kmnist", "emnist-digits", "qmnist")


def load_dataset(name_or_path: str | PathLike[str] = "mnist") -> Dataset:
    """A data set with its splits.

    Parameters
    ----------
    name_or_path : str or path
        "mnist" (embedded), "fashion-mnist", "kmnist", "emnist-digits" or "qmnist" (downloaded
        once, checked and kept); or a path: a folder with IDX files named as MNIST's are, one IDX
        file of images beside one of labels, an ``.npz``, a ``.csv`` of ``label,pixel...``, or a
        folder with one sub-folder of pictures per class.

    Returns
    -------
    Dataset
        Validation is the last 10,000 training images of MNIST, the last sixth of other data; test
        is None where the path holds none.

    Raises
    ------
    DataError
        If a file is wrong, with its name, the place and the remedy.
    DownloadError
        If a data set is not there and cannot be fetched.
    """
    name = str(name_or_path)
    if name == "mnist":
        from handwrought.data.mnist import load_mnist

        return load_mnist()
    if name in DOWNLOADABLE:
        from handwrought.data.downloads import load_downloaded

        (images, labels), (test_images, test_labels), class_names = load_downloaded(name)
        n = len(class_names)
        return Dataset.with_held_out(
            name,
            Split(images, labels, n, f"{name} training"),
            Split(test_images, test_labels, n, f"{name} test"),
            class_names,
        )
    path = Path(name_or_path)
    if not path.exists():
        raise DataError(
            f"{name!r} is neither a data set's name (mnist, {', '.join(DOWNLOADABLE)}) "
            f"nor a file or folder that exists"
        )
    return _from_path(path)


def _from_path(path: Path) -> Dataset:
    test: tuple[np.ndarray, np.ndarray] | None = None
    class_names: tuple[str, ...] | None = None
    if path.is_dir() and any("-ubyte" in file.name for file in path.iterdir()):
        train, test = _idx_folder(path)
    elif path.is_dir():
        from handwrought.data.folders import load_image_folder

        halves = [path / "train", path / "test"]
        if halves[0].is_dir():
            images, labels, class_names = load_image_folder(halves[0])
            train = images, labels
            if halves[1].is_dir():
                test_images, test_labels, test_names = load_image_folder(halves[1])
                if test_names != class_names:
                    raise DataError(
                        f"{halves[1]} has the classes {', '.join(test_names)} but {halves[0]} has "
                        f"{', '.join(class_names)}: give both the same sub-folders"
                    )
                test = test_images, test_labels
        else:
            images, labels, class_names = load_image_folder(path)
            train = images, labels
        # Folders are read class by class: without this the last sixth would be the last class.
        order = np.random.default_rng(0).permutation(len(train[1]))
        train = train[0][order], train[1][order]
    elif path.suffix == ".npz":
        from handwrought.data.tables import load_npz

        train, test = load_npz(path)
    elif path.suffix == ".csv" or path.name.endswith(".csv.gz"):
        from handwrought.data.tables import load_csv

        train = load_csv(path)
    elif "idx" in path.name:
        train = _idx_pair(path)
    else:
        raise DataError(
            f"{path}: the name ends in none of .npz, .csv, .csv.gz, -ubyte, -ubyte.gz, and it is "
            f"no folder: these are the formats that can be read"
        )
    if class_names is None:
        most = max(int(part[1].max(initial=0)) for part in (train, test) if part is not None)
        class_names = tuple(map(str, range(most + 1)))
    n = len(class_names)
    return Dataset.with_held_out(
        path.name,
        Split(*train, n, f"{path} training"),
        None if test is None else Split(*test, n, f"{path} test"),
        class_names,
    )


def _idx_pair(images: Path) -> tuple[np.ndarray, np.ndarray]:
    """One file of images and the file of labels that lies beside it under the matching name."""
    from handwrought.data.idx import read_idx
    from handwrought.data.tables import class_labels

    stem = images.name.removesuffix(".gz").replace("labels", "images").replace("idx1", "idx3")
    folder = images.parent
    pair = []
    for base in (stem, stem.replace("images", "labels").replace("idx3", "idx1")):
        there = [folder / name for name in (base, base + ".gz") if (folder / name).exists()]
        if not there:
            raise DataError(f"{folder} has no {base} or {base}.gz: images and labels come in pairs")
        pair.append(read_idx(there[0]))
    if pair[0].ndim != 3 or pair[0].dtype != np.uint8 or pair[1].ndim != 1:
        raise DataError(
            f"{folder / stem}: images have shape {pair[0].shape} ({pair[0].dtype}) and labels "
            f"{pair[1].shape}: expected uint8 images (n, height, width) and labels (n,)"
        )
    return pair[0], class_labels(pair[1], str(there[0]))


def _idx_folder(
    folder: Path,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None]:
    def images_of(prefix: str) -> Path | None:
        found = [
            file
            for mark in ("-", ".")
            for file in sorted(folder.glob(f"*{prefix}*images{mark}idx3-ubyte*"))
        ]
        return found[0] if found else None

    train = images_of("train")
    if train is None:
        raise DataError(
            f"{folder} has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz: "
            f"put the four files of the data set there under their own names"
        )
    test = images_of("t10k") or images_of("test")
    return _idx_pair(train), None if test is None else _idx_pair(test)
