"""One digit as a file: 28 x 28 grey pixels in a PNG, named by what it shows."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import DataError
from handwrought.storage.regular import open_regular

__all__ = ["SIDE", "as_png", "checked", "key_of", "read_png"]

Array = NDArray[Any]

SIDE = 28
_NAME = 20
"""Hexadecimal digits of the SHA-256 in a file's name."""


def checked(pixels: Array) -> Array:
    """The pixels, if they are a digit's: uint8 (28, 28) with some ink; otherwise a DataError."""
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.shape != (SIDE, SIDE):
        raise DataError(
            f"a digit to keep has shape {pixels.shape} and dtype {pixels.dtype}: give uint8 "
            f"(28, 28), ink bright on black, such as a reading's .normalized"
        )
    if not pixels.any():
        raise DataError("a digit to keep is all black: there is no ink in it")
    return pixels


def key_of(pixels: Array) -> str:
    """How the SHA-256 of the pixels begins: the name of their file."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:_NAME]


def as_png(pixels: Array) -> bytes:
    """The bytes of the file."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def read_png(path: Path) -> Array:
    """The pixels of a file; a DataError names one that is damaged, of another size, or reversed."""
    from PIL import Image, UnidentifiedImageError

    remedy = "delete it, and collect it anew with handwrought collect"
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
            if image.size != (SIDE, SIDE):
                raise DataError(
                    f"{path} is {image.size[0]} x {image.size[1]} pixels, and a collection holds "
                    f"28 x 28: {remedy}"
                )
            pixels = np.array(image.convert("L"))
    except UnidentifiedImageError:
        raise DataError(f"{path} is no picture: {remedy}") from None
    except DataError:
        raise
    except Exception as error:  # a decoder passes on what its parts raise: struct, zlib, an index
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path} is damaged ({why}): {remedy}") from None
    if not pixels.any():
        raise DataError(f"{path} is all black: {remedy}")
    if np.median(pixels) > 127:
        raise DataError(f"{path} is dark ink on white, and a collection is the reverse: {remedy}")
    return pixels
