"""Pictures in a folder with one sub-folder per class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import DataError
from handwrought.storage.regular import open_regular

__all__ = ["load_image_folder"]

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MOST_PIXELS = 4_000_000
_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm"}


def load_image_folder(
    path: Path,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Images (n, height, width), labels (n,) and class names, from sub-folders in order of name.

    Sub-folders named by numbers come in the order of the numbers. Pictures are converted to grey
    and must all have the same size; ink is taken as it is, bright on black.

    Raises
    ------
    DataError
        If there is no sub-folder or picture, a picture is damaged, or one has another size.
    """
    from PIL import Image, UnidentifiedImageError

    folders = sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))
    if all(f.name.isdecimal() for f in folders):
        folders.sort(key=lambda f: int(f.name))
    arrays: list[NDArray[Any]] = []
    labels: list[int] = []
    first: Path | None = None
    for label, folder in enumerate(folders):
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() not in _ENDINGS:
                continue
            try:
                with open_regular(file) as opened, Image.open(opened, formats=_FORMATS) as image:
                    if image.size[0] * image.size[1] > _MOST_PIXELS:
                        raise DataError(
                            f"{file} is {image.size[0]:,} x {image.size[1]:,} pixels: no picture of "
                            f"a data set is so large; make it smaller"
                        )
                    grey = np.asarray(image.convert("L"))
            except DataError:
                raise
            except UnidentifiedImageError:
                raise DataError(
                    f"{file} is no picture: save it anew as PNG, or delete it"
                ) from None
            except Exception as error:  # a decoder passes on what its parts raise
                why = getattr(error, "strerror", None) or error
                raise DataError(f"{file} cannot be read as a picture ({why})") from None
            if first is not None and grey.shape != arrays[0].shape:
                raise DataError(
                    f"{file} is {grey.shape[1]} x {grey.shape[0]} pixels, {first} is "
                    f"{arrays[0].shape[1]} x {arrays[0].shape[0]}: bring all to the same size"
                )
            first = first or file
            arrays.append(grey)
            labels.append(label)
    if not arrays:
        raise DataError(f"{path} has no pictures in sub-folders: make one sub-folder per class")
    return np.stack(arrays), np.array(labels), tuple(folder.name for folder in folders)
