"""How large a picture may be, found out before it is unpacked."""

from __future__ import annotations

import io

from handwrought.errors import DataError

__all__ = ["FILE_PIXELS", "PAD_PIXELS", "check_pixels"]

FILE_PIXELS = 50_000_000
PAD_PIXELS = 4_000_000


def check_pixels(data: bytes, most: int = FILE_PIXELS) -> None:
    """Refuse a picture file that unpacks to more pixels than ``most``, before it is unpacked.

    Raises
    ------
    DataError
        If it does; what is no picture at all is left to the reader to refuse.
    """
    from PIL import Image, UnidentifiedImageError

    from handwrought.reading.pictures import without_warnings

    try:
        with without_warnings():
            width, height = Image.open(io.BytesIO(data)).size
    except Image.DecompressionBombError:
        raise DataError(f"the picture unpacks to more than {most:,} pixels: refused") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        return
    if width * height > most:
        raise DataError(
            f"the picture is {width:,} x {height:,}: more than {most:,} pixels are refused; "
            f"make it smaller"
        )
