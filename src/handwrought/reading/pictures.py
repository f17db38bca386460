"""Pictures of any kind as arrays: files, bytes, Pillow images, arrays of many shapes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from threading import Lock
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import DataError
from handwrought.imaging.sampling import resize
from handwrought.reading.pdf import is_pdf
from handwrought.storage.regular import read_piped, read_stream

__all__ = [
    "Picture",
    "count_pages",
    "open_pages",
    "open_picture",
    "picture",
    "picture_bytes",
    "without_warnings",
]

Array = NDArray[Any]

_MOST_PIXELS = 120_000_000
"""Beyond this a small file that unpacks to so much is taken for a bomb."""
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "DIB", "GIF", "PPM")
"""What is read; others would wake decoders that nobody asked for, Ghostscript among them."""
_MOST_BYTES = 150_000_000
_MOST_IN_FILE = 512 << 20
"""Bytes of a picture's file: 120 million pixels of three bytes, and more."""
_BYTES = {"1": 1, "L": 1, "P": 2, "I;16": 2, "I;16B": 2}
"""Memory of one pixel in Pillow's modes, 4 in the others; a palette takes time as if it were two."""
_MOST_PAGES = 1000
"""Of a TIFF; a small file can claim far more."""
_SIDE = 1400
"""Larger pictures are reduced to this many pixels a side before anything is looked for."""
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, upright, at the resolution it is worked on.

    Attributes
    ----------
    pixels : array of float32, shape (height, width, 1 or 3)
        0 black to 1 white.
    scale : float
        Pixels of the source to a pixel here: 1, or more where the source was larger.
    """

    pixels: Array
    scale: float = 1.0


def picture(source: Any, name: str | None = None) -> Array:
    """The pixels of :func:`open_picture`."""
    return open_picture(source, name).pixels


def open_picture(source: Any, name: str | None = None) -> Picture:
    """A picture of any kind, upright, its sides at most 1400 pixels.

    Parameters
    ----------
    source : path, bytes, binary file, PIL.Image.Image or array
        Arrays are (height, width), or with 1, 3 or 4 channels; uint8, uint16, bool, or floats from
        0 to 1 (or to 255).  The fourth channel is opacity.
    name : str, optional
        For messages.

    Raises
    ------
    DataError
        If it is no picture, is truncated, or would unpack to more than 120 million pixels.
    """
    from PIL import Image

    if isinstance(source, Picture):
        return source
    if isinstance(source, Image.Image):
        return _from_pillow(source, name or "the image")
    if isinstance(source, str | PathLike):
        name = name or str(source)
        source = io.BytesIO(picture_bytes(source, name))
    elif isinstance(source, bytes | bytearray):
        source = io.BytesIO(source)
    if hasattr(source, "read"):
        return _from_file(source, name or "the data")
    try:
        raw = np.asarray(source)
    except ValueError:
        raise DataError(f"{name or 'the image'} is ragged: give rows of equal length") from None
    return _from_array(raw, name or "the image")


@contextmanager
def without_warnings() -> Iterator[None]:
    """Nothing that Pillow warns of is shown inside.

    The filters of warnings are the whole program's: two threads that change them and put them back
    in turn could leave them changed, so it is one at a time.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def picture_bytes(source: str | PathLike[str] | BinaryIO, name: str) -> bytes:
    """The content of a picture's file, or what comes through a pipe or another stream.

    Raises
    ------
    DataError
        If it cannot be read, is a folder or a device, or goes on beyond what a picture has.
    """
    try:
        if isinstance(source, str | PathLike):
            return read_piped(source, _MOST_IN_FILE)
        return read_stream(source, _MOST_IN_FILE)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from None


def count_pages(content: bytes) -> int:
    """How many pages a picture file has: what a scanner puts into one TIFF; 1 for all others."""
    from PIL import Image

    n = 1
    try:
        with without_warnings():
            image = Image.open(io.BytesIO(content), formats=("TIFF",))
            while n < _MOST_PAGES:
                image.seek(n)
                n += 1
    except Exception:  # a decoder passes on what its parts raise
        pass  # that was the last, or no TIFF; what is wrong with it is told when it is opened
    return n


def open_pages(content: bytes, name: str) -> Iterator[tuple[str, Picture]]:
    """Each page of a picture file, with its name ("scan.tif, page 2"; of a single one, the file's).

    Raises
    ------
    DataError
        As :func:`open_picture` does; a damaged page after those before it.
    """
    n = count_pages(content)
    for i in range(n):
        where = name if n == 1 else f"{name}, page {i + 1}"
        yield where, _from_file(io.BytesIO(content), where, i)


def _from_file(file: IO[bytes], name: str, page: int = 0) -> Picture:
    size, image = _decoded(file, name, page)
    # Handed over, not held: a large picture goes as soon as there is a smaller one.
    handed = [image]
    del image
    found = _from_pillow(handed.pop(), name)
    return Picture(found.pixels, max(size) / max(found.pixels.shape[:2]))


