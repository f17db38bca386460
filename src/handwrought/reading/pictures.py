"""Pictures of any kind as arrays: files, bytes, Pillow images, arrays of many shapes."""

from __future__ import annotations

import io
import warnings
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import DataError

__all__ = ["picture"]

Array = NDArray[Any]

_MOST_PIXELS = 200_000_000
"""Beyond this a small file that unpacks to so much is taken for a bomb."""
_SIDE = 2400
"""Larger pictures are reduced to this many pixels a side before anything is looked for."""


def picture(source: Any, name: str | None = None) -> Array:
    """The picture as floats, upright, (height, width, channels), 0 black to 1 white.

    Parameters
    ----------
    source : path, bytes, binary file, PIL.Image.Image or array
        Arrays are (height, width), or with 1, 3 or 4 channels; uint8, uint16, bool, or floats from
        0 to 1 (or to 255).  The fourth channel is opacity.
    name : str, optional
        For messages.

    Returns
    -------
    array of float32, shape (height, width, 1 or 3)

    Raises
    ------
    DataError
        If it is no picture, is truncated, or would unpack to more than 200 million pixels.
    """
    from PIL import Image

    if isinstance(source, Image.Image):
        return _from_pillow(source, name or "the image")
    if isinstance(source, str | PathLike):
        name = name or str(source)
        try:
            source = io.BytesIO(Path(source).read_bytes())
        except OSError as error:
            raise DataError(f"{name} cannot be read: {error.strerror}") from None
    elif isinstance(source, bytes | bytearray):
        source = io.BytesIO(source)
    if hasattr(source, "read"):
        return _from_file(source, name or "the data")
    return _from_array(np.asarray(source), name or "the image")


def _from_file(file: IO[bytes], name: str) -> Array:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit is lower; ours is checked below
            image = Image.open(file)
            _check_size(image.size, name)
            image.draft("RGB", (_SIDE, _SIDE))  # JPEG decodes large photographs at a fraction
            image.load()
    except UnidentifiedImageError:
        raise DataError(f"{name} is no picture: give PNG, JPEG, TIFF, WebP, BMP or GIF") from None
    except Image.DecompressionBombError:
        raise DataError(f"{name} unpacks to far more pixels than a picture has: refused") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise DataError(f"{name} is damaged or cut short ({error}): save it anew") from None
    return _from_pillow(image, name)


def _check_size(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > _MOST_PIXELS:
        raise DataError(
            f"{name} is {size[0]:,} x {size[1]:,} pixels: more than {_MOST_PIXELS:,} are refused; "
            f"make it smaller"
        )


def _from_pillow(image: Any, name: str) -> Array:
    from PIL import ImageOps

    _check_size(image.size, name)
    if not min(image.size):
        raise DataError(f"{name} has no pixels")
    image = ImageOps.exif_transpose(image)
    deep = image.mode in ("I", "F") or image.mode.startswith("I;16")
    if deep:
        return _from_array(np.asarray(image), name)
    if image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if max(image.size) > _SIDE:
        image.thumbnail((_SIDE, _SIDE), reducing_gap=2.0)
    return _from_array(np.asarray(image), name)


def _from_array(raw: Array, name: str) -> Array:
    if raw.dtype == object or raw.dtype.kind not in "fiub" or raw.ndim not in (2, 3):
        raise DataError(
            f"{name} has shape {raw.shape} and dtype {raw.dtype}: give (height, width) numbers, or "
            f"with 1, 3 or 4 channels"
        )
    if raw.ndim == 2:
        raw = raw[:, :, None]
    if not raw.size or raw.shape[2] not in (1, 3, 4):
        raise DataError(f"{name} has shape {raw.shape}: give 1, 3 or 4 channels and some pixels")
    values = raw.astype(np.float32)
    if not np.isfinite(values).all():
        raise DataError(f"{name} holds values that are not finite")
    if raw.dtype == np.uint8:
        values /= 255
    elif raw.dtype.kind != "b":
        # 16-bit scans often use a part of their range; floats come from 0 to 1 or to 255.
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 1:
            top = 255.0 if low >= 0 and high <= 255 and raw.dtype.kind == "f" else max(high, 1.0)
            bottom = min(low, 0.0)
            values = (values - bottom) / np.float32(top - bottom)
    return _flattened(values) if values.shape[2] == 4 else values


def _flattened(values: Array) -> Array:
    """Transparency laid on white, or on black where white would swallow the drawing."""
    colour, opacity = values[:, :, :3], values[:, :, 3:]
    if (opacity == 1).all():
        return np.ascontiguousarray(colour)
    visible = opacity[:, :, 0] > 0.5
    light = bool(visible.any()) and float(colour[visible].mean()) > 0.75
    mostly_clear = float(visible.mean()) < 0.7
    ground = 0 if light and mostly_clear else 1
    return np.asarray(colour * opacity + ground * (1 - opacity), np.float32)
