"""A page with boxes around its digits and what was read above them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from handwrought.errors import DataError
from handwrought.imaging.conversion import to_uint8
from handwrought.reading.pictures import Picture
from handwrought.reading.recognizer import Page, Reading, turned_box

__all__ = ["annotated", "file_format"]

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_READ, _REFUSED, _OTHER = (0, 98, 114), (190, 40, 20), (120, 120, 120)
_SMALLEST = 700
"""Pixels of a page's longer side so that its labels can be read."""


def file_format(path: Path) -> str:
    """How a picture of this name is written.

    Raises
    ------
    DataError
        If the name ends in no format that pictures are written in.
    """
    if path.suffix.lower() not in _FORMATS:
        raise DataError(f"--annotate {path}: end the name in .png or .jpg")
    return _FORMATS[path.suffix.lower()]


def annotated(picture: Picture, page: Page, path: Path) -> bytes:
    """The picture, as it was turned to be read, with boxes and readings, in the format that ``path``
    names.

    Digits blue-green, refused ones red with a question mark and the likeliest digit, what was taken
    for no digit grey.
    """
    from PIL import Image, ImageDraw

    kind = file_format(path)
    quarters = page.turned // 90
    pixels = to_uint8(np.rot90(picture.pixels, -quarters))
    image = Image.fromarray(pixels.squeeze(axis=2) if pixels.shape[2] == 1 else pixels)
    image = image.convert("RGB")
    larger = max(1, -(-_SMALLEST // max(image.size)))
    if larger > 1:
        image = image.resize(
            (image.width * larger, image.height * larger), Image.Resampling.NEAREST
        )
    draw = ImageDraw.Draw(image)
    height, width = picture.pixels.shape[:2]
    shape = round(height * picture.scale), round(width * picture.scale)

    def box_of(reading: Reading) -> tuple[float, ...] | None:
        if reading.box is None:
            return None
        turned = turned_box(reading.box, shape, quarters)
        return tuple(side * larger / picture.scale for side in turned)

    for reading in page.others:
        _draw(draw, box_of(reading), _OTHER, "")
    for reading in page.digits:
        label = f"{reading.digit}?" if reading.refused else reading.text
        _draw(draw, box_of(reading), _REFUSED if reading.refused else _READ, label)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _draw(
    draw: object, box: tuple[float, ...] | None, colour: tuple[int, int, int], label: str
) -> None:
    """A box, and its label on a patch of its colour, above it or else within its upper corner."""
    from PIL import ImageDraw, ImageFont

    assert isinstance(draw, ImageDraw.ImageDraw)
    if box is None:
        return
    x, y, width, height = box
    gap, line = max(2, height / 14), max(1, round(height / 40))
    left, top = x - gap, y - gap
    draw.rectangle((left, top, x + width + gap, y + height + gap), outline=colour, width=line)
    if not label:
        return
    size = min(48, max(12, round(0.35 * height)))
    font = ImageFont.load_default(size)
    wide = draw.textlength(label, font=font) + 0.5 * size
    top = max(0.0, top - 1.25 * size)
    draw.rectangle((left, top, left + wide, top + 1.25 * size), fill=colour)
    draw.text((left + wide / 2, top + 0.62 * size), label, fill="white", font=font, anchor="mm")