def _decoded(file: IO[bytes], name: str, page: int) -> tuple[tuple[int, int], Any]:
    """Size in the file, and the picture, which may be a reduced one."""
    from PIL import Image, UnidentifiedImageError

    try:
        with without_warnings():  # Pillow's own limit is lower; ours is checked below
            image = Image.open(file, formats=_FORMATS)
            if page:
                image.seek(page)
            size = image.size
            _check_size(size, name)
            _check_memory(image, file.seek(0, io.SEEK_END), name)
            image.draft(None, (_SIDE, _SIDE))  # JPEG decodes large photographs at a fraction
            image.load()
    except UnidentifiedImageError:
        file.seek(0)
        if is_pdf(file.read(1024)):
            raise DataError(
                f"{name} is a PDF: `handwrought read` reads it, and handwrought.reading.pdf.pages "
                f"gives its pages as pictures"
            ) from None
        raise DataError(f"{name} is no picture: give PNG, JPEG, TIFF, WebP, BMP or GIF") from None
    except Image.DecompressionBombError:
        raise DataError(f"{name} unpacks to far more pixels than a picture has: refused") from None
    except DataError:
        raise
    except Exception as error:  # a decoder passes on what its parts raise: struct, zlib, an index
        raise DataError(f"{name} is damaged or cut short ({error}): save it anew") from None
    return size, image


def _check_memory(image: Any, n_bytes: int, name: str) -> None:
    """A small file may not take much memory."""
    each = _BYTES.get(image.mode, 4)
    if image.format == "WEBP":
        each = 12  # it is decoded whole, thrice over
    if image.format in ("JPEG", "MPO"):  # decoded at a fraction, but its coefficients may be kept
        each = 2 * len(image.getbands()) if image.info.get("progressive") else 1
    if image.size[0] * image.size[1] * each > _MOST_BYTES + 40 * max(0, n_bytes - 1_000_000):
        raise DataError(
            f"{name} is {image.size[0]:,} x {image.size[1]:,} pixels in {n_bytes:,} bytes: a "
            f"picture that unpacks to so much is refused; make it smaller"
        )


def _check_size(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > _MOST_PIXELS:
        raise DataError(
            f"{name} is {size[0]:,} x {size[1]:,} pixels: more than {_MOST_PIXELS:,} are refused; "
            f"make it smaller"
        )


def _from_pillow(image: Any, name: str) -> Picture:
    from PIL import Image

    _check_size(image.size, name)
    if not min(image.size):
        raise DataError(f"{name} has no pixels")
    longest = max(image.size)
    upright = _upright(image)
    if image.mode == "La":  # which Pillow turns into LA alone
        image = image.convert("LA")
    whole = image.mode.startswith("I")
    if whole or image.mode == "F":
        mode = "F" if longest > _SIDE else image.mode  # the one deep mode that is made smaller
    elif image.mode in ("LA", "PA", "RGBa", "RGBA") or "transparency" in image.info:
        mode = "RGBA"
    else:
        mode = "L" if image.mode in ("1", "L") else "RGB"
    try:
        image = _converted(image, mode)
    except Exception as error:  # a palette that is too short, found out only now
        raise DataError(f"{name} is damaged ({error}): save it anew") from None
    if max(image.size) > _SIDE:
        factor = _SIDE / max(image.size)
        size = tuple(max(1, round(side * factor)) for side in image.size)
        image = image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)
    pixels = np.asarray(image if upright is None else image.transpose(upright))
    if whole:
        pixels = np.rint(pixels).astype(np.int32)
    return Picture(_from_array(pixels, name).pixels, longest / max(pixels.shape[:2]))


def _converted(image: Any, mode: str) -> Any:
    """In another mode, and smaller where it is far too large: a band at a time, to save memory."""
    from PIL import Image

    factor = max(image.size) // _SIDE
    if factor < 2 or image.mode == mode != "RGBA":
        return image if image.mode == mode else image.convert(mode)
    width, height = image.size
    out = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, 64 * factor):
        band = image.crop((0, top, width, min(height, top + 64 * factor)))
        band.info = image.info
        out.paste(band.convert(mode).reduce(factor), (0, top // factor))
    return out


def _upright(image: Any) -> Any:
    """How to turn a photograph that was taken with the camera on its side."""
    from PIL import Image

    turn = Image.Transpose
    ways = {2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
            5: turn.TRANSPOSE, 6: turn.ROTATE_270, 7: turn.TRANSVERSE, 8: turn.ROTATE_90}  # fmt: skip
    try:
        return ways.get(image.getexif().get(0x0112))
    except Exception:
        return None  # the note about the camera is damaged, the picture need not be


def _from_array(raw: Array, name: str) -> Picture:
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
    else:
        # 16-bit scans often use a part of their range; floats come from 0 to 1 or to 255.
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 1:
            top = 255.0 if low >= 0 and high <= 255 and raw.dtype.kind == "f" else max(high, 1.0)
            bottom = min(low, 0.0)
            values = (values - bottom) / np.float32(top - bottom)
    if values.shape[2] == 4:
        values = _flattened(values)
    if values.shape[2] == 3 and (values[:, :, :1] == values[:, :, 1:]).all():
        values = values[:, :, :1]  # grey all the same, at a third of the work
    return _reduced(values)


def _reduced(values: Array) -> Picture:
    """No side longer than what is worked on."""
    height, width, channels = values.shape
    factor = _SIDE / max(height, width)
    if factor >= 1:
        return Picture(values)
    size = max(1, round(height * factor)), max(1, round(width * factor))
    parts = [resize(values[:, :, c], *size, "hamming") for c in range(channels)]
    return Picture(np.clip(np.stack(parts, axis=2), 0, 1), 1 / factor)


def _flattened(values: Array) -> Array:
    """Transparency laid on white, or on black where white would swallow the drawing."""
    colour, opacity = values[:, :, :3], values[:, :, 3:]
    if (opacity == 1).all():
        return np.ascontiguousarray(colour)
    visible = opacity[:, :, 0] > 0.5
    light = bool(visible.any()) and float(colour[visible].mean()) > 0.75
    mostly_clear = float(visible.mean()) < 0.7
    ground = 0 if light and mostly_clear else 1
    laid: Array = colour * opacity + ground * (1 - opacity)
    return laid
