"""A run's own copies of what it is taught: ``source.safetensors``, the model that it begins with, and
``digits.npz``, the digits to learn and those held out; so that it goes on whatever becomes of either."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from handwrought.data.dataset import Split
from handwrought.errors import DataError
from handwrought.storage.regular import open_regular

__all__ = ["DIGITS", "SOURCE", "keep_copies", "read_digits"]

SOURCE: Final = "source.safetensors"
DIGITS: Final = "digits.npz"


def keep_copies(folder: Path, source: Path, own: Split, held_out: Split) -> None:
    """Put them into a run's folder."""
    shutil.copyfile(source, folder / SOURCE)
    np.savez(
        folder / DIGITS, own=own.images, own_labels=own.labels, held_out=held_out.images,
        held_out_labels=held_out.labels,
    )  # fmt: skip


def read_digits(path: Path) -> tuple[Split, Split]:
    """The digits to learn, and those held out.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    try:
        # NumPy leaves a file open that it opened and found damaged.
        with (
            open_regular(path, follow_links=False) as stream,
            np.load(stream, allow_pickle=False) as file,
        ):
            own = Split(file["own"], file["own_labels"], 10, "own digits")
            held_out = Split(file["held_out"], file["held_out_labels"], 10, "own, held out")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DataError(f"{path} is damaged: begin the fine-tuning anew") from None
    return own, held_out
